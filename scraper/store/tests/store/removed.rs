//! Blocks that retention or a merge removes while a query reads them.

use crate::support::{Over, batch, on_demand, series};
use procession_openmetrics::Labels;
use procession_promql::{Cancel, Matcher, Select, Selection};
use procession_store::{Options, SqlLimits, Store};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const SERIES: usize = 20;
const MOMENTS: i64 = 500;

fn names() -> Vec<Labels> {
    (0..SERIES).map(|i| series("m", i)).collect()
}

fn fill(store: &Store, first_ms: i64) {
    let names = names();
    for t in first_ms..first_ms + MOMENTS {
        let rows: Vec<_> = names.iter().map(|l| (l, t, Some(t as f64))).collect();
        store.append(batch(store, &rows)).unwrap();
    }
}

/// A store that keeps a second of samples, with three blocks of half a second.
fn filled(dir: &Path) -> Store {
    let options = Options { retention: Some(Duration::from_secs(1)), ..on_demand() };
    let store = Store::open(dir, options).unwrap();
    for block in 0..3 {
        fill(&store, 1 + block * MOMENTS);
        store.seal().unwrap();
    }
    assert_eq!(store.stats().blocks, 3);
    store
}

/// Makes all that was there before too old.
fn remove_all(store: &Store) {
    fill(store, 1_000_000);
    store.seal().unwrap();
}

#[test]
fn sql_reads_to_the_end_what_was_there_when_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let folder = dir.path().join("blocks/0000000001");
    let mut seen = 0;
    let limits = SqlLimits { threads: 1, ..SqlLimits::default() };
    // Rows come in pieces; when the first is there, the blocks go, and files of them are still to be opened.
    store
        .sql("SELECT ts, value FROM stored_samples", &limits, &|| false, &mut |rows| {
            if seen == 0 {
                remove_all(&store);
                assert_eq!(store.stats().blocks, 1, "the others do not count any more");
                assert!(folder.exists(), "but they are there as long as somebody reads them");
            }
            seen += rows.num_rows();
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, 3 * SERIES * MOMENTS as usize);
    assert!(!folder.exists(), "nobody reads it any more");
    assert_eq!((store.stats().damaged_blocks, store.stats().missing_blocks), (0, 0));
}

#[test]
fn queries_find_whole_blocks_or_none_while_these_go() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        retention: Some(Duration::from_millis(2 * MOMENTS as u64)),
        block_windows: vec![Duration::from_millis(2 * MOMENTS as u64)],
        // Nothing stays open between two queries.
        index_bytes: 0,
        ..on_demand()
    };
    let store = Store::open(dir.path(), options).unwrap();
    fill(&store, 0);
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let select = || {
            while !over.load(Ordering::Relaxed) || asked.load(Ordering::Relaxed) == 0 {
                let matchers = vec![Matcher::equal("__name__", "m")];
                let all = Selection { matchers, start_ms: i64::MIN, end_ms: i64::MAX, cancel: Cancel::default() };
                let set = store.select(&all).unwrap();
                assert_eq!(set.iter().count(), SERIES);
                for one in set.iter() {
                    // From where retention has cut to now, without a gap.
                    let last = *one.timestamps.last().unwrap();
                    assert!(one.timestamps.iter().copied().eq(one.timestamps[0]..=last), "{:?}", one.labels);
                    assert!(last - one.timestamps[0] >= MOMENTS - 1);
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
        };
        let ask = || {
            while !over.load(Ordering::Relaxed) {
                let sql = "SELECT max(ts) - min(ts) + 1 - count(*) FROM samples WHERE labels['i'] = '3'";
                assert_eq!(crate::sql::lines(&store, sql).unwrap(), ["0"], "no gap");
            }
        };
        let end = Over(&over);
        let both = [scope.spawn(select), scope.spawn(ask)];
        for block in 1..25 {
            fill(&store, block * MOMENTS);
            store.seal().unwrap();
        }
        drop(end);
        both.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let stats = store.stats();
    assert!(stats.removed_blocks > 5 && stats.merges > 5, "{stats:?}");
    assert_eq!((stats.damaged_blocks, stats.missing_blocks), (0, 0));
}
