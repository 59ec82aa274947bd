//! Series, label names and values.

use crate::support::{batch, on_demand, open};
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use procession_store::{Options, Store};
use std::fs;
use std::path::Path;

#[test]
fn answers_by_matchers_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let old = Labels::from_pairs([("__name__", "old"), ("job", "a"), ("only_old", "x")]);
    let up_a = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
    let up_b = Labels::from_pairs([("__name__", "up"), ("job", "b")]);
    store.append(batch(&store, &[(&old, 1000, Some(1.0)), (&up_a, 1000, Some(1.0))])).unwrap();
    store.append(batch(&store, &[(&up_a, 9000, Some(1.0)), (&up_b, 9000, Some(1.0))])).unwrap();
    store.series_ref(&Labels::from_pairs([("__name__", "never"), ("without", "samples")]));
    let up = || vec![Matcher::equal("__name__", "up")];
    let job_a = || vec![Matcher::equal("job", "a")];

    for committed in [false, true] {
        let all = |sets: &[Vec<Matcher>], start, end, limit| {
            let mut found = store.series(sets, start, end, limit).unwrap();
            found.sort();
            found
        };
        if committed {
            store.flush().unwrap();
        }
        assert_eq!(all(&[], 0, 10_000, 0), [old.clone(), up_a.clone(), up_b.clone()]);
        assert_eq!(all(&[], 9000, 9000, 0), [up_a.clone(), up_b.clone()]);
        assert_eq!(all(&[up(), job_a()], 0, 10_000, 0), [old.clone(), up_a.clone(), up_b.clone()]);
        assert_eq!(all(&[up()], 0, 8999, 0), [up_a.clone()].as_slice());
        assert_eq!(all(&[], 0, 10_000, 2).len(), 2);
        assert_eq!(store.label_names(&[], 0, 10_000).unwrap(), ["__name__", "job", "only_old"]);
        assert_eq!(store.label_names(&[], 5000, 10_000).unwrap(), ["__name__", "job"]);
        assert_eq!(store.label_names(&[up()], 0, 10_000).unwrap(), ["__name__", "job"]);
        assert_eq!(store.label_values("job", &[], 0, 10_000).unwrap(), ["a", "b"]);
        assert_eq!(store.label_values("job", &[], 0, 8000).unwrap(), ["a"]);
        assert_eq!(store.label_values("__name__", &[job_a()], 0, 10_000).unwrap(), ["old", "up"]);
        assert_eq!(store.label_values("nothing", &[], 0, 10_000).unwrap(), [""; 0]);
    }

    let stats = store.stats();
    assert_eq!((stats.series, stats.active_series, stats.committed_samples), (4, 3, 4));
    assert_eq!((stats.min_time_ms, stats.max_time_ms), (Some(1000), Some(9000)));
    assert!(stats.disk_bytes > 0);
    store.close().unwrap();
    let stats = open(dir.path()).stats();
    assert_eq!((stats.series, stats.min_time_ms, stats.max_time_ms), (3, Some(1000), Some(9000)));
}

/// The files in the folders of blocks that list labels.
fn label_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(dir.join("blocks")).unwrap().map(|e| e.unwrap().path());
    folders.map(|folder| folder.join("labels.json")).filter(|path| path.exists()).collect()
}

#[test]
fn labels_of_blocks_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { block_windows: Vec::new(), ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let host = |name: &str, host: usize| Labels::from_pairs([("__name__", name), ("host", &format!("h{host}"))]);
    // A block for each hour, and hosts that are only in one; the last one is in no block.
    let hour_ms = 3_600_000;
    for hour in 0..4usize {
        let (a, b) = (host("a", hour), host("b", hour + 1));
        let at = hour as i64 * hour_ms;
        store.append(batch(&store, &[(&a, at, Some(1.0)), (&b, at + 9, Some(1.0))])).unwrap();
        if hour < 3 {
            store.seal().unwrap();
        }
    }
    let check = |store: &Store, what: &str| {
        let values = |start, end| store.label_values("host", &[], start, end).unwrap();
        assert_eq!(values(0, i64::MAX), ["h0", "h1", "h2", "h3", "h4"], "{what}");
        assert_eq!(values(hour_ms, 2 * hour_ms - 1), ["h1", "h2"], "{what}");
        assert_eq!(store.label_values("nothing", &[], 0, i64::MAX).unwrap(), [""; 0], "{what}");
        assert_eq!(store.label_names(&[], 0, i64::MAX).unwrap(), ["__name__", "host"], "{what}");
        let of_a = [vec![Matcher::equal("__name__", "a")]];
        assert_eq!(store.label_values("host", &of_a, 0, 2 * hour_ms - 1).unwrap(), ["h0", "h1"], "{what}");
    };
    check(&store, "as written");
    let files = label_files(dir.path());
    assert_eq!(files.len(), 3);
    for file in &files {
        fs::write(file, "no JSON").unwrap();
    }
    check(&store, "what cannot be read is asked of the series");
    for file in &files {
        fs::write(file, r#"{"host":{},"__name__":null}"#.replace("{}", "null")).unwrap();
    }
    check(&store, "and so is what is not listed");
}
