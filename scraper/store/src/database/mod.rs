//! The DuckDB instance: how it is opened and set up, its schema, its connections.

mod heal;
mod migrate;
mod pool;
mod shrink;

pub(crate) use migrate::apply as apply_migrations;
pub(crate) use pool::Pool;
pub(crate) use shrink::shrink;

use crate::error::one_line;
use crate::folder::Folder;
use crate::{Error, Options};
use duckdb::{Config, Connection};
use std::path::Path;

/// Opens the folder's database and brings its schema up to date. A damaged log is cut where the damage begins.
pub(crate) fn open(folder: &Folder, options: &Options) -> Result<Connection, Error> {
    let path = folder.database();
    let damaged = |message: &str, aside: &Path| {
        tracing::error!(
            error = message,
            copy = %aside.display(),
            "the log was damaged: what was committed after the damage is lost, a copy of the log is kept"
        );
    };
    if let Some(aside) = heal::cut_unseen(folder)? {
        damaged("its header or the length of an entry cannot be", &aside);
    }
    let connection = match open_file(folder, options) {
        Err(message) => match heal::cut_log(folder, &message)? {
            Some(aside) => {
                damaged(&message, &aside);
                open_file(folder, options)
            }
            None => Err(message),
        },
        opened => opened,
    };
    let connection = connection.map_err(|message| Error::Open { path: path.clone(), message: advice(message) })?;
    // Blocks never change: what their footers say need not be read again for every query. (An extension's option, which is
    // not known before the database is open.)
    connection.execute_batch("SET GLOBAL parquet_metadata_cache = true").map_err(Error::query)?;
    migrate::apply(&connection, &path)?;
    folder.sync()?;
    Ok(connection)
}

fn open_file(folder: &Folder, options: &Options) -> Result<Connection, String> {
    config(folder, options).and_then(|config| Connection::open_with_flags(folder.database(), config)).map_err(one_line)
}

fn config(folder: &Folder, options: &Options) -> duckdb::Result<Config> {
    Config::default()
        .threads(options.threads.max(1) as i64)?
        .max_memory(&format!("{}B", options.memory_limit_bytes))?
        .with("temp_directory", folder.spill().to_string_lossy())?
        .with("max_temp_directory_size", format!("{}B", options.temp_limit_bytes))?
        // The writer says when (`head::writer`): a checkpoint that fails inside a commit would take the instance with it.
        .with("checkpoint_threshold", "1TB")?
        // Rows are put in order per series after the scan; keeping their order inside costs buffers.
        .with("preserve_insertion_order", "false")?
        // Nothing is ever fetched from the network.
        .with("autoinstall_known_extensions", "false")?
        .with("autoload_known_extensions", "false")
}

/// What DuckDB's buffers take in memory; `None` where it does not say.
pub(crate) fn memory_bytes(connection: &Connection) -> Option<usize> {
    let sql = "SELECT coalesce(sum(memory_usage_bytes), 0)::UBIGINT FROM duckdb_memory()";
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

/// Whether DuckDB has given up the instance: every statement fails until it is opened again.
pub(crate) fn is_fatal(message: &str) -> bool {
    message.contains("FATAL Error") || message.contains("database has been invalidated")
}

/// What to do about a file that DuckDB does not open.
fn advice(message: String) -> String {
    let hint = if message.contains("newer version of DuckDB") || message.contains("older version of DuckDB") {
        "; use the version of Procession that wrote it"
    } else if message.contains("not a valid DuckDB database file") {
        "; move the file away, a new one is made"
    } else if message.contains("WAL") {
        "; the log beside it (head.duckdb.wal) cannot be replayed: move the log away to go on without the samples in it"
    } else {
        ""
    };
    message + hint
}
