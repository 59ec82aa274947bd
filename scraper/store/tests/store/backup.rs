//! Backups: equal after a restore, incremental, safe against a crash midway, and checked.

use crate::killed;
use crate::support::{all_of, batch, on_demand, open, series};
use procession_openmetrics::Labels;
use procession_store::{Batch, Exemplar, Options, Store, restore, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A counter, a gauge with quarters, and one with more digits than a whole number can hold.
fn value(i: usize, t: i64) -> f64 {
    match i % 3 {
        0 => (t * i as i64) as f64,
        1 => (t * 7919 % 1013) as f64 * 0.25,
        _ => (t as f64 + i as f64).sqrt(),
    }
}

/// A sample each 15 s, none at midnight: that one is of the day before, which is over and gets rollups.
fn fill(store: &Store, times: std::ops::Range<i64>, count: usize) {
    let names: Vec<Labels> = (0..count).map(|i| series("m", i)).collect();
    for t in times {
        let mut batch = Batch::default();
        names.iter().enumerate().for_each(|(i, l)| batch.push(store.series_ref(l), (t + 1) * 15_000, value(i, t)));
        store.append(batch).unwrap();
    }
}

fn take(store: &Store, to: &Path, keep: Option<usize>) -> procession_store::BackedUp {
    store.backup(to, keep, &|| false).unwrap()
}

/// Backed up, destroyed, restored, compared.
fn round_trip(series_count: usize, steps: i64) {
    let dir = tempfile::tempdir().unwrap();
    let (data, to) = (dir.path().join("data"), dir.path().join("backup"));
    let store = Store::open(&data, Options { max_pending_samples: 20_000_000, ..on_demand() }).unwrap();
    let begun = Instant::now();
    for at in (0..steps).step_by(500) {
        fill(&store, at..(at + 500).min(steps), series_count);
        store.flush().unwrap();
    }
    let taken_in = begun.elapsed();
    let before = all_of(&store, "m");
    let begun = Instant::now();
    let done = take(&store, &to, None);
    let backed_up = begun.elapsed();
    assert_eq!(done.samples, series_count as u64 * steps as u64);
    store.close().unwrap();
    fs::remove_dir_all(&data).unwrap();
    let begun = Instant::now();
    let restored = restore(&to, None, &data).unwrap();
    let was_restored = begun.elapsed();
    assert_eq!((restored.name.as_str(), restored.samples), (done.name.as_str(), done.samples));
    let store = open(&data);
    let after = all_of(&store, "m");
    assert_eq!(after.len(), series_count);
    assert!(after == before, "equal");
    println!(
        "{} samples taken in in {taken_in:.1?}; sealed and backed up in {backed_up:.1?}: {} blocks, {} bytes; \
         restored in {was_restored:.1?}; compared: equal",
        done.samples, done.blocks, done.copied_bytes
    );
    // It goes on.
    fill(&store, steps..steps + 2, 1);
    store.seal().unwrap();
    assert_eq!(all_of(&store, "m")[0].1.len(), steps as usize + 2);
    assert_eq!(verify(&to).unwrap().wrong, [""; 0]);
}

#[test]
fn what_is_restored_is_equal() {
    round_trip(200, 1000);
}

/// `cargo test --release -p procession-store --test store -- --ignored --nocapture ten_million`
#[test]
#[ignore = "takes minutes without optimization"]
fn ten_million_samples_are_equal_after_a_restore() {
    round_trip(2500, 4000);
}

#[test]
fn only_what_is_not_there_is_copied_and_the_oldest_go() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("backup");
    let store = open(&dir.path().join("data"));
    fill(&store, 0..10, 3);
    let first = take(&store, &to, None);
    assert_eq!((first.blocks, first.copied_blocks), (1, 1));
    let same = take(&store, &to, None);
    assert_eq!((same.blocks, same.copied_blocks, same.copied_bytes), (1, 0, 0));
    fill(&store, 10..20, 3);
    let more = take(&store, &to, Some(2));
    assert_eq!((more.blocks, more.copied_blocks, more.removed), (2, 1, 1));
    let old = restore(&to, Some(&same.name), &dir.path().join("old")).unwrap();
    assert_eq!((old.blocks, old.samples), (1, 30));
    assert!(restore(&to, Some(&first.name), &dir.path().join("first")).is_err(), "it was removed");
    // Retention takes the first block from the store; the backup that has it goes when two newer ones are there.
    let store_of = |keep_ms: u64| Options { retention: Some(Duration::from_millis(keep_ms)), ..on_demand() };
    store.close().unwrap();
    let store = Store::open(&dir.path().join("data"), store_of(100_000)).unwrap();
    fill(&store, 20..30, 3);
    store.seal().unwrap();
    let fewer = take(&store, &to, Some(1));
    assert!(fewer.blocks < 3, "{fewer:?}");
    let stored = fs::read_dir(to.join("blocks")).unwrap().count();
    assert_eq!(stored, fewer.blocks, "blocks of no backup are gone");
    assert_eq!(verify(&to).unwrap().wrong, [""; 0]);
}

#[test]
fn one_that_was_cut_short_leaves_nothing_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("backup");
    let store = open(&dir.path().join("data"));
    for at in 0..4 {
        fill(&store, at * 10..at * 10 + 10, 50);
        store.seal().unwrap();
    }
    // Given up after some pieces; each time a little later.
    for pieces in 0..11 {
        let asked = std::cell::Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > pieces
        };
        let error = store.backup(&to, None, &stop).unwrap_err().to_string();
        assert!(error.ends_with(": stopped"), "{error}");
        assert!(restore(&to, None, &dir.path().join("none")).unwrap_err().to_string().contains("there is no backup"));
        assert_eq!(verify(&to).unwrap().wrong, [""; 0]);
    }
    // What a kill leaves behind.
    fs::create_dir(to.join("blocks/.new-0000000099")).unwrap();
    fs::write(to.join("backups/.new-x.json"), "{").unwrap();
    let done = take(&store, &to, None);
    assert!(done.copied_blocks < done.blocks || done.blocks == 1, "some were there: {done:?}");
    assert!(!to.join("blocks/.new-0000000099").exists());
    fs::create_dir(dir.path().join("new.restoring")).unwrap();
    assert_eq!(restore(&to, None, &dir.path().join("new")).unwrap().samples, 2000);
    assert_eq!(all_of(&open(&dir.path().join("new")), "m"), all_of(&store, "m"));
}

#[test]
fn refusals_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let store = open(&path("data"));
    fill(&store, 0..10, 3);
    take(&store, &path("backup"), None);
    let said = |result: Result<procession_store::Restored, procession_store::Error>| result.unwrap_err().to_string();
    let message = said(restore(&path("backup"), None, &path("data")));
    assert!(message.ends_with("something is there already: restore into a folder that is empty or not there"));
    assert!(said(restore(&path("nowhere"), None, &path("x"))).contains("it is no folder of backups"));
    assert!(
        said(restore(&path("backup"), Some("20010101T000000Z"), &path("x"))).contains("20010101T000000Z.json: No such")
    );
    let other = open(&path("other"));
    fill(&other, 0..5, 2);
    let message = other.backup(&path("backup"), None, &|| false).unwrap_err().to_string();
    assert!(message.contains("another block of this number is there: the folder is of another store"), "{message}");
    let message = store.backup(Path::new("/proc/nowhere"), None, &|| false).unwrap_err().to_string();
    assert!(message.starts_with("/proc/nowhere/blocks: "), "{message}");
    assert!(verify(&path("nowhere")).unwrap_err().to_string().contains("it is no store and no backup"));
}

#[test]
fn verify_finds_every_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (data, to) = (dir.path().join("data"), dir.path().join("backup"));
    let store = open(&data);
    fill(&store, 0..10, 3);
    take(&store, &to, None);
    store.append(batch(&store, &[(&series("m", 0), 1_000_000, Some(1.0))])).unwrap();
    // A running one is read as far as it can be.
    let found = verify(&data).unwrap();
    assert_eq!((found.blocks, found.samples, found.wrong.len()), (1, 30, 0));
    assert!(
        found.left_out[0].contains("head.duckdb: the storage folder")
            && found.left_out[0].contains("in use by process")
    );
    store.close().unwrap();
    assert_eq!(verify(&data).unwrap().left_out, [""; 0]);
    let block = |of: &Path, name: &str| -> PathBuf { of.join("blocks/0000000001").join(name) };
    let check = |of: &Path, damage: &dyn Fn(), expected: &str| {
        damage();
        let wrong = verify(of).unwrap().wrong.join("\n");
        assert!(wrong.contains(expected), "{expected:?} is not in {wrong:?}");
    };
    let flip = |file: PathBuf| {
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    };
    check(&to, &|| flip(block(&to, "samples.parquet")), "block 1: samples.parquet has another checksum");
    let message = restore(&to, None, &dir.path().join("new")).unwrap_err().to_string();
    assert!(message.contains("it has another checksum: the block is damaged"), "{message}");
    assert!(!dir.path().join("new").exists());
    check(
        &to,
        &|| fs::write(block(&to, "series.parquet"), "x").unwrap(),
        "block 1: samples.parquet has another checksum",
    );
    check(&to, &|| fs::write(block(&to, "block.json"), "{").unwrap(), "block 1: block.json: EOF");
    check(&to, &|| fs::remove_dir_all(to.join("blocks/0000000001")).unwrap(), "block 1: block.json: No such file");
    check(&data, &|| fs::remove_file(block(&data, "series.parquet")).unwrap(), "block 1: series.parquet: No such file");
    check(
        &data,
        &|| fs::remove_dir_all(data.join("blocks/0000000001")).unwrap(),
        "the manifest names it, and it is missing",
    );
    check(&data, &|| flip(data.join("head.duckdb")), "head.duckdb: ");
}

/// Not a test of its own: takes backup after backup, of which three stay, and says which are surely there.
#[test]
fn child_whose_backup_is_killed() {
    let Some(dir) = killed::folder() else { return };
    let options = Options {
        block_windows: vec![Duration::from_secs(120), Duration::from_secs(600)],
        retention: Some(Duration::from_secs(1200)),
        ..on_demand()
    };
    let store = Store::open(&dir.join("data"), options).unwrap();
    let first = store.stats().max_time_ms.unwrap_or(0) / 15_000;
    for t in first.. {
        fill(&store, t..t + 1, 30);
        let exemplar = Exemplar { labels: series("trace", 1), timestamp_ms: t, value: t as f64 };
        store.append_exemplars([(store.series_ref(&series("m", 1)), exemplar)]);
        let done = take(&store, &dir.join("backup"), Some(3));
        killed::say(done.samples);
    }
}

#[test]
fn a_backup_is_killed_and_what_was_said_to_be_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("backup");
    for round in 0..killed::rounds(5) {
        let numbers = 2 + round % 5;
        let said = killed::kill("backup::child_whose_backup_is_killed", dir.path(), None, numbers, round * 30_011);
        assert!(said > 0);
        assert_eq!(verify(&to).unwrap().wrong, [""; 0], "round {round}");
        let new = dir.path().join(format!("restored-{round}"));
        let restored = restore(&to, None, &new).unwrap();
        let found: usize = all_of(&open(&new), "m").iter().map(|(_, samples)| samples.len()).sum();
        assert_eq!(found as u64, restored.samples, "round {round}");
        assert!(restored.exemplars > 0, "round {round}");
        fs::remove_dir_all(&new).unwrap();
    }
}
