//! SQL that users write: read-only, fenced, over the views `samples`, `series`, `processes` and `groups`.
//!
//! | file | its subject |
//! |---|---|
//! | `fence` | what DuckDB's own parser makes of a text: only what it calls SELECT passes, and only harmless functions |
//! | `functions` | which functions are harmless |
//! | `plan` | which moments a text asks for, as DuckDB's plan of it tells |
//! | `wide` | the views with a row for each process (group) and moment |
//! | `instance` | a DuckDB instance of its own for each query, with the newest rows that it needs in memory and the blocks as they are |
//! | `stream` | rows as they come, a deadline, an end where nobody waits |
//!
//! A query never runs where samples are written: it cannot lock, fill or break the hot database, and what it takes of
//! memory and disk is its own. What it sees is what every query sees at that moment, waiting batches included.

mod fence;
mod functions;
mod instance;
mod plan;
mod stream;
mod wide;

pub(crate) use stream::run;
pub(crate) use wide::all_columns_sql;

/// What one query may take.
#[derive(Clone, Copy, Debug)]
pub struct SqlLimits {
    /// Rows that it may return; one more is an error.
    pub max_rows: usize,
    /// Memory for its tables, buffers and results. The newest samples of the moments that it asks for, 21 bytes each, are part of it. What needs more
    /// goes to disk where DuckDB can do that, or fails with a message.
    pub memory_bytes: u64,
    /// Disk for what does not fit into memory.
    pub temp_bytes: u64,
    /// DuckDB's threads.
    pub threads: usize,
}

impl Default for SqlLimits {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        SqlLimits { max_rows: 1_000_000, memory_bytes: 512 << 20, temp_bytes: 4 << 30, threads }
    }
}
