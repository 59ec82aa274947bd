//! What was appended is there: in memory, after a commit, after a restart, and for SQL.

use crate::support::{all_of, batch, on_demand, open, select, series, until};
use procession_openmetrics::Labels;
use procession_promql::{Cancel, Matcher, Select, Selection};
use procession_store::{Appended, Error, Options, Store, TIMESTAMP_LIMIT_MS};

#[test]
fn samples_are_the_same_in_memory_on_disk_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (series("m", 1), series("m", 2));
    let rows = [
        (&a, 1000, Some(1.5)),
        (&b, 1000, Some(f64::INFINITY)),
        (&a, 2000, None),
        (&b, 1500, Some(-0.0)),
        (&a, 3000, Some(f64::MIN_POSITIVE)),
        (&b, -TIMESTAMP_LIMIT_MS, Some(1.0)),
        (&b, TIMESTAMP_LIMIT_MS, Some(f64::NEG_INFINITY)),
    ];
    let expected = vec![
        (a.clone(), vec![(1000, Some(1.5)), (2000, None), (3000, Some(f64::MIN_POSITIVE))]),
        (
            b.clone(),
            vec![(1000, Some(f64::INFINITY)), (1500, Some(-0.0)), (TIMESTAMP_LIMIT_MS, Some(f64::NEG_INFINITY))],
        ),
    ];

    let store = open(dir.path());
    let told = store.append(batch(&store, &rows)).unwrap();
    assert_eq!(told, Appended { stored: 6, out_of_order: 1, ..Appended::default() });
    assert_eq!(all_of(&store, "m"), expected, "in memory");
    store.flush().unwrap();
    assert_eq!(store.stats().pending_samples, 0);
    assert_eq!(all_of(&store, "m"), expected, "committed");
    store.close().unwrap();

    let store = open(dir.path());
    assert_eq!(all_of(&store, "m"), expected, "after a restart");
    let again = store.append(batch(&store, &rows)).unwrap();
    assert_eq!((again.stored, again.duplicates, again.out_of_order), (0, 2, 5), "nothing is taken twice");
}

#[test]
fn a_value_that_is_no_number_is_not_a_stale_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let a = series("m", 1);
    store.append(batch(&store, &[(&a, 1, Some(f64::NAN))])).unwrap();
    store.flush().unwrap();
    let samples = &all_of(&store, "m")[0].1;
    assert!(samples[0].1.unwrap().is_nan());
}

#[test]
fn the_range_is_open_on_the_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let a = series("m", 1);
    store.append(batch(&store, &[(&a, 1000, Some(1.0)), (&a, 2000, Some(2.0)), (&a, 3000, Some(3.0))])).unwrap();
    for place in ["in memory", "on disk"] {
        let check = |start, end, expected: &[i64]| {
            let found = select(&store, vec![Matcher::equal("__name__", "m")], start, end);
            let times: Vec<i64> = found.iter().flat_map(|(_, samples)| samples).map(|s| s.0).collect();
            assert_eq!(times, expected, "{place}");
        };
        check(1000, 2000, &[2000]);
        check(999, 2999, &[1000, 2000]);
        check(3000, 9000, &[]);
        check(i64::MIN, i64::MAX, &[1000, 2000, 3000]);
        store.flush().unwrap();
    }
}

#[test]
fn analysts_find_rows_under_names() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let a = Labels::from_pairs([("__name__", "up"), ("job", "node"), ("instance", "a:1")]);
    store.append(batch(&store, &[(&a, 1_700_000_000_123, Some(1.0)), (&a, 1_700_000_001_000, None)])).unwrap();
    store.close().unwrap();

    let sql = "SELECT name, labels['job'], labels['instance'], strftime(time, '%Y-%m-%d %H:%M:%S.%g'), value, stale
               FROM samples ORDER BY ts";
    let db = duckdb::Connection::open(dir.path().join("head.duckdb")).unwrap();
    let rows: Vec<(String, String, String, String, Option<f64>, bool)> = db
        .prepare(sql)
        .unwrap()
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let row = |time: &str, value, stale| ("up".into(), "node".into(), "a:1".into(), time.into(), value, stale);
    assert_eq!(rows, [row("2023-11-14 22:13:20.123", Some(1.0), false), row("2023-11-14 22:13:21.000", None, true)]);
    let series: i64 = db.query_row("SELECT count(*) FROM series WHERE name = 'up'", [], |r| r.get(0)).unwrap();
    assert_eq!(series, 1);
}

#[test]
fn the_writer_commits_without_being_asked() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { commit_interval: std::time::Duration::from_millis(1), ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    for t in 1..4 {
        store.append(batch(&store, &[(&series("m", 1), t, Some(1.0))])).unwrap();
        until(&store, "a commit", |stats| stats.pending_samples == 0);
    }
    assert_eq!(store.stats().committed_samples, 3);
}

#[test]
fn dropping_the_store_commits_what_waits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(batch(&store, &[(&series("m", 1), 1, Some(1.0))])).unwrap();
    drop(store);
    assert_eq!(all_of(&open(dir.path()), "m").len(), 1);
}

#[test]
fn after_close_nothing_is_taken_but_everything_answers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let other = store.clone();
    let a = series("m", 1);
    store.append(batch(&store, &[(&a, 1, Some(1.0))])).unwrap();
    store.close().unwrap();
    assert!(matches!(other.append(batch(&other, &[(&a, 2, Some(1.0))])), Err(Error::Closed)));
    assert_eq!(all_of(&other, "m").len(), 1);
    other.flush().unwrap();
    other.close().unwrap();
}

#[test]
fn a_selection_that_is_too_large_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options { max_selected_samples: 10, ..on_demand() }).unwrap();
    let a = series("m", 1);
    let selection = Selection {
        matchers: vec![Matcher::equal("__name__", "m")],
        start_ms: 0,
        end_ms: 100,
        cancel: Cancel::default(),
    };
    for t in 1..12 {
        assert!(store.select(&selection).is_ok());
        store.append(batch(&store, &[(&a, t, Some(1.0))])).unwrap();
        if t % 2 == 0 {
            store.flush().unwrap();
        }
    }
    assert_eq!(
        store.select(&selection).unwrap_err().to_string(),
        "the query selects more than 10 samples of 1 series: ask for less time or fewer series"
    );
    // Others are answered, and samples taken.
    store.append(batch(&store, &[(&a, 12, Some(2.0))])).unwrap();
    store.flush().unwrap();
    assert_eq!(select(&store, vec![Matcher::equal("__name__", "m")], 10, 12).len(), 1);
}

#[test]
fn a_result_larger_than_the_memory_is_spilled() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { memory_limit_bytes: 24 << 20, ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let names: Vec<Labels> = (0..1000).map(|i| series("m", i)).collect();
    for t in 0..2000 {
        let mut batch = procession_store::Batch::default();
        names.iter().for_each(|l| batch.push(store.series_ref(l), t, (t * 31 % 977) as f64));
        store.append(batch).unwrap();
        if t % 100 == 99 {
            store.flush().unwrap();
        }
    }
    let matchers = vec![Matcher::equal("__name__", "m")];
    let set = store.select(&Selection { matchers, start_ms: -1, end_ms: i64::MAX, cancel: Cancel::default() }).unwrap();
    assert_eq!((set.len(), set.sample_count()), (1000, 2_000_000));
    assert!(set.iter().all(|s| s.timestamps.is_sorted() && s.values[1999] == (1999 * 31 % 977) as f64));
}
