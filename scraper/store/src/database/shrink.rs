//! Giving disk back. A DuckDB file keeps the size that it once had: only free blocks at its very end are cut off, and there
//! most often stands something small.

use crate::error::one_line;
use crate::folder::{Folder, disk_bytes};
use duckdb::Connection;
use std::fs::{self, File};

/// What is free in a file that is left alone.
const SLACK_BYTES: u64 = 4 << 20;

/// Copies what the database holds into a new file, where that is less than half of it, and puts the new one in its place.
/// Nobody writes meanwhile or afterwards: who has the old file open goes on reading that. Returns whether it did.
pub(crate) fn shrink(connection: &Connection, folder: &Folder) -> Result<bool, String> {
    let sql = "SELECT database_name, (block_size * used_blocks)::UBIGINT FROM pragma_database_size() \
               WHERE database_name = current_database()";
    let (name, used): (String, u64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(one_line)?;
    let file = disk_bytes(&[folder.database()]);
    if file < used.saturating_mul(2).saturating_add(SLACK_BYTES) {
        return Ok(false);
    }
    let new = folder.database_copy();
    let path = new.to_string_lossy().replace('\'', "''");
    let name = name.replace('"', "\"\"");
    let copied = connection.execute_batch(&format!(
        "ATTACH '{path}' AS shrunk; COPY FROM DATABASE \"{name}\" TO shrunk; CHECKPOINT shrunk; DETACH shrunk"
    ));
    let replaced = copied.map_err(one_line).and_then(|()| {
        File::open(&new).and_then(|file| file.sync_all()).map_err(one_line)?;
        fs::rename(&new, folder.database()).map_err(one_line)?;
        folder.sync().map_err(one_line)
    });
    if replaced.is_err() {
        let _ = connection.execute_batch("DETACH DATABASE IF EXISTS shrunk");
        let _ = fs::remove_file(&new);
    }
    replaced.map(|()| true)
}
