//! What a store refuses, each with its words.

use crate::support::{all_of, batch, on_demand, open, series};
use procession_store::{Batch, Options, Store};
use std::fs;
use std::path::Path;

fn check_open(dir: &Path, expected: &[&str]) {
    let message = match Store::open(dir, on_demand()) {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    };
    for part in expected {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    assert!(!message.contains('\n'), "one line: {message:?}");
}

fn sql(dir: &Path, sql: &str) {
    duckdb::Connection::open(dir.join("head.duckdb")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn the_second_owner_is_told_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    check_open(dir.path(), &["in use by process", &std::process::id().to_string(), "since 20", "stop that one first"]);
    store.close().unwrap();
    check_open(dir.path(), &["opened"]);
}

#[test]
fn a_folder_that_cannot_be() {
    check_open(Path::new("/proc/nothing/here"), &["cannot use the storage folder /proc/nothing/here: "]);
    // It is there, but nobody may write into it, not even root.
    check_open(Path::new("/proc/self"), &["cannot use the storage folder /proc/", "/lock: "]);
}

/// Says to the test binary that it is the process that may not write there.
const CHILD: &str = "STORE_REFUSAL_CHILD";

/// Not a test of its own, where root runs the tests: what somebody who may do less is told.
#[test]
fn child_without_permission() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let dir = Path::new(&dir);
    let check = |folder: &str, file: &str| {
        let message = Store::open(&dir.join(folder), on_demand()).err().unwrap().to_string();
        let file = dir.join(file);
        assert_eq!(
            message,
            format!("cannot use the storage folder {}: Permission denied (os error 13)", file.display())
        );
    };
    check("closed", "closed/lock");
    check("closed/deeper", "closed/deeper");
    check("data", "data/lock");
    println!("refused");
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(&dir.path().join("data")).close().unwrap();
    fs::create_dir(dir.path().join("closed")).unwrap();
    mode(dir.path(), 0o755);
    mode(&dir.path().join("closed"), 0o555);
    mode(&dir.path().join("data"), 0o755);
    mode(&dir.path().join("data/lock"), 0o444);
    // The system's nobody, where these tests are root's: root may write anywhere.
    let me = std::env::current_exe().unwrap();
    let arguments = ["--exact", "refusal::child_without_permission", "--nocapture", "--test-threads=1"];
    let is_root = rustix::process::geteuid().is_root();
    let mut command = std::process::Command::new(if is_root { Path::new("setpriv") } else { &me });
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&me);
    }
    let output = command.args(arguments).env(CHILD, dir.path()).current_dir("/").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if is_root && output.status.code() == Some(126) {
        eprintln!("NOT TESTED: nobody may not run {}: {err}", me.display());
        return;
    }
    assert!(output.status.success() && out.contains("refused"), "{out}{err}");
}

#[test]
fn a_database_from_the_future() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    sql(dir.path(), "INSERT INTO schema_migrations VALUES (99, 'of the future', 'abc', TIMESTAMP '2040-01-01')");
    check_open(
        dir.path(),
        &["head.duckdb was written by a newer version: it has migration 99 (of the future), this version knows up to "],
    );
}

#[test]
fn a_database_of_other_migrations() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    sql(dir.path(), "UPDATE schema_migrations SET checksum = 'abc'");
    check_open(dir.path(), &["has migration 1 as head with checksum abc, but this version knows it as head"]);
}

#[test]
fn a_foreign_database() {
    let dir = tempfile::tempdir().unwrap();
    sql(dir.path(), "CREATE TABLE mine (x INT)");
    check_open(dir.path(), &["is a DuckDB database that Procession did not make", "use another folder"]);
}

#[test]
fn a_file_that_is_no_database() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("head.duckdb"), "a".repeat(100_000)).unwrap();
    check_open(dir.path(), &["cannot open the database", "head.duckdb", "not a valid DuckDB database file"]);
}

#[test]
fn damage_is_an_error_or_harmless_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for t in 0..20 {
        let rows: Vec<_> = (0..500).map(|i| (series("m", i), t)).collect();
        let rows: Vec<_> = rows.iter().map(|(s, t)| (s, *t, Some(*t as f64))).collect();
        store.append(batch(&store, &rows)).unwrap();
    }
    store.close().unwrap();
    let file = dir.path().join("head.duckdb");
    let whole = fs::read(&file).unwrap();
    let mut refused = 0;
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&file, &bytes).unwrap();
        let _ = fs::remove_file(dir.path().join("head.duckdb.wal"));
        match Store::open(dir.path(), on_demand()) {
            Ok(store) => drop(store),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("head.duckdb"), "{error}");
            }
        }
    }
    assert!(refused > 0, "40 flipped bytes were all overlooked");
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    check_open(dir.path(), &["head.duckdb"]);
}

#[test]
fn malformed_batches_are_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let other_dir = tempfile::tempdir().unwrap();
    let other = open(other_dir.path());
    let known = store.series_ref(&series("m", 0));
    other.series_ref(&series("m", 0));
    let foreign = other.series_ref(&series("m", 1));

    let uneven = Batch { series: vec![known], timestamps_ms: vec![1], values: vec![] };
    let message = store.append(uneven).unwrap_err().to_string();
    assert_eq!(message, "a batch has 1 series, 1 timestamps and 0 values; they must be as many");
    let unknown = Batch { series: vec![known, foreign], timestamps_ms: vec![1, 1], values: vec![1.0, 1.0] };
    let message = store.append(unknown).unwrap_err().to_string();
    assert_eq!(message, "a batch of 2 samples names 1 series that the store does not know any more");
    assert!(all_of(&store, "m").is_empty());
    assert_eq!(store.append(Batch::default()).unwrap().stored, 0);
}

#[test]
fn a_full_queue_refuses_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    // A disk that can never have as much room: every commit is refused before it begins.
    let options = Options { max_pending_samples: 10, min_free_bytes: u64::MAX, ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let a = series("m", 1);
    for t in 0..10 {
        store.append(batch(&store, &[(&a, t, Some(1.0))])).unwrap();
    }
    let message = store.flush().unwrap_err().to_string();
    assert!(message.contains("kept and tried again: the disk of ") && message.contains(" is full: "), "{message}");
    let message = store.append(batch(&store, &[(&a, 10, Some(1.0))])).unwrap_err().to_string();
    assert!(message.starts_with("10 samples wait to be committed and 1 more would pass the limit of 10"), "{message}");
    let stats = store.stats();
    assert_eq!((stats.pending_samples, stats.refused_batches, stats.committed_samples), (10, 1, 0));
    assert!(stats.failed_commits > 0 && stats.failure.is_some());
    assert_eq!(all_of(&store, "m")[0].1.len(), 10, "what waits is still shown");
    let message = store.close().unwrap_err().to_string();
    assert!(message.contains("is full"), "{message}");
}
