//! The thread that waits for clocks and sockets on behalf of all targets.
//!
//! A runtime of its own: a scrape then wakes one thread, not one of several in turn, which costs more than the fetch
//! itself; and a busy API cannot make scrapes late.

use std::io;
use std::thread::{Builder, JoinHandle};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The thread; it ends when this is dropped, whatever still runs on it.
pub(crate) struct ScrapeThread {
    handle: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ScrapeThread {
    /// Starts it.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().thread_name("scrape-page").build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = Builder::new().name("scrape".to_owned()).spawn(move || {
            // Either way, sent or dropped, it is the end.
            let _ = runtime.block_on(ended);
        })?;
        Ok(ScrapeThread { handle, end: Some(end), thread: Some(thread) })
    }

    /// Where tasks are spawned.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for ScrapeThread {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked: tasks are caught by the runtime.
            let _ = thread.join();
        }
    }
}
