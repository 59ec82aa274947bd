//! The one thread that writes. It waits until a commit is due or asked for, and keeps what it could not commit.

use super::{Committer, Shared};
use crate::folder::free_bytes;
use crate::{Error, Options};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest pause between two tries of a commit that fails.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The writer thread as seen from outside.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(
        shared: Arc<Shared>,
        committer: Committer,
        folder: PathBuf,
        options: &Options,
    ) -> std::io::Result<Writer> {
        let run = Run {
            shared: shared.clone(),
            committer,
            folder,
            interval: options.commit_interval,
            min_free_bytes: options.min_free_bytes,
            backoff: Duration::ZERO,
            retry_at: None,
        };
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

struct Run {
    shared: Arc<Shared>,
    committer: Committer,
    folder: PathBuf,
    interval: Duration,
    min_free_bytes: u64,
    backoff: Duration,
    /// After a failed commit, not before.
    retry_at: Option<Instant>,
}

impl Run {
    fn run(mut self) {
        let _ended = Ended(self.shared.clone());
        while self.wait() {
            self.commit();
            // One more try is all that closing allows: who closes must not wait for a disk that stays full.
            if self.retry_at.is_some() && self.shared.queue.lock().is_closing() {
                break;
            }
        }
        if let Err(error) = self.committer.checkpoint() {
            // Nothing is lost: the next start replays the log.
            tracing::warn!(error, "the last checkpoint failed");
        }
    }

    /// Returns when there is something to commit now, false when there never will be.
    fn wait(&self) -> bool {
        let mut queue = self.shared.queue.lock();
        loop {
            if queue.is_urgent() {
                return true;
            }
            match queue.due(self.interval) {
                None if queue.is_closing() => return false,
                None => self.shared.work.wait(&mut queue),
                Some(due) => {
                    let due = self.retry_at.map_or(due, |retry| due.max(retry));
                    if due <= Instant::now() || self.shared.work.wait_until(&mut queue, due).timed_out() {
                        return true;
                    }
                }
            }
        }
    }

    fn commit(&mut self) {
        let batches = self.shared.queue.lock().pending();
        let Some(last) = batches.last().map(|p| p.number) else { return };
        let begun = Instant::now();
        let result = self.room().and_then(|()| self.committer.commit(&batches, &self.shared.series));
        let took = begun.elapsed();
        // Freed here, not under the lock.
        let mut queue = self.shared.queue.lock();
        match result {
            Ok(()) => {
                if self.retry_at.take().is_some() {
                    tracing::info!(samples = queue.pending_samples(), "samples are committed again");
                }
                self.backoff = Duration::ZERO;
                queue.commit_succeeded(last, took);
            }
            Err(failure) => {
                self.backoff = (self.backoff * 2).clamp(self.interval.min(BACKOFF_MAX), BACKOFF_MAX);
                self.retry_at = Some(Instant::now() + self.backoff);
                tracing::error!(
                    error = failure,
                    waiting_samples = queue.pending_samples(),
                    retry_in = ?self.backoff,
                    "samples could not be committed, they are kept and tried again"
                );
                queue.commit_failed(failure, took);
            }
        }
        drop(queue);
        self.shared.settled.notify_all();
    }

    /// Refuses to fill the last of the disk: DuckDB needs room for its log to recover, and so do others.
    fn room(&self) -> Result<(), String> {
        let free = free_bytes(&self.folder).unwrap_or(u64::MAX);
        if free >= self.min_free_bytes {
            return Ok(());
        }
        Err(format!(
            "the disk of {} is full: {} MiB are free and {} MiB must stay free",
            self.folder.display(),
            free >> 20,
            self.min_free_bytes >> 20
        ))
    }
}

/// Tells everybody who waits that the thread has ended, also when it panics.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.queue.lock().writer_ended();
        self.0.settled.notify_all();
    }
}
