//! Figures about a store, for the scraper's own metrics.

use std::time::Duration;

/// The state of a [`Store`](crate::Store) at one moment. Counters begin when it was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Series that the store knows.
    pub series: usize,
    /// Series whose last sample is no more than five minutes older than the newest of all.
    pub active_series: usize,
    /// Samples that wait for their commit.
    pub pending_samples: usize,
    /// Counter: samples committed.
    pub committed_samples: u64,
    /// Counter: samples left out as older than one that their series has.
    pub out_of_order_samples: u64,
    /// Counter: samples left out because their series has one at that moment.
    pub duplicate_samples: u64,
    /// Counter: samples left out for a timestamp too far from 1970.
    pub out_of_bounds_samples: u64,
    /// Counter: samples deleted because they were older than is kept.
    pub deleted_samples: u64,
    /// Counter: batches refused because too many samples were waiting.
    pub refused_batches: u64,
    /// Counter: commits that succeeded.
    pub commits: u64,
    /// Counter: commits that failed; what they held was kept and tried again.
    pub failed_commits: u64,
    /// Counter: time spent in commits, those that failed included.
    pub commit_time: Duration,
    /// The longest commit.
    pub commit_time_max: Duration,
    /// Counter: times that the log was written into the table (a checkpoint).
    pub checkpoints: u64,
    /// Counter: time spent in checkpoints. Meanwhile samples wait, visible to queries.
    pub checkpoint_time: Duration,
    /// Why the last commit failed; `None` once one succeeded.
    pub failure: Option<String>,
    /// The database and its log on disk.
    pub disk_bytes: u64,
    /// The timestamp of the oldest sample, in milliseconds; `None` where there is none.
    pub min_time_ms: Option<i64>,
    /// The timestamp of the newest sample, in milliseconds.
    pub max_time_ms: Option<i64>,
}
