//! Queries while batches come in and are committed: each sample once, each batch whole.

use crate::support::{Over, on_demand, series, tiny_blocks};
use procession_openmetrics::Labels;
use procession_promql::{Cancel, MatchOp, Matcher, Select, Selection};
use procession_store::{Batch, Options, Store};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

const SERIES: usize = 20;
const ROUNDS: i64 = 400;

/// One writer appends a batch a round, one sample for every series; commits go on as fast as they can. Readers look all
/// the while. Whatever a reader sees, each series has exactly the timestamps from 1 to one last round, the same for all.
#[test]
fn a_reader_sees_whole_batches_each_once() {
    for options in [on_demand(), Options { block_windows: vec![Duration::from_millis(100)], ..tiny_blocks() }] {
        concurrently(&Options { commit_interval: Duration::from_millis(2), max_concurrent_queries: 2, ..options });
    }
}

fn concurrently(options: &Options) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), options.clone()).unwrap();
    let labels: Vec<Labels> = (0..SERIES).map(|i| series("m", i)).collect();
    let appended = AtomicI64::new(0);
    let done = AtomicBool::new(false);

    let seen = std::thread::scope(|scope| {
        scope.spawn(|| {
            let _end = Over(&done);
            for round in 1..=ROUNDS {
                let mut batch = Batch::default();
                // The series in the second half begin late: their times are unknown to queries until then.
                let active = if round <= ROUNDS / 2 { SERIES / 2 } else { SERIES };
                labels[..active].iter().for_each(|l| batch.push(store.series_ref(l), round, round as f64));
                store.append(batch).unwrap();
                appended.store(round, Ordering::SeqCst);
                if round % 7 == 0 {
                    store.flush().unwrap();
                }
                if round % 25 == 0 && options.seal_samples < 1000 {
                    store.seal().unwrap();
                }
            }
        });
        let readers: Vec<_> = (0..3)
            .map(|reader| {
                let (store, appended, done) = (&store, &appended, &done);
                scope.spawn(move || {
                    let mut looks = 0;
                    while !done.load(Ordering::SeqCst) {
                        let before = appended.load(Ordering::SeqCst);
                        // One of the readers asks for recent samples only, where series are left out by their times.
                        let start = if reader == 0 { (before - 3).max(0) } else { 0 };
                        look(store, start, before);
                        looks += 1;
                    }
                    looks
                })
            })
            .collect();
        readers.into_iter().map(|r| r.join().unwrap()).sum::<usize>()
    });
    assert!(seen > 10, "readers came to look {seen} times");
    look(&store, 0, ROUNDS);
    let stats = store.stats();
    assert!(options.seal_samples > 1000 || (stats.seals > 5 && stats.merges > 1), "{stats:?}");
    store.close().unwrap();
    look(&Store::open(dir.path(), on_demand()).unwrap(), 0, ROUNDS);
}

fn look(store: &Store, start_ms: i64, at_least: i64) {
    let matchers = vec![Matcher { name: "i".into(), op: MatchOp::NotEqual(String::new()) }];
    let set = store.select(&Selection { matchers, start_ms, end_ms: i64::MAX, cancel: Cancel::default() }).unwrap();
    let last = set.iter().filter_map(|s| s.timestamps.last().copied()).max().unwrap_or(0);
    assert!(last >= at_least, "a sample that was appended is not seen: {last} < {at_least}");
    for s in set.iter() {
        let late = s.labels.get("i").unwrap().parse::<usize>().unwrap() >= SERIES / 2;
        let first = if late { start_ms.max(ROUNDS / 2) } else { start_ms };
        let expected: Vec<i64> = (first + 1..=last).collect();
        assert_eq!(s.timestamps, expected, "{} from {start_ms}", s.labels);
        assert!(s.values.iter().zip(s.timestamps).all(|(v, t)| *v == *t as f64));
    }
    let expected = if last > start_ms { if last > ROUNDS / 2 { SERIES } else { SERIES / 2 } } else { 0 };
    assert_eq!(set.len(), expected, "a batch is seen whole: up to {last}");
}
