//! What the writer and the sealer ask of each other. It stands under the lock of the queue.
//!
//! The writer closes the hot table and gives the sealer its number (`job`); the sealer writes the block, lists it, and
//! gives the number back (`record`); the writer lets go of the rows in one transaction. Meanwhile commits go on.

use std::time::{Duration, Instant};

/// The state of sealing, and what was done.
#[derive(Debug, Default)]
pub(crate) struct Sealing {
    /// The number of the block that the closed table is to become.
    pub(crate) job: Option<u32>,
    /// The block is there; the database does not say so yet.
    pub(crate) record: Option<u32>,
    /// The list of blocks has changed, the views have not.
    pub(crate) views: bool,
    /// The blocks are to be looked through for something to merge or to remove.
    pub(crate) upkeep: bool,
    /// After a failure, not before.
    pub(crate) retry_at: Option<Instant>,
    /// Somebody waits, or there is room again: the pause after a failure is over.
    pub(crate) hurried: bool,
    /// How often somebody wanted all that is committed to be sealed; which of these was closed, and which is done.
    pub(crate) wanted: u64,
    pub(crate) closed: u64,
    pub(crate) done: u64,
    /// Why the last pass failed; `None` once one succeeded.
    pub(crate) failure: Option<String>,
    pub(crate) failures: u64,
    pub(crate) ending: bool,
    pub(crate) counters: SealCounters,
}

/// What the sealer did since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct SealCounters {
    pub(crate) sealed_samples: u64,
    pub(crate) seals: u64,
    pub(crate) seal_time: Duration,
    pub(crate) merged_samples: u64,
    pub(crate) merges: u64,
    pub(crate) merge_time: Duration,
    pub(crate) merge_cpu_time: Duration,
    pub(crate) cpu_time: Duration,
    pub(crate) removed_blocks: u64,
}

impl Sealing {
    /// Whether a table is closed and not yet let go of: no other can be closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.job.is_some() || self.record.is_some()
    }

    /// Whether somebody waits for the hot table to be closed, and it can be.
    pub(crate) fn wants_close(&self) -> bool {
        self.wanted > self.closed && !self.is_closed()
    }

    /// Notes that a pass failed, for those who wait.
    pub(crate) fn failed(&mut self, failure: String) {
        self.failure = Some(failure);
        self.failures += 1;
    }

    /// Ends the pause after a failure.
    pub(crate) fn hurry(&mut self) {
        self.retry_at = None;
        self.hurried = true;
    }

    /// Whether the writer has something to do.
    pub(crate) fn asks_writer(&self) -> bool {
        !self.ending && (self.record.is_some() || self.views || self.wants_close())
    }
}
