//! Figures about a store, for the scraper's own metrics.

use std::time::Duration;

/// What a store keeps in memory so that it need not be read again, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheBytes {
    /// Samples that are not sealed yet and those that were sealed last, without the labels of their series.
    pub recent_samples: usize,
    /// What was read of blocks used last: their series, and where their samples stand.
    pub block_indexes: usize,
    /// The same of rollups.
    pub rollup_indexes: usize,
    /// DuckDB's buffers, as its `duckdb_memory()` has it; `None` while all of its connections are in use.
    pub duckdb: Option<usize>,
}

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
    /// Sealed blocks.
    pub blocks: usize,
    /// The blocks on disk.
    pub block_bytes: u64,
    /// Samples in blocks.
    pub block_samples: u64,
    /// Counter: samples sealed into blocks.
    pub sealed_samples: u64,
    /// Counter: blocks sealed from the hot database.
    pub seals: u64,
    /// Counter: time spent in that. Meanwhile commits and queries go on.
    pub seal_time: Duration,
    /// Counter: samples that were merged into longer blocks.
    pub merged_samples: u64,
    /// Counter: blocks made by merging others.
    pub merges: u64,
    /// Counter: time spent in that.
    pub merge_time: Duration,
    /// Counter: CPU time of that, a part of `seal_cpu_time`.
    pub merge_cpu_time: Duration,
    /// Counter: CPU time of the thread that seals, merges, makes rollups and checks blocks, as of the last time that it had sealed
    /// or merged.
    pub seal_cpu_time: Duration,
    /// What it keeps in memory so that it need not be read again.
    pub cache_bytes: CacheBytes,
    /// Counter: blocks removed because they were older than is kept.
    pub removed_blocks: u64,
    /// Counter: seals and merges that failed; they are tried again.
    pub failed_seals: u64,
    /// Damaged blocks that were set aside, now or before, and still lie there.
    pub damaged_blocks: usize,
    /// Blocks that should have been there at the start and were not.
    pub missing_blocks: usize,
    /// Files among the blocks that are none of ours.
    pub foreign_files: usize,
    /// The database, its log and the blocks on disk.
    pub disk_bytes: u64,
    /// The timestamp of the oldest sample, in milliseconds; `None` where there is none.
    pub min_time_ms: Option<i64>,
    /// The timestamp of the newest sample, in milliseconds.
    pub max_time_ms: Option<i64>,
}
