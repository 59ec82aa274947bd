//! The same samples through `Select`, which reads blocks and memory itself, and through the SQL view: equal.

use crate::support::{Samples, on_demand, select, tiny_blocks};
use procession_openmetrics::{Labels, STALE_NAN};
use procession_promql::Matcher;
use procession_store::{Batch, Options, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// A step of what befalls a store.
#[derive(Clone, Debug)]
enum Step {
    /// So many milliseconds later these series (by number) have these values.
    Scrape(i64, Vec<(u8, f64)>),
    Seal,
    Flush,
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-1_000_000i32..1_000_000).prop_map(f64::from),
        4 => (-1_000_000i32..1_000_000).prop_map(|n| f64::from(n) / 1000.0),
        2 => Just(STALE_NAN),
        1 => any::<f64>().prop_map(|v| if v.is_nan() { f64::NAN } else { v }),
        1 => prop_oneof![
            Just(-0.0),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::NAN),
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE),
            Just(9_007_199_254_740_993.0)
        ],
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let scrape = (1i64..20, proptest::collection::vec((0u8..12, value()), 1..12));
    prop_oneof![
        8 => scrape.prop_map(|(later, values)| Step::Scrape(later, values)),
        1 => Just(Step::Seal),
        1 => Just(Step::Flush)
    ]
}

fn labels(number: u8) -> Labels {
    // Every third has a constant kind of value only, so that one block holds both forms.
    Labels::from_pairs([("__name__", ["a", "b", "c"][usize::from(number % 3)]), ("i", &number.to_string())])
}

fn fill(store: &Store, steps: &[Step]) -> i64 {
    let mut now = 0;
    for step in steps {
        match step {
            Step::Scrape(later, values) => {
                now += later;
                let mut batch = Batch::default();
                for (number, value) in values.iter().copied().collect::<BTreeMap<_, _>>() {
                    batch.push(store.series_ref(&labels(number)), now, value);
                }
                store.append(batch).unwrap();
            }
            Step::Seal => store.seal().unwrap(),
            Step::Flush => store.flush().unwrap(),
        }
    }
    store.flush().unwrap();
    now
}

/// Bits, since NaN equals nothing; all NaNs but the marker are one.
fn plain(all: Vec<(Labels, Samples)>) -> Vec<(String, i64, Option<u64>)> {
    let bits = |v: f64| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() };
    let rows = all.into_iter().flat_map(|(l, samples)| {
        samples.into_iter().map(move |(t, v)| (l.get("i").unwrap_or("").to_owned(), t, v.map(bits)))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

fn through_sql(dir: &Path, start_ms: i64, end_ms: i64) -> Vec<(String, i64, Option<u64>)> {
    let connection = duckdb::Connection::open(dir.join("head.duckdb")).unwrap();
    let mut statement =
        connection.prepare("SELECT labels['i'], ts, value, stale FROM samples WHERE ts > ? AND ts <= ?").unwrap();
    let rows = statement
        .query_map([start_ms, end_ms], |row| {
            let (value, stale): (Option<f64>, bool) = (row.get(2)?, row.get(3)?);
            assert_eq!(value.is_none(), stale);
            let bits = value.map(|v| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() });
            Ok((row.get::<_, String>(0)?, row.get(1)?, bits))
        })
        .unwrap();
    let mut rows: Vec<_> = rows.map(Result::unwrap).collect();
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn select_and_sql_say_the_same(
        steps in proptest::collection::vec(step(), 1..60),
        tiny in any::<bool>(),
        stretch in (-5i64..300, -5i64..300),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let options = || if tiny { tiny_blocks() } else { on_demand() };
        let store = Store::open(dir.path(), options()).unwrap();
        let end = fill(&store, &steps);
        let stretches = [(-1, end), stretch, (end / 2, i64::MAX)];
        let everything = || vec![];
        let before: Vec<_> = stretches.map(|(a, b)| plain(select(&store, everything(), a, b))).to_vec();
        let named = plain(select(&store, vec![Matcher::equal("__name__", "b")], -1, end));
        store.close().unwrap();

        let is_b = |i: &str| i.parse::<u8>().unwrap() % 3 == 1;
        for ((start, end), got) in stretches.into_iter().zip(&before) {
            prop_assert_eq!(got, &through_sql(dir.path(), start, end));
        }
        let expected: Vec<_> = before[0].iter().filter(|(i, ..)| is_b(i)).cloned().collect();
        prop_assert_eq!(named, expected);

        // After a start, too: from what the database and the blocks hold.
        let store = Store::open(dir.path(), options()).unwrap();
        for ((start, end), before) in stretches.into_iter().zip(before) {
            prop_assert_eq!(plain(select(&store, everything(), start, end)), before);
        }
    }
}

/// Series that are longer than a page and than a row group, and a block with all forms of values.
#[test]
fn long_series_cross_pages_and_groups() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { seal_samples: u64::MAX, max_pending_samples: usize::MAX, ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let value = |series: usize, i: i64| match series {
        0 => i as f64,
        1 => i as f64 / 100.0,
        2 => 1.0 / (i + 1) as f64,
        _ if i % 1000 == 999 => STALE_NAN,
        _ => (i / 7) as f64,
    };
    let refs: Vec<_> = (0..4u8).map(|i| store.series_ref(&labels(i))).collect();
    let mut batch = Batch::default();
    for i in 0..70_000 {
        refs.iter().enumerate().for_each(|(series, r)| batch.push(*r, i * 10, value(series, i)));
    }
    store.append(batch).unwrap();
    store.seal().unwrap();
    for (start, end) in [(-1, 700_000), (0, 10), (81_910, 81_930), (300_005, 600_000), (699_990, 800_000)] {
        let mut expected = Vec::new();
        for series in 0..4 {
            for i in (0..70_000).filter(|i| i * 10 > start && i * 10 <= end) {
                let v = value(series, i);
                expected.push((series.to_string(), i * 10, (v.to_bits() != STALE_NAN.to_bits()).then(|| v.to_bits())));
            }
        }
        assert!(plain(select(&store, vec![], start, end)) == expected, "{start} {end}");
    }
}
