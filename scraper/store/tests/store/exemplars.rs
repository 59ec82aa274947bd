//! Exemplars: kept over restarts, by series and time, no more than may be.

use crate::support::{batch, on_demand, open, series};
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use procession_store::{Exemplar, Options, Store};

fn exemplar(trace: &str, timestamp_ms: i64, value: f64) -> Exemplar {
    Exemplar { labels: Labels::from_pairs([("trace_id", trace)]), timestamp_ms, value }
}

/// `trace@time` of what a metric has.
fn found(store: &Store, name: &str, start_ms: i64, end_ms: i64) -> Vec<String> {
    let found = store.exemplars(&[vec![Matcher::equal("__name__", name)]], start_ms, end_ms);
    let all = found.iter().flat_map(|f| f.exemplars.iter().map(move |e| (&f.series, e)));
    all.map(|(s, e)| {
        let (i, trace) = (s.get("i").unwrap_or(""), e.labels.get("trace_id").unwrap_or(""));
        format!("{i} {trace}@{} {}", e.timestamp_ms, e.value)
    })
    .collect()
}

#[test]
fn survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (a, b) = (series("m", 1), series("m", 2));
    let other = series("other", 1);
    store.append(batch(&store, &[(&a, 1000, Some(1.0)), (&b, 1000, Some(1.0)), (&other, 1000, Some(1.0))])).unwrap();
    let reference = |labels: &Labels| store.series_ref(labels);
    store.append_exemplars([
        (reference(&b), exemplar("quote\"d; DROP", 900, 0.5)),
        (reference(&a), exemplar("x", 800, f64::INFINITY)),
        (reference(&a), exemplar("y", 950, -1.0)),
        (reference(&other), exemplar("z", 950, 1.0)),
    ]);
    let all = ["1 x@800 inf", "1 y@950 -1", "2 quote\"d; DROP@900 0.5"];
    assert_eq!(found(&store, "m", 0, 1000), all, "before they are on disk");
    store.flush().unwrap();
    // Sealing takes the samples away, and the series with them.
    store.seal().unwrap();
    store.append_exemplars([(reference(&a), exemplar("late", 990, 2.0))]);
    store.close().unwrap();

    let store = open(dir.path());
    assert_eq!(found(&store, "m", 0, 1000), [all[0], all[1], "1 late@990 2", all[2]]);
    assert_eq!(found(&store, "m", 801, 950), [all[1], all[2]]);
    assert_eq!(found(&store, "m", 801, 949), [all[2]]);
    assert!(found(&store, "nothing", 0, 1000).is_empty());
}

#[test]
fn are_bounded_and_go_with_old_samples() {
    let dir = tempfile::tempdir().unwrap();
    let options = || Options { max_exemplars: 10, retention: Some(std::time::Duration::from_secs(100)), ..on_demand() };
    let store = Store::open(dir.path(), options()).unwrap();
    let a = series("m", 1);
    for at in 0..3000 {
        store.append_exemplars([(store.series_ref(&a), exemplar("t", at, 1.0))]);
        if at % 100 == 0 {
            store.append(batch(&store, &[(&a, at, Some(1.0))])).unwrap();
            store.flush().unwrap();
        }
    }
    assert_eq!(found(&store, "m", 0, 10_000).len(), 10);
    store.close().unwrap();
    let store = Store::open(dir.path(), options()).unwrap();
    assert_eq!(found(&store, "m", 0, 10_000).last().unwrap(), "1 t@2999 1");
    assert_eq!(found(&store, "m", 0, 10_000).len(), 10);
    // The newest sample decides how old is too old.
    store.append(batch(&store, &[(&a, 102_995, Some(1.0))])).unwrap();
    assert_eq!(found(&store, "m", 0, 10_000).len(), 5);
    store.limit_exemplars(0);
    assert!(found(&store, "m", 0, 10_000).is_empty());
    store.close().unwrap();
    assert!(found(&Store::open(dir.path(), on_demand()).unwrap(), "m", 0, 10_000).is_empty());
}
