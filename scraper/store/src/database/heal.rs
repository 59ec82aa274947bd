//! A write-ahead log that DuckDB cannot replay: a power cut can leave the last entry half written, a disk can flip a bit.
//!
//! Every entry has a checksum, and DuckDB says at which byte the first bad one begins. What stands before it is whole
//! transactions (and one that was not finished, which it drops by itself), so the log is cut there, after a copy of all
//! of it was set aside for whoever wants to look.

use crate::Error;
use crate::folder::Folder;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;

/// Cuts the log where DuckDB's message says that it is bad. Returns where the whole of it was copied to, or `None` where
/// the message says nothing of the kind: then nothing was touched.
pub(super) fn cut_log(folder: &Folder, message: &str) -> Result<Option<PathBuf>, Error> {
    let Some(position) = bad_entry(message) else { return Ok(None) };
    let log = folder.log();
    let io = |cause| Error::Folder { path: log.clone(), cause };
    let aside =
        folder.path().join(format!("head.duckdb.wal.damaged-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ")));
    fs::copy(&log, &aside).map_err(io)?;
    // The copy is on disk before the log is cut: another power cut must not take both.
    OpenOptions::new().write(true).open(&aside).and_then(|copy| copy.sync_all()).map_err(io)?;
    folder.sync()?;
    let file = OpenOptions::new().write(true).open(&log).map_err(io)?;
    // Never longer than it is: a message that lies must not make a hole of zeros.
    file.set_len(position.min(file.metadata().map_err(io)?.len())).map_err(io)?;
    file.sync_all().map_err(io)?;
    folder.sync()?;
    Ok(Some(aside))
}

/// An entry's length and checksum, before the position that DuckDB names.
const ENTRY_HEADER_BYTES: u64 = 16;

/// Where the first bad entry begins, from "Corrupt WAL file: entry at byte position 760 computed checksum ...".
fn bad_entry(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once("Corrupt WAL file: entry at byte position ")?;
    let position: u64 = rest.split(' ').next()?.parse().ok()?;
    position.checked_sub(ENTRY_HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_position() {
        let check = |message, expected| assert_eq!(bad_entry(message), expected);
        check(
            "Corrupt WAL file: entry at byte position 760 computed checksum 1 does not match stored checksum 2",
            Some(744),
        );
        check("IO Error: Corrupt WAL file: entry at byte position x", None);
        check("IO Error: No space left on device", None);
    }
}
