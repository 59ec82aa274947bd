//! Samples in DuckDB: one writer, many readers. The only crate that knows DuckDB.
//!
//! A [`Store`] owns one folder. In it lies `head.duckdb`, a table of samples in the order of arrival (its schema is in
//! `migrations/`). Batches wait in memory, visible to every query at once, until the writer thread commits them together
//! about once a second. What a crash or a power cut can lose is what was not yet committed: one commit interval.
//!
//! | folder | its subject |
//! |---|---|
//! | `folder` | the directory on disk and who owns it |
//! | `database` | opening DuckDB, migrations, the connections |
//! | `series` | label sets <-> numbers, and which series satisfy matchers |
//! | `head` | batches in memory, the writer thread, commits, retention |
//! | `exemplars` | the newest exemplars, in memory and on disk |
//! | `recent` | what is not in blocks yet, in memory and by series |
//! | `blocks` | sealed blocks: writing, reading, merging |
//! | `families` | what targets say about their metrics |
//! | `rollup` | rows for 5 minutes and for hours |
//! | `query` | samples and metadata for the evaluator and the API |
//! | `backup` | copies of blocks, and stores made of them |
//! | `sql` | SQL that users write |

mod backup;
mod batch;
mod blocks;
mod database;
mod error;
mod exemplars;
mod families;
mod folder;
mod head;
mod options;
mod query;
mod recent;
mod rollup;
mod series;
mod sql;
mod stats;
mod store;

pub use backup::{BackedUp, Restored, Verified, last_backup, restore, verify};
pub use batch::{Appended, Batch, Forgotten, SeriesRef, TIMESTAMP_LIMIT_MS};
pub use error::Error;
pub use exemplars::{Exemplar, SeriesExemplars};
pub use families::Family;
pub use options::{Options, RetentionRule};
pub use sql::SqlLimits;
pub use stats::{CacheBytes, Stats};
pub use store::Store;
