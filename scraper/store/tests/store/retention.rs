//! Samples older than is kept go, the others stay, and the file does not grow for ever.

use crate::support::{all_of, on_demand, series};
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use procession_store::{Batch, Options, RetentionRule, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;

fn open(dir: &Path) -> Store {
    let options = Options { retention: Some(Duration::from_secs(3600)), checkpoint_bytes: 1 << 20, ..on_demand() };
    Store::open(dir, options).unwrap()
}

fn append(store: &Store, names: &[Labels], minute: i64) {
    let mut batch = Batch::default();
    names.iter().enumerate().for_each(|(i, l)| {
        batch.push(store.series_ref(l), minute * MINUTE_MS, (minute * 7919 + i as i64 * 104_729) as f64 * 0.1);
    });
    store.append(batch).unwrap();
    store.flush().unwrap();
}

/// Appends and deletes go on in the thread after `flush` has returned: closing waits for them.
#[test]
fn an_hour_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = ([series("old", 1)], [series("new", 1), series("new", 2)]);
    let store = open(dir.path());
    (0..30).for_each(|minute| append(&store, &old, minute));
    (0..=240).for_each(|minute| append(&store, &new, minute));
    store.close().unwrap();

    let store = open(dir.path());
    assert!(all_of(&store, "old").is_empty());
    for (_, samples) in all_of(&store, "new") {
        let (first, last) = (samples[0].0 / MINUTE_MS, samples[samples.len() - 1].0 / MINUTE_MS);
        assert!((170..=180).contains(&first), "everything of the last hour, and little more: from {first}");
        assert_eq!((last, samples.len() as i64), (240, 240 - first + 1), "without gaps");
    }
    assert_eq!(store.stats().series, 2, "a series without samples is forgotten at the next start");
    let old_again = store.series_ref(&old[0]);
    let told = store.append(Batch { series: vec![old_again], timestamps_ms: vec![240 * MINUTE_MS], values: vec![1.0] });
    assert_eq!(told.unwrap().stored, 1);
    store.close().unwrap();
    let store = open(dir.path());
    assert_eq!(all_of(&store, "old")[0].1, [(240 * MINUTE_MS, Some(1.0))], "it has come back under its name");
}

#[test]
fn the_file_does_not_grow_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let names: Vec<Labels> = (0..4000).map(|i| series("m", i)).collect();
    let mut after_three_hours = 0;
    for minute in 0..360 {
        append(&store, &names, minute);
        if minute == 180 {
            after_three_hours = store.stats().disk_bytes;
        }
    }
    let stats = store.stats();
    assert!(stats.deleted_samples > 290 * 4000, "{stats:?}");
    assert!(
        stats.disk_bytes < 2 * after_three_hours,
        "{} after six hours, {after_three_hours} after three",
        stats.disk_bytes
    );
}

#[test]
fn a_limit_of_size_is_kept() {
    const LIMIT: u64 = 4 << 20;
    let dir = tempfile::tempdir().unwrap();
    let options = Options { retention_bytes: Some(LIMIT), checkpoint_bytes: 1 << 20, ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let names: Vec<Labels> = (0..20_000).map(|i| series("m", i)).collect();
    (0..100).for_each(|minute| append(&store, &names, minute));
    store.close().unwrap();

    let store = Store::open(dir.path(), on_demand()).unwrap();
    let disk_bytes = store.stats().disk_bytes;
    // What is kept is written anew beside the old rows, and the log comes on top.
    assert!(disk_bytes < 2 * LIMIT + (1 << 20), "{disk_bytes}");
    let all = all_of(&store, "m");
    assert_eq!(all.len(), names.len());
    for (labels, samples) in all {
        let minutes = samples.iter().map(|s| s.0 / MINUTE_MS);
        assert!(minutes.eq(100 - samples.len() as i64..100), "{labels}: the newest are there, without gaps");
        assert!(samples.len() < 70, "{labels} has {} of 100", samples.len());
    }
}

fn by_rule(hours: u64) -> Options {
    let rule = |value: &str, hours: u64| RetentionRule {
        matchers: vec![Matcher::equal("i", value)],
        keep: Some(Duration::from_secs(hours * 3600)),
    };
    Options {
        retention: Some(Duration::from_secs(hours * 3600)),
        retention_rules: vec![rule("1", 9), rule("2", 3)],
        block_windows: Vec::new(),
        ..on_demand()
    }
}

/// The first and the last minute of each series.
fn minutes(store: &Store) -> Vec<(String, i64, i64, usize)> {
    let of = |(labels, samples): (Labels, crate::support::Samples)| {
        let minute = |at: usize| samples[at].0 / MINUTE_MS;
        (labels.get("i").unwrap().to_owned(), minute(0), minute(samples.len() - 1), samples.len())
    };
    all_of(store, "m").into_iter().map(of).collect()
}

fn blocks_in(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir.join("blocks")).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

#[test]
fn series_are_kept_by_rules() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), by_rule(1)).unwrap();
    let names: Vec<Labels> = (0..3).map(|i| series("m", i)).collect();
    for hour in 0..12 {
        (0..60).for_each(|minute| append(&store, &names, hour * 60 + minute));
        store.seal().unwrap();
    }
    // The newest sample is of minute 719; a block goes when all of it is too old.
    let expected: Vec<(String, i64, i64, usize)> = [("0", 600), ("1", 120), ("2", 480)]
        .map(|(i, first)| (i.to_owned(), first, 719, (720 - first) as usize))
        .into();
    assert_eq!(minutes(&store), expected);
    let blocks = blocks_in(dir.path());
    store.seal().unwrap();
    assert_eq!(blocks_in(dir.path()), blocks, "what was looked through is not written again");
    assert_eq!(store.stats().removed_blocks, 2);
    store.close().unwrap();

    let store = Store::open(dir.path(), by_rule(1)).unwrap();
    store.seal().unwrap();
    assert_eq!(minutes(&store), expected);
    // Nothing is written again after a start either, and other rules hold from now on.
    assert_eq!(blocks_in(dir.path()), blocks);
    store.keep_by(Vec::new());
    store.seal().unwrap();
    assert_eq!(minutes(&store).iter().map(|m| m.1).collect::<Vec<_>>(), [600, 600, 600]);
    assert_eq!(blocks_in(dir.path()).len(), 2);
}

#[test]
fn a_thinned_block_takes_the_place_of_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<Labels> = (0..3).map(|i| series("m", i)).collect();
    let fill = |options: Options| {
        let store = Store::open(dir.path(), options).unwrap();
        for hour in [0, 4] {
            (0..60).for_each(|minute| append(&store, &names, hour * 60 + minute));
            store.seal().unwrap();
        }
        store
    };
    fill(Options { retention: None, retention_rules: Vec::new(), ..by_rule(0) }).close().unwrap();
    let old = tempfile::tempdir().unwrap();
    let first = blocks_in(dir.path())[0].clone();
    fs::rename(&first, old.path().join("b")).unwrap();
    fs::create_dir(&first).unwrap();
    for entry in fs::read_dir(old.path().join("b")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, first.join(path.file_name().unwrap())).unwrap();
    }
    let store = Store::open(dir.path(), by_rule(1)).unwrap();
    store.seal().unwrap();
    let expected = minutes(&store);
    assert_eq!(expected.iter().map(|m| m.1).collect::<Vec<_>>(), [240, 0, 240]);
    assert!(!first.exists());
    store.close().unwrap();
    // As if the old one had not been removed yet when the power went.
    fs::rename(old.path().join("b"), &first).unwrap();
    let store =
        Store::open(dir.path(), Options { retention: None, retention_rules: Vec::new(), ..by_rule(0) }).unwrap();
    assert_eq!(minutes(&store), expected);
    assert!(!first.exists());
}
