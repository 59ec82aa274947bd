//! What is said of bad input, word for word: the errors, and the log of a start that goes on.

use crate::support::{all_of, batch, on_demand, open, series};
use procession_store::Store;
use regex::Regex;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a folder. Returns the store, or the error, and the lines that were logged as warnings or errors. The folder stands as DIR
/// in them, and moments as TIME.
fn start(dir: &Path) -> (Result<Store, String>, Vec<String>) {
    let log = Log::default();
    let writer = log.clone();
    let told = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .finish();
    let opened = tracing::subscriber::with_default(told, || Store::open(dir, on_demand()).map_err(|e| e.to_string()));
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let moments = Regex::new(r"20\d{6}T\d{6}\d*Z|20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC").unwrap();
    let path = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned()).display().to_string();
    let plain = |text: &str| {
        let text = text.trim().replace(&path, "DIR").replace(&dir.display().to_string(), "DIR");
        moments.replace_all(&text, "TIME").into_owned()
    };
    (opened.map_err(|error| plain(&error)), text.lines().map(plain).collect())
}

/// A folder with three blocks of ten samples, and four that are not sealed.
fn filled(dir: &Path) {
    let store = open(dir);
    let name = series("m", 0);
    for t in 0..34 {
        store.append(batch(&store, &[(&name, t, Some((t as f64).sqrt()))])).unwrap();
        if t % 10 == 9 {
            store.seal().unwrap();
        }
    }
    store.close().unwrap();
}

fn block(dir: &Path, number: u32, file: &str) -> PathBuf {
    dir.join(format!("blocks/{number:010}")).join(file)
}

/// Harms a folder; the next start must say this, and have so many samples, and the one after it has no more to say but what still is so.
fn check_served(harm: impl Fn(&Path), said: &[&str], samples: usize, said_again: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    harm(dir.path());
    for said in [said, said_again] {
        let (store, lines) = start(dir.path());
        assert_eq!(lines, said);
        let store = store.unwrap();
        assert_eq!(all_of(&store, "m")[0].1.len(), samples, "{said:?}");
        store.close().unwrap();
    }
}

/// Harms a folder so that it is not opened.
fn check_refused(harm: impl Fn(&Path), said: &str) {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    harm(dir.path());
    let (store, lines) = start(dir.path());
    assert_eq!((store.err().as_deref(), lines), (Some(said), Vec::new()));
}

fn change(file: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

#[test]
fn blocks_that_are_damaged() {
    let aside = |reason: &str| {
        format!(
            "ERROR a block is damaged and was set aside, the rest is served block=2 reason=\"{reason}\" \
             aside=\"damaged-0000000002-TIME\""
        )
    };
    let check = |harm: &dyn Fn(&Path), reason: &str| check_served(harm, &[&aside(reason)], 24, &[]);
    let samples = |dir: &Path| block(dir, 2, "samples.parquet");
    let length = std::cell::Cell::new(0);
    let cut_short = |dir: &Path| {
        length.set(fs::metadata(samples(dir)).unwrap().len());
        change(&samples(dir), |bytes| bytes.truncate(100));
    };
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    cut_short(dir.path());
    check(&cut_short, &format!("samples.parquet has 100 bytes instead of {}", length.get()));
    check(&|dir| change(&samples(dir), |bytes| bytes[30] ^= 1), "samples.parquet has another checksum");
    check(&|dir| change(&block(dir, 2, "series.parquet"), |b| b[30] ^= 1), "series.parquet has another checksum");
    check(&|dir| change(&block(dir, 2, "pages.crc"), |b| b[3] ^= 1), "pages.crc has another checksum");
    check(&|dir| fs::remove_file(samples(dir)).unwrap(), "samples.parquet: No such file or directory (os error 2)");
    check(
        &|dir| fs::remove_file(block(dir, 2, "block.json")).unwrap(),
        "block.json: No such file or directory (os error 2)",
    );
    check(
        &|dir| _ = fs::copy(block(dir, 1, "block.json"), block(dir, 2, "block.json")).unwrap(),
        "block.json is of another block",
    );
}

#[test]
fn blocks_that_are_missing_and_files_that_are_not_ours() {
    check_served(
        |dir| fs::remove_dir_all(block(dir, 2, "")).unwrap(),
        &["ERROR a block is missing, the rest is served block=2"],
        24,
        &[],
    );
    let foreign = "WARN a foreign file lies among the blocks; it is left alone path=DIR/blocks/notes.txt";
    check_served(|dir| fs::write(dir.join("blocks/notes.txt"), "mine").unwrap(), &[foreign], 34, &[foreign]);
}

/// What is committed and in the log only, as a crash leaves it.
fn with_a_log(dir: &Path) -> tempfile::TempDir {
    let left = tempfile::tempdir().unwrap();
    let store = open(dir);
    for t in 34..40 {
        store.append(batch(&store, &[(&series("m", 0), t, Some(0.5))])).unwrap();
        store.flush().unwrap();
    }
    for name in ["head.duckdb", "head.duckdb.wal"] {
        fs::copy(dir.join(name), left.path().join(name)).unwrap();
    }
    store.close().unwrap();
    left
}

#[test]
fn logs_that_cannot_be_replayed() {
    let log = |dir: &Path, harm: &dyn Fn(&mut Vec<u8>)| {
        let left = with_a_log(dir);
        for name in ["head.duckdb", "head.duckdb.wal"] {
            fs::copy(left.path().join(name), dir.join(name)).unwrap();
        }
        change(&dir.join("head.duckdb.wal"), harm);
    };
    // The last entry is the end of a transaction, so the last sample goes.
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    log(dir.path(), &|bytes| *bytes.last_mut().unwrap() ^= 1);
    let (store, lines) = start(dir.path());
    let line = lines.join("\n");
    let pattern = "^ERROR the log was damaged: what was committed after the damage is lost, a copy of the log is kept \
                   error=\".*Corrupt WAL file: entry at byte position \\d+ computed checksum \\d+ does not match stored checksum \
                   \\d+.*\" copy=DIR/head\\.duckdb\\.wal\\.damaged-TIME$";
    assert!(Regex::new(pattern).unwrap().is_match(&line), "{line}");
    assert_eq!(all_of(&store.unwrap(), "m")[0].1.len(), 39);
    check_served(
        |dir| log(dir, &|bytes| bytes[0] ^= 1),
        &[
            "ERROR the log was damaged: what was committed after the damage is lost, a copy of the log is kept error=\"its header or \
           the length of an entry cannot be\" copy=DIR/head.duckdb.wal.damaged-TIME",
        ],
        34,
        &[],
    );
    // In a version of the format that DuckDB does not know: nothing is cut, nothing is lost.
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    log(dir.path(), &|bytes| bytes[5] = 99);
    let whole = fs::read(dir.path().join("head.duckdb.wal")).unwrap();
    let (store, lines) = start(dir.path());
    let message = store.err().unwrap();
    assert!(message.starts_with("cannot open the database DIR/head.duckdb: "), "{message}");
    let advice = "; the log beside it (head.duckdb.wal) cannot be replayed: move the log away to go on without the samples in it";
    assert!(message.ends_with(advice), "{message}");
    assert_eq!((lines, fs::read(dir.path().join("head.duckdb.wal")).unwrap()), (Vec::new(), whole));
}

fn sql(dir: &Path, sql: &str) {
    duckdb::Connection::open(dir.join("head.duckdb")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_a_newer_version_wrote() {
    check_refused(
        |dir| sql(dir, "INSERT INTO schema_migrations VALUES (99, 'of the future', 'abc', TIMESTAMP '2040-01-01')"),
        "DIR/head.duckdb was written by a newer version: it has migration 99 (of the future), this version knows up to 5. Run the \
         version that wrote it or a later one, or use another folder",
    );
    check_refused(
        |dir| {
            change(&block(dir, 3, "block.json"), |text| {
                *text = String::from_utf8(text.clone()).unwrap().replace("\"format\": 2", "\"format\": 7").into_bytes();
            });
        },
        "the block DIR/blocks/0000000003 was written by a newer version, in format 7; this version knows up to 2. Run the version \
         that wrote it or a later one, or use another folder",
    );
}

#[test]
fn databases_that_are_not_ours() {
    check_refused(
        |dir| {
            fs::remove_file(dir.join("head.duckdb")).unwrap();
            sql(dir, "CREATE TABLE mine (x INT)");
        },
        "DIR/head.duckdb is a DuckDB database that Procession did not make (it has tables but no schema_migrations): move it away or \
         use another folder",
    );
}

#[test]
fn a_folder_that_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let (second, lines) = start(dir.path());
    let program = std::env::current_exe().unwrap();
    let program = program.file_name().unwrap().display();
    assert_eq!(
        second.err().unwrap(),
        format!(
            "the storage folder DIR is in use by process {} ({program}) since TIME: stop that one first, or use another folder",
            std::process::id()
        )
    );
    assert!(lines.is_empty(), "{lines:?}");
}
