//! Short-lived processes make many series: what has ended leaves the memory once it is sealed, and nothing gets lost or
//! mixed up by it.

use crate::support::{all_of, batch, on_demand, select, series};
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use procession_store::{Batch, Error, SeriesRef, Store};
use std::path::Path;

const MINUTE_MS: i64 = 60_000;
/// Series of a round; each lives for two scrapes.
const BORN: usize = 200;

fn scrape(store: &Store, names: &[Labels], minute: i64) {
    let mut batch = Batch::default();
    names.iter().for_each(|l| batch.push(store.series_ref(l), minute * MINUTE_MS, minute as f64));
    assert_eq!(store.append(batch).unwrap().stored, names.len());
}

fn rows_of_series(dir: &Path) -> usize {
    let connection = duckdb::Connection::open(dir.join("head.duckdb")).unwrap();
    connection.query_row("SELECT count(*) FROM head_series", [], |r| r.get(0)).unwrap()
}

#[test]
fn memory_is_for_what_is_active() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), on_demand()).unwrap();
    let lasting = [series("m", 1_000_000)];
    let mut most = 0;
    let rounds = 25;
    for round in 0..rounds {
        let born: Vec<Labels> = (0..BORN).map(|i| series("m", round * BORN + i)).collect();
        for minute in 0..10 {
            scrape(&store, &lasting, round as i64 * 10 + minute);
            if minute < 2 {
                scrape(&store, &born, round as i64 * 10 + minute);
            }
        }
        store.seal().unwrap();
        most = most.max(store.stats().series);
    }
    assert!(most <= 2 * BORN + 1, "{most} series in memory, {} were seen", rounds * BORN);
    let all = all_of(&store, "m");
    assert_eq!(all.len(), rounds * BORN + 1);
    let short = all.iter().filter(|(_, samples)| samples.len() == 2).count();
    assert_eq!((short, store.label_values("i", &[], 0, i64::MAX).unwrap().len()), (rounds * BORN, rounds * BORN + 1));
    store.close().unwrap();
    assert!(rows_of_series(dir.path()) <= 2 * BORN + 1, "rows of forgotten series are gone");

    let store = Store::open(dir.path(), on_demand()).unwrap();
    assert_eq!(all_of(&store, "m"), all);
}

#[test]
fn a_number_that_was_kept_for_long_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), on_demand()).unwrap();
    let (old, new) = (series("m", 0), series("m", 1));
    let kept = store.series_ref(&old);
    let unused = store.series_ref(&series("m", 2));
    let one = |s: SeriesRef, minute: i64| Batch {
        series: vec![s],
        timestamps_ms: vec![minute * MINUTE_MS],
        values: vec![1.0],
    };
    assert_eq!(store.append(one(kept, 0)).unwrap().stored, 1);
    store.seal().unwrap();
    assert_eq!(store.append(one(kept, 1)).unwrap().stored, 1, "it is active");
    scrape(&store, std::slice::from_ref(&new), 60);
    // What the first seal had in hand left the database with it; the second sample does with this one.
    store.seal().unwrap();
    assert_eq!(store.stats().series, 1);

    let mixed = Batch {
        series: vec![store.series_ref(&new), kept],
        timestamps_ms: vec![61 * MINUTE_MS; 2],
        values: vec![2.0; 2],
    };
    let Err(Error::Forgotten(refused)) = store.append(mixed.clone()) else { panic!("it was taken") };
    assert_eq!((refused.series, refused.batch), (vec![kept], mixed));
    assert!(matches!(store.append(one(unused, 60)), Err(Error::Forgotten(_))));
    assert_eq!(all_of(&store, "m").iter().map(|s| s.1.len()).sum::<usize>(), 3, "nothing of it was taken");

    // Under a new number it is the same series: what it has in blocks counts.
    let again = store.series_ref(&old);
    assert_ne!(again, kept);
    let told = store.append(one(again, 1)).unwrap();
    assert_eq!((told.stored, told.duplicates), (0, 1));
    let told = store.append(one(again, 0)).unwrap();
    assert_eq!((told.stored, told.out_of_order), (0, 1));
    assert_eq!(store.append(one(again, 2)).unwrap().stored, 1);
    let samples: Vec<_> = select(&store, vec![Matcher::equal("i", "0")], -1, i64::MAX);
    let times: Vec<i64> = samples[0].1.iter().map(|s| s.0 / MINUTE_MS).collect();
    assert_eq!((samples.len(), times), (1, vec![0, 1, 2]));
}

#[test]
fn the_database_does_not_grow_with_series_that_have_ended() {
    let dir = tempfile::tempdir().unwrap();
    let options = procession_store::Options { checkpoint_bytes: 1 << 17, ..on_demand() };
    let store = Store::open(dir.path(), options).unwrap();
    let mut bytes = Vec::new();
    for round in 0..30 {
        let born: Vec<(Labels, i64)> = (0..1500).map(|i| (series("m", round * 1500 + i), round as i64 * 10)).collect();
        store
            .append(batch(&store, &born.iter().map(|(l, t)| (l, t * MINUTE_MS, Some(1.0))).collect::<Vec<_>>()))
            .unwrap();
        store.seal().unwrap();
        let stats = store.stats();
        bytes.push(stats.disk_bytes - stats.block_bytes);
    }
    let (early, late) = (bytes[5..15].iter().max().unwrap(), bytes[20..].iter().max().unwrap());
    assert!(*late <= early + (1 << 19), "{bytes:?}");
}
