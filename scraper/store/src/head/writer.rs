//! The one thread that writes, as seen from outside: it is started, asked to commit, and ended.

use super::run::Run;
use super::{Committer, Shared};
use crate::database::Pool;
use crate::folder::Folder;
use crate::{Error, Options};
use parking_lot::Mutex;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The writer thread.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(
        shared: Arc<Shared>,
        committer: Committer,
        pool: Arc<Pool>,
        folder: Arc<Folder>,
        options: Options,
    ) -> std::io::Result<Writer> {
        let run = Run::new(shared.clone(), committer, pool, folder, options);
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || run.run())?;
        Ok(Writer { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Waits until everything that was appended before is committed.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let mut queue = self.shared.queue.lock();
        let last = queue.want_all();
        let failed_before = queue.counters.failed_commits;
        self.shared.work.notify_one();
        while queue.committed() < last {
            if queue.is_closed() {
                return Err(Error::Closed);
            }
            if queue.counters.failed_commits != failed_before {
                return Err(Error::Commit(queue.failure.clone().unwrap_or_else(|| "the commit failed".to_owned())));
            }
            self.shared.settled.wait(&mut queue);
        }
        Ok(())
    }

    /// Commits what waits, ends the thread, and says what could not be committed. Once is enough.
    pub(crate) fn close(&self) -> Result<(), Error> {
        let Some(thread) = self.thread.lock().take() else { return Ok(()) };
        self.shared.queue.lock().close();
        self.shared.work.notify_one();
        let ended = thread.join();
        let queue = self.shared.queue.lock();
        match (&queue.failure, ended) {
            (None, Ok(())) => Ok(()),
            (Some(failure), _) => Err(Error::Commit(failure.clone())),
            (None, Err(_)) => Err(Error::Commit("the writer thread panicked".to_owned())),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the store was dropped with samples that are not committed");
        }
    }
}
