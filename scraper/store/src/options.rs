//! What a store can be told.

use procession_promql::Matcher;
use std::time::Duration;

/// Series that are kept for another time than [`Options::retention`].
#[derive(Clone, Debug)]
pub struct RetentionRule {
    /// All must hold.
    pub matchers: Vec<Matcher>,
    /// As [`Options::retention`]. It may be longer or shorter.
    pub keep: Option<Duration>,
}

/// The bounds and habits of a [`Store`](crate::Store).
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest that an appended sample waits for its commit: what a power cut can lose.
    pub commit_interval: Duration,
    /// Samples older than this, counted back from the newest one in the store, are deleted. `None` keeps everything.
    pub retention: Option<Duration>,
    /// Exceptions from it: the first rule that fits a series decides. Its samples go block by block, once all of a block is
    /// too old for them. [`Store::keep_by`](crate::Store::keep_by) changes them.
    pub retention_rules: Vec<RetentionRule>,
    /// For how long rollups are kept: of every day that is over a row for each series and 5 minutes, and for each hour. As
    /// `retention`.
    pub rollup_retention: Option<Duration>,
    /// Rollups answer a question of which they take at most this share of what reading the samples takes, as far as it can be
    /// told beforehand: 0 for never, infinity wherever there are rollups.
    pub rollup_share: f64,
    /// The oldest blocks are removed when all blocks together take more disk than this, and the oldest samples of the hot
    /// database when it alone does; what is left of that is written anew, beside the old. The log (see `checkpoint_bytes`) comes on
    /// top. `None` lets them grow.
    pub retention_bytes: Option<u64>,
    /// How many samples may wait for their commit; beyond it `append` refuses. One takes 20 bytes.
    pub max_pending_samples: usize,
    /// How many samples one selection may return; beyond it the query fails with a message.
    pub max_selected_samples: usize,
    /// Queries that run at once; more wait for their turn.
    pub max_concurrent_queries: usize,
    /// Memory that DuckDB may use for its buffers and queries. It fills it with what it read from disk. A query that
    /// needs more spills, or fails with a message.
    pub memory_limit_bytes: u64,
    /// Disk that queries may fill with what they spill.
    pub temp_limit_bytes: u64,
    /// DuckDB's threads for one query. With more than one, who waits for the others does so by asking for work without a
    /// pause: commits, checkpoints and sealing then burn a second core for nothing (1.33 us a sample instead of 0.88).
    pub threads: usize,
    /// Threads that read blocks for one selection.
    pub read_threads: usize,
    /// The size of the write-ahead log from which it is written into the table (a checkpoint), after a commit.
    pub checkpoint_bytes: u64,
    /// How many samples the hot database takes before they are sealed into a block.
    pub seal_samples: u64,
    /// The stretch of time after which they are sealed although they are fewer, unless they are very few: a 64th.
    pub seal_after: Duration,
    /// Windows of time whose blocks are merged into one once they are over, ascending; they begin at multiples of their
    /// length since 1970.
    pub block_windows: Vec<Duration>,
    /// How many samples a merged block may have.
    pub max_block_samples: u64,
    /// How many bytes of blocks' indexes are kept in memory between queries, those used last. A series takes some 15 to 20 of
    /// them. Beside it, rollups may keep half as many.
    pub index_bytes: usize,
    /// How many bytes of blocks are read at the start to find damage, the newest first. Of the others only the length is
    /// looked at.
    pub verify_bytes: u64,
    /// How many bytes of blocks are read in a second, one block after another, to find damage in all of them while the store
    /// is open; 0 for none.
    pub check_bytes_per_second: u64,
    /// How many exemplars are kept, the newest; 0 keeps none. One takes some 200 bytes of memory.
    pub max_exemplars: usize,
    /// Free disk space below which nothing more is committed, so that what is there can still be read and recovered.
    pub min_free_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            commit_interval: Duration::from_secs(1),
            retention: Some(Duration::from_secs(365 * 24 * 3600)),
            retention_rules: Vec::new(),
            rollup_retention: Some(Duration::from_secs(5 * 365 * 24 * 3600)),
            rollup_share: 1.0,
            retention_bytes: None,
            max_pending_samples: 1_000_000,
            max_selected_samples: 50_000_000,
            max_concurrent_queries: 4,
            memory_limit_bytes: 128 << 20,
            temp_limit_bytes: 4 << 30,
            threads: 1,
            read_threads: std::thread::available_parallelism().map_or(1, usize::from).min(4),
            checkpoint_bytes: 16 << 20,
            seal_samples: 2_000_000,
            seal_after: Duration::from_secs(2 * 3600),
            block_windows: vec![Duration::from_secs(2 * 3600), Duration::from_secs(24 * 3600)],
            max_block_samples: 50_000_000,
            index_bytes: 24 << 20,
            verify_bytes: 256 << 20,
            check_bytes_per_second: 16 << 20,
            max_exemplars: 100_000,
            min_free_bytes: 64 << 20,
        }
    }
}
