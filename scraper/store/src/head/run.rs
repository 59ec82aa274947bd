//! What the writer thread does: it waits until a commit is due or asked for, keeps what it could not commit, writes the
//! log into the table when it has grown, deletes what is too old, and opens the database again when DuckDB has given it up.

use super::commit::TableRows;
use super::forget::take_portion;
use super::retention::{next_cut, now_ms, oldest_kept_ms, share_over};
use super::{Committer, Shared, Span};
use crate::Options;
use crate::blocks::views_sql;
use crate::database::{self, Pool};
use crate::exemplars;
use crate::families;
use crate::folder::{Folder, disk_bytes, free_bytes};
use crate::recent::{self, Recent};
use crate::rollup;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause between two tries of a commit that fails.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The same where the disk is full: to look whether it still is costs next to nothing.
const FULL_PAUSE_MAX: Duration = Duration::from_secs(3);

/// The pause after a checkpoint that failed. Until then the log grows, which is harmless: only the next start takes longer.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(60);

/// The pause after what the sealer asked for has failed.
const SERVE_PAUSE: Duration = Duration::from_secs(5);

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
    /// What the hot table holds, and the first moment of the closed one.
    hot: TableRows,
    closed: Span,
    /// After a failure, what the sealer asks for is not done before.
    asks_at: Option<Instant>,
    /// Which of the chores is the next.
    next_chore: usize,
    /// Series that were forgotten and still have their row.
    forgotten: Vec<u32>,
    /// The mark of the pool at which rows were dropped. Until everybody who may still read them is done, their place in
    /// the file must not be given to others, which only a checkpoint does.
    dropped: u64,
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        committer: Committer,
        pool: Arc<Pool>,
        folder: Arc<Folder>,
        options: Options,
    ) -> Run {
        // Where this fails the next commit says why; until then there is nothing to seal.
        let none = TableRows { rows: 0, span: Span::NONE };
        let (hot, closed) = committer.table_rows().unwrap_or((none, none));
        Run {
            shared,
            committer,
            pool,
            folder,
            options,
            backoff: Duration::ZERO,
            retry_at: None,
            checkpoint_at: None,
            hot,
            closed: closed.span,
            asks_at: None,
            next_chore: 0,
            forgotten: Vec::new(),
            dropped: 0,
        }
    }

    pub(super) fn run(mut self) {
        let _ended = Ended(self.shared.clone());
        while self.wait() {
            // First, since whoever waits for a commit is told after it.
            self.write_exemplars();
            self.write_families();
            self.commit();
            self.do_chores();
            // One more try is all that closing allows: who closes must not wait for a disk that stays full.
            if self.retry_at.is_some() && self.shared.queue.lock().is_closing() {
                break;
            }
        }
        self.write_exemplars();
        self.write_families();
        if !self.pool.has_drained(self.dropped) {
            tracing::info!("no last checkpoint, since a query still runs; the next start replays the log");
        } else if let Err(error) = self.checkpoint() {
            // Nothing is lost: the next start replays the log.
            tracing::warn!(error, "the last checkpoint failed");
        } else {
            self.shrink();
        }
    }

    /// What is to be done beside commits. Where somebody waits for a commit by now, the rest is done after it.
    fn do_chores(&mut self) {
        let chores: [fn(&mut Run); _] =
            [Run::serve_sealer, Run::delete_forgotten, Run::delete_what_is_too_old, Run::checkpoint_when_grown];
        let first = self.next_chore;
        self.next_chore = take_turns(first, &chores, |chore| {
            chore(self);
            self.shared.queue.lock().is_urgent()
        });
    }

    /// Returns when there is something to commit now, false when there never will be.
    fn wait(&self) -> bool {
        let mut queue = self.shared.queue.lock();
        loop {
            if queue.is_urgent() {
                return true;
            }
            let due = queue.due(self.options.commit_interval);
            if due.is_none() && queue.is_closing() {
                return false;
            }
            let due = due.map(|due| self.retry_at.map_or(due, |retry| due.max(retry)));
            let asked = queue.sealing.asks_writer().then(|| match self.asks_at {
                Some(at) if !queue.sealing.hurried => at,
                _ => Instant::now(),
            });
            match due.into_iter().chain(asked).min() {
                None => self.shared.work.wait(&mut queue),
                Some(due) => {
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
        let room = self.room(0);
        let is_full = room.is_err();
        let result =
            room.and_then(|()| self.connect()).and_then(|()| self.committer.commit(&batches, &self.shared.series));
        let took = begun.elapsed();

        if let Err(failure) = &result {
            self.reopen_after(failure);
        }
        let mut queue = self.shared.queue.lock();
        match result {
            Ok(()) => {
                if self.retry_at.take().is_some() {
                    tracing::info!(samples = queue.pending_samples(), "samples are committed again");
                    // Most often a disk that was full has room: what was put off for that need not wait, either.
                    self.checkpoint_at = None;
                    queue.sealing.hurry();
                    self.shared.to_seal.notify_all();
                }
                self.backoff = Duration::ZERO;
                for pending in &batches {
                    self.hot.add(&pending.batch.timestamps_ms);
                }
                queue.commit_succeeded(last, took);
                drop(queue);
                self.keep_recent();
            }
            Err(failure) => {
                let pause_max = if is_full { FULL_PAUSE_MAX } else { BACKOFF_MAX };
                let first = self.options.commit_interval.min(pause_max);
                self.backoff = (self.backoff * 2).clamp(first, pause_max);
                let again = self.retry_at.replace(Instant::now() + self.backoff).is_some();
                if !(again && is_full) {
                    tracing::error!(
                        error = failure,
                        waiting_samples = queue.pending_samples(),
                        retry_in = ?self.backoff,
                        "samples could not be committed, they are kept and tried again"
                    );
                }
                queue.commit_failed(failure, took);
            }
        }
        self.shared.settled.notify_all();
    }

    /// Moves what is committed from what waits to the recent samples, a batch at a time: a query sees each in one of them.
    fn keep_recent(&self) {
        loop {
            let mut recent = self.shared.recent.write();
            let series = self.shared.series.read();
            let Some(done) = self.shared.queue.lock().pop_committed() else { return };
            recent.add(&done.batch, &series);
        }
    }

    /// Writes the exemplars that wait. They cause no commit: where there are any, samples come with them.
    fn write_exemplars(&mut self) {
        let cut_ms = oldest_kept_ms(self.shared.queue.lock().newest_ms(), self.shared.keep.read().longest());
        let Some(change) = self.shared.exemplars.lock().take_change(cut_ms) else { return };
        let result = self
            .room(0)
            .and_then(|()| self.connect())
            .and_then(|()| exemplars::write(self.committer.connection()?, &change));
        self.shared.exemplars.lock().was_written(&change, result.is_ok());
        self.warn_of(result, "exemplars could not be written, they are kept and tried again");
    }

    /// The same with descriptions of families.
    fn write_families(&mut self) {
        let Some(change) = self.shared.families.lock().take_change() else { return };
        let result = self
            .room(0)
            .and_then(|()| self.connect())
            .and_then(|()| families::write(self.committer.connection()?, &change));
        self.shared.families.lock().was_written(result.is_ok());
        self.warn_of(result, "descriptions of metrics could not be written, they are kept and tried again");
    }

    /// One slice at a time: whoever waits for a commit waits for no more than that.
    fn delete_what_is_too_old(&mut self) {
        let Some(retention) = self.shared.keep.read().longest() else { return };
        let newest_ms = self.shared.queue.lock().newest_ms();
        // Deleting writes to the log, too: not while that fails.
        if let Some(cut_ms) = next_cut(self.hot.span.first_ms, newest_ms, now_ms(), retention)
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
        self.hot.rows = self.hot.rows.saturating_sub(deleted);
        self.hot.span.first_ms = oldest_ms.unwrap_or(i64::MAX);
        self.shared.recent.write().cut(cut_ms);
        let mut queue = self.shared.queue.lock();
        queue.cut(cut_ms, self.oldest_ms(), deleted);
        queue.cut_hot(self.hot.span.first_ms);
        Ok(())
    }

    /// The first moment that is committed anywhere.
    fn oldest_ms(&self) -> Option<i64> {
        let blocks = self.shared.blocks.list();
        let in_blocks = blocks.blocks.iter().map(|b| b.meta.first_ms);
        in_blocks.chain([self.hot.span.first_ms, self.closed.first_ms]).min().filter(|&first| first < i64::MAX)
    }

    /// Closes the hot table when it is full, and does in the database what the sealer asks for.
    fn serve_sealer(&mut self) {
        let now = Instant::now();
        let (close, hurried) = {
            let mut queue = self.shared.queue.lock();
            let full = self.is_full() && !queue.sealing.is_closed() && self.retry_at.is_none();
            if queue.is_closing() || queue.sealing.ending || !(full || queue.sealing.asks_writer()) {
                return;
            }
            (full || queue.sealing.wants_close(), std::mem::take(&mut queue.sealing.hurried))
        };
        if !hurried && self.asks_at.is_some_and(|at| now < at) {
            return;
        }
        let result = self.serve(close);
        self.asks_at = result.is_err().then(|| now + SERVE_PAUSE);
        if let Err(failure) = &result {
            self.shared.queue.lock().sealing.failed(failure.clone());
            self.shared.settled.notify_all();
        }
        self.warn_of(result, "the hot database could not be closed or told of sealed blocks, it is tried again");
    }

    fn serve(&mut self, close: bool) -> Result<(), String> {
        let (record, views) = {
            let sealing = &self.shared.queue.lock().sealing;
            (sealing.record, sealing.views)
        };
        if record.is_some() || views {
            self.room_for_little()?;
            self.connect()?;
            let list = self.shared.blocks.list();
            let sql = views_sql(&list.blocks) + &rollup::views_sql(&self.shared.rollups.lists());
            // A commit that seemed to fail may have gone through: what is closed now may be other rows already.
            let closing = self.committer.sealed_and_closing()?.1;
            if record.is_some_and(|number| number == closing) {
                self.committer.record(list.sealed, &sql)?;
                self.dropped = self.pool.mark();
                self.closed = Span::NONE;
            } else {
                self.committer.rewrite_views(&sql)?;
            }
            if record.is_some() {
                self.forgotten.extend(self.shared.forget_series());
            }
            let mut queue = self.shared.queue.lock();
            queue.sealing.record = None;
            queue.sealing.views = false;
            queue.cut(i64::MAX, self.oldest_ms(), 0);
            self.shared.to_seal.notify_all();
            drop(queue);
            self.committer.give_memory_back(self.options.memory_limit_bytes)?;
        }
        if close {
            self.room(0)?;
            self.connect()?;
            if self.retry_at.is_some() {
                // Which rows are closed would be in doubt, as the last commit is.
                return Err("the last commit failed".to_owned());
            }
            self.close_table()?;
        }
        Ok(())
    }

    /// Deletes rows of series that are forgotten: some after each commit, which must not wait for all of them. Those that are
    /// left at the end, the next start deletes.
    fn delete_forgotten(&mut self) {
        if self.forgotten.is_empty() || self.retry_at.is_some() {
            return;
        }
        let portion = take_portion(&mut self.forgotten);
        let result =
            self.room_for_little().and_then(|()| self.connect()).and_then(|()| self.committer.forget_series(&portion));
        if result.is_err() {
            self.forgotten.extend(&portion);
        }
        self.warn_of(result, "rows of series that have ended could not be deleted, it is tried again");
    }

    fn close_table(&mut self) -> Result<(), String> {
        if self.hot.rows > 0 {
            let was_closed = self.committer.sealed_and_closing()?.1 != 0;
            if !was_closed {
                self.shared.close_table();
                self.committer.rotate(self.shared.blocks.take_number())?;
                self.shared.recent.write().close();
            } else if self.shared.recent.read().closed().is_none() {
                // A try that seemed to fail went through, and more was committed since: which is where, the tables know.
                let recent = {
                    let (connection, series) = (self.committer.connection()?, self.shared.series.read());
                    let table = |name| recent::load(connection, name, &series).map_err(|error| error.to_string());
                    Recent::new(table("head_runs")?, table("head_closed_runs")?)
                };
                *self.shared.recent.write() = recent;
            }
            let (hot, closed) = self.committer.table_rows()?;
            (self.hot, self.closed) = (hot, closed.span);
        }
        let number = self.committer.sealed_and_closing()?.1;
        let mut queue = self.shared.queue.lock();
        let sealing = &mut queue.sealing;
        sealing.job = (number > 0).then_some(number);
        sealing.upkeep = true;
        sealing.closed = sealing.wanted;
        self.shared.to_seal.notify_all();
        Ok(())
    }

    fn is_full(&self) -> bool {
        let (rows, limit) = (self.hot.rows, self.options.seal_samples.max(1));
        let after_ms = i64::try_from(self.options.seal_after.as_millis()).unwrap_or(i64::MAX);
        let long = self.hot.span.last_ms.saturating_sub(self.hot.span.first_ms) >= after_ms;
        rows >= limit || (rows > 0 && long && rows >= limit / 64)
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
        let read = !self.pool.has_drained(self.dropped);
        if log < self.options.checkpoint_bytes || paused || read || !self.committer.is_connected() {
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

    /// After the last checkpoint: gives back what the database needed when it was fuller.
    fn shrink(&self) {
        let begun = Instant::now();
        match self.committer.connection().and_then(|connection| database::shrink(connection, &self.folder)) {
            Ok(false) => {}
            Ok(true) => tracing::debug!(took = ?begun.elapsed(), "the database was copied into a smaller file"),
            Err(error) => tracing::warn!(error, "the database could not be copied into a smaller file"),
        }
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
        self.room_above(self.options.min_free_bytes.saturating_add(wanted))
    }

    /// The same for a few kilobytes after which rows or files can go: these may take some of what must stay free.
    fn room_for_little(&self) -> Result<(), String> {
        self.room_above(self.options.min_free_bytes / 4)
    }

    fn room_above(&self, floor: u64) -> Result<(), String> {
        let free = free_bytes(self.folder.path()).unwrap_or(u64::MAX);
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

/// Does each of the chores, from the first of these on, until all are done or `each` says that the others must wait. Returns
/// which is the next: so that each has its turn also where somebody waits all the time.
fn take_turns<T>(first: usize, chores: &[T], mut each: impl FnMut(&T) -> bool) -> usize {
    let order = (first..chores.len()).chain(0..first);
    for at in order {
        if each(&chores[at]) {
            return (at + 1) % chores.len();
        }
    }
    first
}

/// Tells everybody who waits that the thread has ended, also when it panics.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.queue.lock().writer_ended();
        self.0.settled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_more_than_one_chore() {
        let mut done = Vec::new();
        let mut do_them = |first, waits: &dyn Fn(&char) -> bool| {
            let next = take_turns(first, &['a', 'b', 'c'], |chore| {
                done.push(*chore);
                waits(chore)
            });
            (next, std::mem::take(&mut done).into_iter().collect::<String>())
        };
        assert_eq!(do_them(0, &|_| false), (0, "abc".to_owned()));
        assert_eq!(do_them(2, &|_| false), (2, "cab".to_owned()));
        assert_eq!(do_them(1, &|_| true), (2, "b".to_owned()));
        assert_eq!(do_them(2, &|_| true), (0, "c".to_owned()));
        assert_eq!(do_them(2, &|chore| *chore == 'a'), (1, "ca".to_owned()));
    }
}
