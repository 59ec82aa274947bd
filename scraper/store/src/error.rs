//! Everything that can go wrong, in words for the person who runs the scraper.

use crate::Forgotten;
use crate::blocks::Block;
use parquet::errors::ParquetError;
use std::io;
use std::path::PathBuf;

/// An error of the store; `Display` is one line for the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder could not be made, read or written.
    #[error("cannot use the storage folder {}: {cause}", path.display())]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another process has the folder open.
    #[error("the storage folder {} is in use by {holder}: stop that one first, or use another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who holds it and since when, as it wrote down itself.
        holder: String,
    },
    /// DuckDB refused the file: damaged, not a database, or of a DuckDB that is newer than ours.
    #[error("cannot open the database {}: {message}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What DuckDB said.
        message: String,
    },
    /// A DuckDB database, but none of ours.
    #[error(
        "{} is a DuckDB database that Procession did not make (it has tables but no schema_migrations): \
         move it away or use another folder",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database has migrations that this version does not know.
    #[error(
        "{} was written by a newer version: it has migration {version} ({name}), this version knows up to {known}. \
         Run the version that wrote it or a later one, or use another folder",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The lowest unknown migration.
        version: u32,
        /// What it is called.
        name: String,
        /// The last migration that this version knows.
        known: u32,
    },
    /// A migration that was applied is not the one that this version holds.
    #[error(
        "{} has migration {version} as {name} with checksum {found}, but this version knows it as {expected_name} \
         with checksum {expected}: the database comes from a build that was never released. Run that build, or use \
         another folder",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The migration's number.
        version: u32,
        /// Its name in the database.
        name: String,
        /// Its checksum in the database.
        found: String,
        /// Its name here.
        expected_name: String,
        /// Its checksum here.
        expected: String,
    },
    /// A migration failed; nothing of it was kept.
    #[error("migration {version} ({name}) of {} failed and was undone: {message}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration's number.
        version: u32,
        /// What it is called.
        name: String,
        /// What DuckDB said.
        message: String,
    },
    /// The columns of a batch differ in length.
    #[error("a batch has {series} series, {timestamps} timestamps and {values} values; they must be as many")]
    UnevenBatch {
        /// Length of the first column.
        series: usize,
        /// Length of the second column.
        timestamps: usize,
        /// Length of the third column.
        values: usize,
    },
    /// A batch names series that this store has forgotten, or never gave out.
    #[error("a batch of {} samples names {} series that the store does not know any more", .0.batch.len(), .0.series.len())]
    Forgotten(Box<Forgotten>),
    /// Too many samples wait for their commit.
    #[error("{pending} samples wait to be committed and {batch} more would pass the limit of {limit}{}",
        because(failure.as_deref()))]
    QueueFull {
        /// Samples that wait.
        pending: usize,
        /// Samples that were refused.
        batch: usize,
        /// How many may wait.
        limit: usize,
        /// Why commits fail, if they do.
        failure: Option<String>,
    },
    /// A commit failed. Its samples are still there and are tried again.
    #[error("samples could not be committed, they are kept and tried again: {0}")]
    Commit(String),
    /// Sealing or merging blocks failed. The samples are still where they were, and it is tried again.
    #[error("samples could not be sealed, they stay in the hot database: {0}")]
    Seal(String),
    /// A block is in a layout that this version does not know.
    #[error(
        "the block {} was written by a newer version, in format {format}; this version knows up to {known}. \
         Run the version that wrote it or a later one, or use another folder",
        path.display()
    )]
    NewerBlock {
        /// The block's folder.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The last format that this version knows.
        known: u32,
    },
    /// The store was closed, or its writer ended.
    #[error("the store is closed")]
    Closed,
    /// The query failed.
    #[error("the query failed in the database: {0}")]
    Query(String),
    /// A backup could not be taken, restored or read.
    #[error("{}: {message}", path.display())]
    Backup {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A user's SQL is wrong: the place and what DuckDB says. May have several lines, of which one points at the place.
    #[error("{0}")]
    SqlInvalid(String),
    /// A user's SQL would do what it may not.
    #[error("{0}")]
    SqlRefused(String),
    /// A user's SQL failed while it ran.
    #[error("{0}")]
    SqlFailed(String),
    /// A user's SQL was stopped.
    #[error("the query was stopped")]
    SqlStopped,
    /// A user's SQL returns too many rows.
    #[error("the query returns more than {limit} rows: add a LIMIT, or ask for less")]
    SqlTooManyRows {
        /// How many it may return.
        limit: usize,
    },
    /// The query would return too much.
    #[error("the query selects more than {limit} samples of {series} series: ask for less time or fewer series")]
    TooManySamples {
        /// How many a query may select.
        limit: usize,
        /// How many series were selected.
        series: usize,
    },
    /// The question would look at too many series, those of the past included.
    #[error("this asks for more than {limit} series of all times: ask for less time, or for fewer series")]
    TooManySeries {
        /// How many a question may find or look at.
        limit: u64,
    },
    /// A sealed block could not be read.
    #[error("block {} could not be read: {message}{}", path.display(),
        if *damaged { "; it is set aside, the rest is served" } else { "" })]
    Block {
        /// Its number.
        number: u32,
        /// Its folder.
        path: PathBuf,
        /// What is wrong.
        message: String,
        /// Whether the files themselves are broken or gone.
        damaged: bool,
    },
    /// Nobody waits for the answer any more, or its time is up.
    #[error("the query was given up")]
    GivenUp,
}

fn because(failure: Option<&str>) -> String {
    failure.map(|f| format!("; commits fail: {f}")).unwrap_or_default()
}

impl Error {
    /// A block could not be read.
    pub(crate) fn block(block: &Block, error: ParquetError) -> Self {
        let damaged = match &error {
            ParquetError::External(cause) => cause
                .downcast_ref::<io::Error>()
                .is_none_or(|e| matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)),
            _ => true,
        };
        Error::Block { number: block.meta.number, path: block.folder.clone(), message: one_line(error), damaged }
    }

    pub(crate) fn query(error: impl std::fmt::Display) -> Self {
        Error::Query(one_line(error))
    }

    /// DuckDB's words about a user's SQL, as they are: below the first line they show where.
    pub(crate) fn sql(error: impl std::fmt::Display) -> Self {
        let message = error.to_string().trim_end().to_owned();
        let kinds = ["Parser Error", "Binder Error", "Catalog Error", "Syntax Error", "Permission Error"];
        if kinds.iter().any(|kind| message.starts_with(kind)) {
            Error::SqlInvalid(message)
        } else {
            Error::SqlFailed(message)
        }
    }
}

/// DuckDB's messages have lines of advice and carets below the first; a log line and an API answer have one.
pub(crate) fn one_line(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
