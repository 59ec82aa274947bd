//! What the writer thread does: it waits until a commit is due or asked for, keeps what it could not commit, writes the
//! log into the table when it has grown, deletes what is too old, and opens the database again when DuckDB has given it up.

use super::retention::{next_cut, now_ms, share_over};
use super::{Committer, Shared};
use crate::Options;
use crate::database::{self, Pool};
use crate::folder::{Folder, disk_bytes, free_bytes};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause between two tries of a commit that fails.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The pause after a checkpoint that failed. Until then the log grows, which is harmless: only the next start takes longer.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(60);

/// The state of the thread.
pub(super) struct Run {
    shared: Arc<Shared>,
    committer: Committer,
    pool: Arc<Pool>,
    folder: Arc<Folder>,
    options: Options,
    backoff: Duration,
    /// After a failed commit, not before.
    retry_at: Option<Instant>,
    /// After a failed checkpoint, not before.
    checkpoint_at: Option<Instant>,
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        committer: Committer,
        pool: Arc<Pool>,
        folder: Arc<Folder>,
        options: Options,
    ) -> Run {
        let (backoff, retry_at, checkpoint_at) = (Duration::ZERO, None, None);
        Run { shared, committer, pool, folder, options, backoff, retry_at, checkpoint_at }
    }

    pub(super) fn run(mut self) {
        let _ended = Ended(self.shared.clone());
        while self.wait() {
            self.commit();
            self.delete_what_is_too_old();
            self.checkpoint_when_grown();
            // One more try is all that closing allows: who closes must not wait for a disk that stays full.
            if self.retry_at.is_some() && self.shared.queue.lock().is_closing() {
                break;
            }
        }
        if let Err(error) = self.checkpoint() {
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
            match queue.due(self.options.commit_interval) {
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
        let result = self
            .room(0)
            .and_then(|()| self.connect())
            .and_then(|()| self.committer.commit(&batches, &self.shared.series));
        let took = begun.elapsed();

        if let Err(failure) = &result {
            self.reopen_after(failure);
        }
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
                let first = self.options.commit_interval.min(BACKOFF_MAX);
                self.backoff = (self.backoff * 2).clamp(first, BACKOFF_MAX);
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

    /// One slice at a time: whoever waits for a commit waits for no more than that.
    fn delete_what_is_too_old(&mut self) {
        let Some(retention) = self.options.retention else { return };
        let all = self.shared.queue.lock().times.all();
        // Deleting writes to the log, too: not while that fails.
        if let Some(cut_ms) = next_cut(all.first_ms, all.last_ms, now_ms(), retention)
            && self.retry_at.is_none()
            && self.room(0).is_ok()
        {
            let result = self.delete_before(cut_ms);
            self.warn_of(result, "samples older than the retention could not be deleted");
        }
    }

    /// After a checkpoint, which alone makes the table larger or smaller.
    fn delete_what_is_too_much(&mut self) {
        let Some(limit) = self.options.retention_bytes else { return };
        let result = self.committer.used_bytes().and_then(|used| {
            let Some(share) = share_over(used, limit) else { return Ok(()) };
            let Some(cut_ms) = self.committer.oldest_share(share)? else { return Ok(()) };
            tracing::info!(used_bytes = used, limit_bytes = limit, "deleting the oldest samples");
            // At least the oldest moment, where all are of few.
            self.delete_before(cut_ms.saturating_add(1))?;
            self.checkpoint()
        });
        self.warn_of(result, "the oldest samples could not be deleted to keep the limit of size");
    }

    fn delete_before(&mut self, cut_ms: i64) -> Result<(), String> {
        let (deleted, oldest_ms) = self.committer.delete_before(cut_ms)?;
        self.shared.queue.lock().cut(cut_ms, oldest_ms, deleted);
        Ok(())
    }

    fn warn_of(&mut self, result: Result<(), String>, what: &str) {
        if let Err(failure) = result {
            tracing::warn!(error = failure, "{what}");
            self.reopen_after(&failure);
        }
    }

    fn checkpoint_when_grown(&mut self) {
        let log = disk_bytes(&[self.folder.log()]);
        let paused = self.checkpoint_at.is_some_and(|at| Instant::now() < at);
        if log < self.options.checkpoint_bytes || paused || !self.committer.is_connected() {
            return;
        }
        // The table grows by less than the log holds, before the log is emptied.
        let result = self.room(log).and_then(|()| self.checkpoint());
        self.checkpoint_at = result.is_err().then(|| Instant::now() + CHECKPOINT_PAUSE);
        if let Err(error) = result {
            tracing::warn!(error, log_bytes = log, "the log could not be written into the table, it goes on growing");
        } else {
            self.delete_what_is_too_much();
        }
    }

    fn checkpoint(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        let result = self.committer.checkpoint();
        if let Err(failure) = &result {
            self.reopen_after(failure);
        }
        self.shared.queue.lock().checkpoint_ended(begun.elapsed());
        result
    }

    /// Opens the database again where the failure was one of those that need it.
    fn reopen_after(&mut self, failure: &str) {
        if database::is_fatal(failure) {
            tracing::warn!(error = failure, "the database is opened again");
            self.committer.disconnect();
            // Where this fails, the next commit tries again; until then queries are told so.
            if let Err(error) = self.connect() {
                tracing::error!(error, "the database could not be opened again");
            }
        }
    }

    fn connect(&mut self) -> Result<(), String> {
        if !self.committer.is_connected() {
            let open = || database::open(&self.folder, &self.options);
            self.committer.connect(self.pool.reopen(open).map_err(|error| error.to_string())?);
        }
        Ok(())
    }

    /// Refuses to fill the last of the disk: DuckDB needs room for its log to recover, and so do others.
    fn room(&self, wanted: u64) -> Result<(), String> {
        let free = free_bytes(self.folder.path()).unwrap_or(u64::MAX);
        let floor = self.options.min_free_bytes.saturating_add(wanted);
        if free >= floor {
            return Ok(());
        }
        Err(format!(
            "the disk of {} is full: {} MiB are free and {} MiB must stay free",
            self.folder.path().display(),
            free >> 20,
            floor >> 20
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
