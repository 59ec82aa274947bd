use super::*;
use crate::{Batch, Options, Store};
use std::time::Duration;

/// Ten series in a block, and one that is not sealed.
fn store(dir: &std::path::Path) -> Store {
    let options = Options { commit_interval: Duration::from_secs(3600), retention: None, ..Options::default() };
    let store = Store::open(dir, options).unwrap();
    let append = |range: std::ops::Range<u32>| {
        let mut batch = Batch::default();
        for i in range {
            let labels = Labels::from_pairs([("__name__", "m"), ("i", &i.to_string())]);
            batch.push(store.series_ref(&labels), 1000, 1.0);
        }
        store.append(batch).unwrap();
    };
    append(0..10);
    store.seal().unwrap();
    append(10..11);
    store
}

#[test]
fn a_question_is_bounded_by_what_it_finds_returns_and_looks_at() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let all = Limits { found: 10, series: 11, looked_at: 10 };
    let m = || vec![Matcher::equal("__name__", "m")];
    let i = |value: &str| vec![Matcher::equal("i", value)];
    let check = |limits: Limits, sets: &[Vec<Matcher>], limit: usize, expected: Result<usize, u64>| {
        let told = |error: Error| match error {
            Error::TooManySeries { limit } => limit,
            other => panic!("{other}"),
        };
        let found = series(store.shared(), &limits, sets, 0, 2000, limit);
        assert_eq!(found.map(|found| found.len()).map_err(told), expected, "{limits:?} {sets:?} {limit}");
        let bounded = |e: u64| if e == limits.series as u64 { None } else { Some(e) };
        if let Some(expected) = expected.err().and_then(bounded) {
            let of_names = label_names(store.shared(), &limits, sets, 0, 2000).map_err(told);
            assert_eq!(of_names, Err(expected), "{limits:?} {sets:?}");
            let of_values = label_values(store.shared(), &limits, "i", sets, 0, 2000).map_err(told);
            assert_eq!(of_values, Err(expected), "{limits:?} {sets:?}");
        }
    };
    check(all, &[m()], 0, Ok(11));
    check(Limits { found: 9, ..all }, &[m()], 0, Err(9));
    check(Limits { found: 1, ..all }, &[i("3")], 0, Ok(1));
    check(Limits { looked_at: 9, ..all }, &[i("3")], 0, Err(9));
    check(Limits { series: 7, ..all }, &[m()], 0, Err(7));
    check(Limits { series: 7, ..all }, &[m()], 7, Ok(7));
    // Each set of matchers looks at all series of a block.
    check(Limits { looked_at: 20, ..all }, &[i("3"), i("4")], 0, Ok(2));
    check(Limits { looked_at: 19, ..all }, &[i("3"), i("4")], 0, Err(19));
    // What is found by one and by the other counts twice.
    let twice = Limits { found: 19, looked_at: 20, ..all };
    check(twice, &[m(), m()], 0, Err(19));
    check(Limits { found: 20, ..twice }, &[m(), m()], 0, Ok(11));
}
