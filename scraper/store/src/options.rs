//! What a store can be told.

use std::time::Duration;

/// The bounds and habits of a [`Store`](crate::Store).
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest that an appended sample waits for its commit: what a power cut can lose.
    pub commit_interval: Duration,
    /// Samples older than this, counted back from the newest one in the store, are deleted. `None` keeps everything.
    pub retention: Option<Duration>,
    /// The oldest samples are deleted when the database takes more disk than this. The log (see `checkpoint_bytes`) comes
    /// on top. `None` lets it grow.
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
    /// DuckDB's threads for one query.
    pub threads: usize,
    /// The size of the write-ahead log from which it is written into the table (a checkpoint), after a commit.
    pub checkpoint_bytes: u64,
    /// Free disk space below which nothing more is committed, so that what is there can still be read and recovered.
    pub min_free_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        Options {
            commit_interval: Duration::from_secs(1),
            retention: Some(Duration::from_secs(365 * 24 * 3600)),
            retention_bytes: None,
            max_pending_samples: 1_000_000,
            max_selected_samples: 50_000_000,
            max_concurrent_queries: 4,
            memory_limit_bytes: 128 << 20,
            temp_limit_bytes: 4 << 30,
            threads,
            checkpoint_bytes: 16 << 20,
            min_free_bytes: 64 << 20,
        }
    }
}
