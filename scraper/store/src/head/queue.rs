//! The batches that wait for their commit, in the order in which they came.

use super::{Sealing, Times};
use crate::{Appended, Batch, Error};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A batch that waits. Its number is its place in the history of the database: the first one ever is 1.
pub(crate) struct Pending {
    pub(crate) number: u64,
    pub(crate) batch: Batch,
    since: Instant,
}

/// What the writer thread did, and what was refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) committed_samples: u64,
    pub(crate) told: AppendedTotal,
    pub(crate) refused_batches: u64,
    pub(crate) commits: u64,
    pub(crate) failed_commits: u64,
    pub(crate) commit_time: Duration,
    pub(crate) commit_time_max: Duration,
    pub(crate) deleted_samples: u64,
    pub(crate) checkpoints: u64,
    pub(crate) checkpoint_time: Duration,
}

/// [`Appended`], summed up.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppendedTotal {
    pub(crate) out_of_order: u64,
    pub(crate) duplicates: u64,
    pub(crate) out_of_bounds: u64,
}

/// Pending batches, what is known of each series' times, and what was asked of the writer.
pub(crate) struct Queue {
    pub(crate) times: Times,
    pub(crate) counters: Counters,
    pub(crate) sealing: Sealing,
    /// Why the last commit failed; `None` once one succeeded.
    pub(crate) failure: Option<String>,
    pending: VecDeque<Arc<Pending>>,
    pending_samples: usize,
    limit: usize,
    /// The number of the last batch that was appended, and of the last that was committed.
    appended: u64,
    committed: u64,
    /// The newest moment of what is committed.
    newest_ms: i64,
    /// Somebody waits for the commit of this batch.
    wanted: u64,
    closing: bool,
    closed: bool,
}

impl Queue {
    /// A queue for a database that holds so many batches.
    pub(crate) fn new(times: Times, batches: u64, limit: usize) -> Queue {
        Queue {
            newest_ms: times.all().last_ms,
            times,
            counters: Counters::default(),
            sealing: Sealing::default(),
            failure: None,
            pending: VecDeque::new(),
            pending_samples: 0,
            limit,
            appended: batches,
            committed: batches,
            wanted: batches,
            closing: false,
            closed: false,
        }
    }

    /// Takes a batch, or refuses it whole where too much is waiting. All its series are known.
    pub(crate) fn append(&mut self, mut batch: Batch, now: Instant) -> Result<Appended, Error> {
        if self.closing {
            return Err(Error::Closed);
        }
        // A batch that is larger than the limit by itself gets in when nothing else waits, else it never could.
        if !self.pending.is_empty() && self.pending_samples + batch.len() > self.limit {
            self.counters.refused_batches += 1;
            return Err(Error::QueueFull {
                pending: self.pending_samples,
                batch: batch.len(),
                limit: self.limit,
                failure: self.failure.clone(),
            });
        }
        let told = self.times.admit(&mut batch);
        self.counters.told.out_of_order += told.out_of_order as u64;
        self.counters.told.duplicates += told.duplicates as u64;
        self.counters.told.out_of_bounds += told.out_of_bounds as u64;
        if !batch.is_empty() {
            self.appended += 1;
            self.pending_samples += batch.len();
            self.pending.push_back(Arc::new(Pending { number: self.appended, batch, since: now }));
        }
        Ok(told)
    }

    /// What waits, in order. A query takes this before it looks into the database (see `query::scan`).
    pub(crate) fn pending(&self) -> Vec<Arc<Pending>> {
        self.pending.iter().cloned().collect()
    }

    pub(crate) fn pending_samples(&self) -> usize {
        self.pending_samples
    }

    /// The number of the last batch that was committed.
    pub(crate) fn committed(&self) -> u64 {
        self.committed
    }

    /// The newest moment of what is committed; `i64::MIN` where that is nothing. Retention counts back from it: a sample
    /// that a crash may still take must not make others old.
    pub(crate) fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    /// When the next commit is due without anybody asking for it; `None` while nothing waits.
    pub(crate) fn due(&self, interval: Duration) -> Option<Instant> {
        self.pending.front().map(|oldest| oldest.since + interval)
    }

    /// Whether a commit should not wait until it is due: somebody asked, or half of the room is taken.
    pub(crate) fn is_urgent(&self) -> bool {
        !self.pending.is_empty() && (self.wanted > self.committed || self.closing || self.is_half_full())
    }

    fn is_half_full(&self) -> bool {
        // While commits fail the back-off decides, not the room.
        self.failure.is_none() && self.pending_samples > self.limit / 2
    }

    /// Asks for the commit of everything that was appended, and says which batch is the last of it.
    pub(crate) fn want_all(&mut self) -> u64 {
        self.wanted = self.appended;
        self.appended
    }

    /// Everything up to this batch is in the database.
    pub(crate) fn commit_succeeded(&mut self, last: u64, took: Duration) {
        self.count(took);
        self.counters.commits += 1;
        self.failure = None;
        self.committed = last;
    }

    /// The next batch that is committed and waits no more.
    pub(crate) fn pop_committed(&mut self) -> Option<Arc<Pending>> {
        self.pending.front().filter(|first| first.number <= self.committed)?;
        let first = self.pending.pop_front()?;
        self.pending_samples -= first.batch.len();
        self.newest_ms = first.batch.timestamps_ms.iter().copied().fold(self.newest_ms, i64::max);
        self.counters.committed_samples += first.batch.len() as u64;
        Some(first)
    }

    /// Nothing was committed; everything stays where it is.
    pub(crate) fn commit_failed(&mut self, failure: String, took: Duration) {
        self.count(took);
        self.counters.failed_commits += 1;
        self.failure = Some(failure);
        // Who asked is told of the failure; the next one who asks makes the writer try at once again.
        self.wanted = self.committed;
    }

    /// The samples before `cut_ms` were deleted from the hot table; the oldest that is committed anywhere is `oldest_ms`.
    pub(crate) fn cut(&mut self, cut_ms: i64, oldest_ms: Option<i64>, deleted: u64) {
        let waiting = self.pending.iter().flat_map(|p| &p.batch.timestamps_ms).copied().min();
        let oldest_ms = oldest_ms.into_iter().chain(waiting).min().unwrap_or(i64::MAX);
        self.times.cut(cut_ms.min(oldest_ms), oldest_ms);
        self.counters.deleted_samples += deleted;
    }

    /// Samples were deleted from the hot table; the oldest that is left in it is `oldest_ms`.
    pub(crate) fn cut_hot(&mut self, oldest_ms: i64) {
        let waiting = self.pending.iter().flat_map(|p| &p.batch.timestamps_ms).copied().min();
        self.times.cut_hot(oldest_ms.min(waiting.unwrap_or(i64::MAX)));
    }

    /// The log was written into the table, or could not be.
    pub(crate) fn checkpoint_ended(&mut self, took: Duration) {
        self.counters.checkpoints += 1;
        self.counters.checkpoint_time += took;
    }

    fn count(&mut self, took: Duration) {
        self.counters.commit_time += took;
        self.counters.commit_time_max = self.counters.commit_time_max.max(took);
    }

    /// Nothing more is taken.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    /// The writer has ended: nothing more will be committed.
    pub(crate) fn writer_ended(&mut self) {
        self.closing = true;
        self.closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeriesRef;

    fn batch(timestamp: i64, len: u32) -> Batch {
        let mut batch = Batch::default();
        (0..len).for_each(|n| batch.push(SeriesRef(n), timestamp, 1.0));
        batch
    }

    fn committed(queue: &mut Queue, last: u64) {
        queue.commit_succeeded(last, Duration::ZERO);
        while queue.pop_committed().is_some() {}
    }

    #[test]
    fn keeps_what_was_not_committed() {
        let now = Instant::now();
        let mut queue = Queue::new(Times::default(), 40, 10);
        queue.append(batch(1, 4), now).unwrap();
        queue.append(batch(2, 4), now).unwrap();
        assert_eq!((queue.appended, queue.pending_samples(), queue.committed()), (42, 8, 40));
        assert_eq!(queue.due(Duration::from_secs(1)), Some(now + Duration::from_secs(1)));

        queue.commit_failed("disk full".to_owned(), Duration::ZERO);
        let refused = queue.append(batch(3, 3), now).unwrap_err().to_string();
        assert_eq!(
            refused,
            "8 samples wait to be committed and 3 more would pass the limit of 10; commits fail: disk full"
        );
        // What was refused has left no trace: it may come again.
        assert_eq!(queue.newest_ms(), i64::MIN, "nothing is committed");
        committed(&mut queue, 41);
        assert_eq!(queue.newest_ms(), 1);
        assert_eq!((queue.pending_samples(), queue.pending().len(), queue.failure.clone()), (4, 1, None));
        assert_eq!(queue.append(batch(3, 3), now).unwrap().stored, 3);
        committed(&mut queue, 43);
        assert_eq!(
            (queue.pending_samples(), queue.due(Duration::ZERO), queue.counters.committed_samples),
            (0, None, 11)
        );
    }

    #[test]
    fn is_urgent_when_asked_or_filling_up() {
        let now = Instant::now();
        let mut queue = Queue::new(Times::default(), 0, 10);
        queue.want_all();
        assert!(!queue.is_urgent(), "there is nothing to commit");
        queue.append(batch(1, 4), now).unwrap();
        assert!(!queue.is_urgent());
        assert_eq!(queue.want_all(), 1);
        assert!(queue.is_urgent());
        queue.commit_failed("no".to_owned(), Duration::ZERO);
        assert!(!queue.is_urgent(), "who asked was told");
        committed(&mut queue, 1);
        queue.append(batch(2, 6), now).unwrap();
        assert!(queue.is_urgent());
        committed(&mut queue, 2);
        queue.append(batch(3, 50), now).unwrap();
        assert_eq!(queue.pending_samples(), 50, "an oversized batch gets in alone");
        queue.close();
        assert!(matches!(queue.append(batch(4, 1), now), Err(Error::Closed)));
    }
}
