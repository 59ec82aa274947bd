//! A write-ahead log that DuckDB cannot replay: a power cut can leave the last entry half written, a disk can flip a bit.
//!
//! Every entry has a checksum, and DuckDB says at which byte the first bad one begins. What stands before it is whole
//! transactions (and one that was not finished, which it drops by itself), so the log is cut there, after a copy of all
//! of it was set aside for whoever wants to look.
//!
//! Two kinds of damage DuckDB takes for the end of the log, and goes on without a word: in the header of the file, and in
//! the length of an entry. So those are looked at before it opens the log.

use crate::Error;
use crate::folder::Folder;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// How a log begins, in the version that DuckDB writes for us: the kind of the entry, the version, the end of the entry
/// (DuckDB's `WriteAheadLog::Initialize`).
const HEADER: [u8; 8] = [0x64, 0, 0x62, 0x65, 0, VERSION, 0xff, 0xff];
const VERSION: u8 = 2;
const VERSION_AT: usize = 5;

/// More than the longest entry that is ever written: rows of series, or the text of a view over all blocks.
const ENTRY_LIMIT_BYTES: u64 = 64 << 20;

/// Cuts the log where DuckDB would not see that it is damaged. Returns where the whole of it was copied to.
pub(super) fn cut_unseen(folder: &Folder) -> Result<Option<PathBuf>, Error> {
    let path = folder.log();
    let failed = |cause| Error::Folder { path: path.clone(), cause };
    let log = match File::open(&path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        log => log.map_err(failed)?,
    };
    let length = log.metadata().map_err(failed)?.len();
    unseen_damage(log, length).map_err(failed)?.map(|position| cut(folder, position)).transpose()
}

/// Where a log of this length has a damaged header, or an entry whose length cannot be. An entry that ends after the log
/// is what a crash leaves, and no damage.
fn unseen_damage(mut log: impl Read + Seek, length: u64) -> io::Result<Option<u64>> {
    let mut header = [0; HEADER.len()];
    if length < header.len() as u64 {
        return Ok(None);
    }
    log.read_exact(&mut header)?;
    let mut expected = HEADER;
    expected[VERSION_AT] = header[VERSION_AT];
    if header != expected {
        return Ok(Some(0));
    }
    if header[VERSION_AT] != VERSION {
        // DuckDB says what it thinks of that.
        return Ok(None);
    }
    let mut position = header.len() as u64;
    while position + ENTRY_HEADER_BYTES <= length {
        let mut bytes = [0; 8];
        log.seek(SeekFrom::Start(position))?;
        log.read_exact(&mut bytes)?;
        let bytes = u64::from_le_bytes(bytes);
        if bytes > ENTRY_LIMIT_BYTES {
            return Ok(Some(position));
        }
        position += ENTRY_HEADER_BYTES + bytes;
    }
    Ok(None)
}

/// Cuts the log where DuckDB's message says that it is bad. Returns where the whole of it was copied to, or `None` where
/// the message says nothing of the kind: then nothing was touched.
pub(super) fn cut_log(folder: &Folder, message: &str) -> Result<Option<PathBuf>, Error> {
    bad_entry(message).map(|position| cut(folder, position)).transpose()
}

/// Copies the log aside and cuts it. Returns where the copy is.
fn cut(folder: &Folder, position: u64) -> Result<PathBuf, Error> {
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
    Ok(aside)
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

    #[test]
    fn finds_what_duckdb_would_not_see() {
        let entry = |bytes: u64, given: usize| [&bytes.to_le_bytes()[..], &[0; 8], &vec![7; given]].concat();
        let check = |log: &[u8], expected| {
            assert_eq!(unseen_damage(io::Cursor::new(log), log.len() as u64).unwrap(), expected);
        };
        let whole = [&HEADER[..], &entry(100, 100), &entry(3, 3)].concat();
        (0..=whole.len()).for_each(|end| check(&whole[..end], None));
        for at in (0..HEADER.len()).filter(|&at| at != VERSION_AT) {
            let mut log = whole.clone();
            log[at] ^= 0x55;
            check(&log, Some(0));
        }
        check(&[&whole[..], &entry(1 << 40, 50)].concat(), Some(whole.len() as u64));
        // Pages that were not written, and another version.
        check(&[&whole[..], &[0; 999]].concat(), None);
        let mut other = whole;
        other[VERSION_AT] = 3;
        check(&other, None);
        check("a log of somebody else".as_bytes(), Some(0));
    }
}
