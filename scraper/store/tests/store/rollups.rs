//! Rollups: the same answers from fewer rows, and answers where the samples are gone.

use crate::support::{on_demand, series};
use procession_openmetrics::{Labels, STALE_NAN};
use procession_promql::{self as promql, Matcher, Outcome, Select, SelectError, Selection, SeriesSet, Value, Windows};
use procession_store::{Batch, Options, Store};
use std::fs;
use std::path::Path;
use std::time::Duration;

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
pub(crate) const DAYS: i64 = 4;

pub(crate) fn options() -> Options {
    // Of so few samples rows would hardly ever be read.
    Options { seal_samples: 4_000, rollup_share: f64::INFINITY, ..on_demand() }
}

/// A gauge, a counter that starts again now and then, one that comes and goes with markers, and one with odd values; a
/// sample a minute, some of them late by seconds, at midnight on the dot.
fn value(i: usize, minute: i64) -> Option<f64> {
    match i {
        0 => Some(((minute * 7919) % 1013) as f64 * 0.25),
        1 => Some((minute % 1700 * 3) as f64),
        2 if minute % 500 == 400 => Some(STALE_NAN),
        2 => (minute % 500 < 400).then_some((minute % 37) as f64 - 18.0),
        _ => Some(if minute % 90 == 0 { f64::NAN } else { (minute % 5) as f64 }),
    }
}

pub(crate) fn fill(store: &Store, minutes: std::ops::Range<i64>) {
    let names: Vec<Labels> = (0..4).map(|i| series("m", i)).collect();
    for minute in minutes {
        let at = minute * MINUTE_MS + if minute % 60 == 0 { 0 } else { minute % 7 * 1000 };
        let mut batch = Batch::default();
        for (i, labels) in names.iter().enumerate() {
            if let Some(value) = value(i, minute) {
                batch.push(store.series_ref(labels), at, value);
            }
        }
        store.append(batch).unwrap();
    }
}

pub(crate) fn filled(dir: &Path) -> Store {
    let store = Store::open(dir, options()).unwrap();
    for day in 0..DAYS {
        for quarter in 0..4 {
            let begin = (day * 4 + quarter) * 360;
            fill(&store, begin..begin + 360);
            store.seal().unwrap();
        }
    }
    fill(&store, DAYS * 1440..DAYS * 1440 + 200);
    store.flush().unwrap();
    store
}

/// The same store without its rollups.
pub(crate) struct Samples<'a>(pub(crate) &'a Store);

impl Select for Samples<'_> {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        self.0.select(selection)
    }
}

pub(crate) fn ask(
    source: &dyn Select,
    query: &str,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
) -> Vec<(String, i64, f64)> {
    let query = promql::parse(query).unwrap();
    let options = promql::Options { lookback_ms: 300_000, ..promql::Options::default() };
    let Outcome { value, .. } = promql::range(&query, start_ms, end_ms, step_ms, source, &options).unwrap();
    let Value::Matrix(set) = value else { panic!("{value:?}") };
    let of = |s: promql::SeriesView<'_>| -> Vec<(String, i64, f64)> {
        s.timestamps.iter().zip(s.values).map(|(t, v)| (s.labels.to_string(), *t, *v)).collect()
    };
    set.iter().flat_map(of).collect()
}

/// Exactly, but for the last digits of sums.
pub(crate) fn check_same(got: &[(String, i64, f64)], expected: &[(String, i64, f64)], exactly: bool, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (a, b) in got.iter().zip(expected) {
        let same = a.2 == b.2 || a.2.is_nan() && b.2.is_nan() || !exactly && (a.2 - b.2).abs() <= 1e-12 * b.2.abs();
        assert!((&a.0, a.1) == (&b.0, b.1) && same, "{what}: {a:?} instead of {b:?}");
    }
}

const EXACT: [&str; 14] = [
    "m",
    "timestamp(m)",
    "m offset 1h",
    "min_over_time(m[1h])",
    "max_over_time(m[2h])",
    "last_over_time(m[1h])",
    "first_over_time(m[1h])",
    "count_over_time(m[1h])",
    "present_over_time(m[1h] offset 1d)",
    "max_over_time(m[1h]) - min_over_time(m[1h])",
    "delta(m[3h])",
    "rate(m{i=\"1\"}[1h])",
    "sum(increase(m{i=~\"[12]\"}[1d]))",
    "m - quantile_over_time(0.5, m[1h])",
];
const ROUNDED: [&str; 4] = ["sum_over_time(m[1h])", "avg_over_time(m[6h])", "rate(m[1h])", "avg(increase(m[1d]))"];

pub(crate) fn check_all(store: &Store, what: &str) {
    let until = DAYS * DAY_MS + 3 * HOUR_MS;
    for (queries, exactly) in [(&EXACT[..], true), (&ROUNDED[..], false)] {
        for query in queries {
            for (start, step) in [
                (0, HOUR_MS),
                (DAY_MS + 5 * MINUTE_MS, 25 * MINUTE_MS),
                (10 * HOUR_MS, DAY_MS),
                // In step with nothing.
                (DAY_MS + 17_000, 47 * MINUTE_MS),
            ] {
                let what = format!("{query} from {start} by {step}, {what}");
                let expected = ask(&Samples(store), query, start, until, step);
                assert!(!expected.is_empty(), "{what}");
                check_same(&ask(store, query, start, until, step), &expected, exactly, &what);
            }
        }
    }
}

/// How many samples and rows a fetch of everything takes.
fn size(store: &Store, align_ms: i64) -> usize {
    let selection = Selection {
        matchers: vec![Matcher::equal("__name__", "m")],
        start_ms: 0,
        end_ms: DAYS * DAY_MS,
        cancel: promql::Cancel::default(),
    };
    store.select_windows(&selection, &Windows { align_ms, spaced: None, newest: false }).unwrap().sample_count()
}

#[test]
fn queries_agree_with_and_without_rollups() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let all = size(&store, 1);
    // Of four days the last is not sealed to its end for sure.
    assert!(size(&store, HOUR_MS) < all / 2 && size(&store, 5 * MINUTE_MS) < all / 2, "{all}");
    check_all(&store, "as made");
    store.close().unwrap();

    let store = Store::open(dir.path(), options()).unwrap();
    store.seal().unwrap();
    // All four days are over now.
    assert_eq!(
        size(&store, HOUR_MS),
        4 * 96 - (0..96).filter(|h| (h * 60 + 1..=h * 60 + 60).all(|m| value(2, m).is_none())).count()
    );
    check_all(&store, "after a start");
    let sql = duckdb_rows(store, dir.path());
    let samples = (0..4).map(|i| {
        (0..=DAYS * 1440).filter(|m| value(i, *m).is_some_and(|v| v.to_bits() != STALE_NAN.to_bits())).count()
    });
    assert_eq!(sql, (samples.sum::<usize>() as i64, 253.0));

    // What says which days may be used is lost: they are made again.
    fs::remove_file(dir.path().join("rollups.json")).unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    store.seal().unwrap();
    assert!(size(&store, HOUR_MS) < 400);
    check_all(&store, "made again");
    let blocks =
        |folder| fs::read_dir(dir.path().join(folder)).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir());
    assert_eq!((blocks("rollups-1h").count(), blocks("rollups-5m").count()), (2, 2), "instead of the old ones");
}

#[test]
fn few_samples_are_read_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let cheaper = |share| Options { rollup_share: share, ..options() };
    let store = filled(dir.path());
    store.seal().unwrap();
    store.close().unwrap();
    let sizes = [0.0, 1.0, f64::INFINITY].map(|share| {
        let store = Store::open(dir.path(), cheaper(share)).unwrap();
        // An hour of rows is a seventh of its samples, five minutes of them are more.
        let sizes = (size(&store, HOUR_MS), size(&store, 5 * MINUTE_MS));
        check_all(&store, &format!("rollups for {share}"));
        store.close().unwrap();
        sizes
    });
    let all = sizes[0].0;
    assert!(sizes[0].1 == all && sizes[1].1 == all, "{sizes:?}");
    assert!(sizes[2].0 < all / 2 && sizes[2].1 < all / 2, "{sizes:?}");
}

/// What the views say: samples in all, and the largest value of the gauge.
fn duckdb_rows(store: Store, dir: &Path) -> (i64, f64) {
    store.close().unwrap();
    let c = duckdb::Connection::open(dir.join("head.duckdb")).unwrap();
    let samples = c.query_row("SELECT sum(samples)::BIGINT FROM rollup_1h", [], |r| r.get(0)).unwrap();
    let largest =
        c.query_row("SELECT max(max) FROM rollup_5m WHERE name = 'm' AND labels['i'] = '0'", [], |r| r.get(0)).unwrap();
    let stretches = c
        .query_row("SELECT count(*) FROM rollup_5m WHERE labels['i'] IN ('0', '1', '3')", [], |r| r.get::<_, i64>(0))
        .unwrap();
    // The sample at the first midnight is of the day before.
    assert_eq!(stretches, 3 * (DAYS * 288 + 1));
    (samples, largest)
}

#[test]
fn rows_answer_when_the_samples_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    store.seal().unwrap();
    let query = "max_over_time(m[1h])";
    let expected = ask(&Samples(&store), query, HOUR_MS, DAYS * DAY_MS, HOUR_MS);
    store.close().unwrap();

    let a_day = Some(Duration::from_secs(24 * 3600));
    let store = Store::open(dir.path(), Options { retention: a_day, ..options() }).unwrap();
    store.seal().unwrap();
    assert!(ask(&Samples(&store), query, HOUR_MS, 2 * DAY_MS, HOUR_MS).is_empty(), "the samples are gone");
    check_same(&ask(&store, query, HOUR_MS, DAYS * DAY_MS, HOUR_MS), &expected, true, "from rows alone");
    store.close().unwrap();
    // What an import (which removes nothing) brings for such a day must not take the place of its rows.
    let store = Store::open(dir.path(), options()).unwrap();
    let series = vec![store.series_ref(&series("m", 77))];
    store.append(Batch { series, timestamps_ms: vec![1500 * MINUTE_MS], values: vec![7.0] }).unwrap();
    store.seal().unwrap();
    check_same(&ask(&store, query, HOUR_MS, DAYS * DAY_MS, HOUR_MS), &expected, true, "after late samples");
    store.close().unwrap();
    // Rows have a time of their own.
    let store = Store::open(dir.path(), Options { retention: a_day, rollup_retention: a_day, ..options() }).unwrap();
    store.seal().unwrap();
    assert!(ask(&store, query, HOUR_MS, 2 * DAY_MS, HOUR_MS).is_empty());
}

#[test]
fn late_samples_and_damage_are_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    store.seal().unwrap();
    let before = size(&store, HOUR_MS);
    let late = series("m", 77);
    for (minute, value) in [(100, 5.0), (130, 6.0), (1500, 7.0)] {
        let series = vec![store.series_ref(&late)];
        store.append(Batch { series, timestamps_ms: vec![minute * MINUTE_MS], values: vec![value] }).unwrap();
    }
    check_all(&store, "late and waiting");
    assert!(size(&store, HOUR_MS) > 2 * before, "samples answer for the days of hot samples");
    store.seal().unwrap();
    check_all(&store, "late and sealed");
    assert_eq!(size(&store, HOUR_MS), before + 3, "the days were made again");
    store.close().unwrap();

    let block =
        fs::read_dir(dir.path().join("rollups-1h")).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap();
    let file = block.join("samples.parquet");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    assert_eq!(store.stats().damaged_blocks, 1);
    check_all(&store, "a block of rows was damaged");
    store.seal().unwrap();
    assert_eq!(size(&store, HOUR_MS), before + 3, "its day was made again");
    check_all(&store, "and made again");
}

#[test]
fn an_old_sample_only_concerns_its_own_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    store.seal().unwrap();
    let (before, all) = (size(&store, HOUR_MS), size(&store, 1));
    let append = |i: usize, minutes: &[i64]| {
        let timestamps_ms: Vec<i64> = minutes.iter().map(|m| m * MINUTE_MS).collect();
        let series = vec![store.series_ref(&series("m", i)); minutes.len()];
        store.append(Batch { series, timestamps_ms, values: vec![7.0; minutes.len()] }).unwrap();
    };
    // A series that begins on the second day and is still there.
    append(77, &[1500, DAYS * 1440 + 300]);
    let hot = size(&store, HOUR_MS);
    assert!(hot > before && hot - before < all / 3, "{hot} of {all}: one day is read from samples");
    check_all(&store, "hot");
    store.seal().unwrap();
    assert_eq!(size(&store, HOUR_MS), before + 1, "that day was made again");
    check_all(&store, "sealed");
    store.close().unwrap();

    // One that is older than anything is kept, and goes at once: nothing is read from samples for it.
    let two_days = Some(Duration::from_secs(2 * 24 * 3600));
    let store = Store::open(dir.path(), Options { retention: two_days, ..options() }).unwrap();
    let series = vec![store.series_ref(&series("m", 78))];
    store.append(Batch { series, timestamps_ms: vec![100 * MINUTE_MS], values: vec![7.0] }).unwrap();
    store.flush().unwrap();
    // Deleting comes after a commit, before the next one.
    fill(&store, DAYS * 1440 + 301..DAYS * 1440 + 303);
    store.flush().unwrap();
    assert_eq!(size(&store, HOUR_MS), before + 1, "all days are answered from rows");
}
