//! SQL that asks for some moments: it finds what it would find in everything, and takes no more than it needs.

use crate::sql::lines;
use crate::support::{batch, open, series, tiny_blocks};
use procession_openmetrics::Labels;
use procession_store::{SqlLimits, Store};
use std::fs;

/// Samples in blocks, in the hot table and waiting, of series of which each ends somewhere.
fn filled(dir: &std::path::Path) -> Store {
    let store = Store::open(dir, tiny_blocks()).unwrap();
    for t in 0..60i64 {
        let names: Vec<Labels> = (0..3).map(|i| series("m", (t as usize / 10) * 2 + i)).collect();
        let rows: Vec<_> = names.iter().map(|l| (l, t, (t % 7 != 0).then_some(t as f64))).collect();
        store.append(batch(&store, &rows)).unwrap();
        match t {
            20 | 40 => store.seal().unwrap(),
            50 => store.flush().unwrap(),
            _ => {}
        }
    }
    store
}

#[test]
fn some_moments_are_found_as_among_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let stats = store.stats();
    assert!(stats.blocks == 2 && stats.pending_samples > 0 && stats.block_samples < 180, "{stats:?}");
    let ask = |sql: &str| lines(&store, sql).unwrap();
    // Whoever asks for all and takes some: the condition is not one on moments alone.
    let check = |condition: &str| {
        let some = |condition: &str| {
            ask(&format!("SELECT name, labels['i'], ts, value, stale FROM samples WHERE {condition} ORDER BY ALL"))
        };
        let expected = some(&format!("({condition}) OR (random() > 2)"));
        assert_eq!(some(condition), expected, "{condition}");
        assert_eq!(ask(&format!("SELECT count(*) FROM samples WHERE {condition}")), [expected.len().to_string()]);
    };
    for (a, b) in [(0, 0), (0, 59), (5, 9), (19, 22), (39, 41), (45, 55), (51, 51), (59, 80), (-3, -1), (70, 80)] {
        let time = |t: i64| format!("make_timestamp_ms({t})");
        check(&format!("ts >= {a} AND ts <= {b}"));
        check(&format!("ts > {a} AND ts < {b} AND value > 10"));
        check(&format!("time BETWEEN {} AND {}", time(a), time(b)));
        check(&format!("time > {} AND ts = {b}", time(a)));
        check(&format!("ts = {a} OR ts = {b}"));
    }
    // All series are series, also of moments that nobody asks for.
    let both = "SELECT (SELECT count(*) FROM series), count(*) FROM samples WHERE ts = 55";
    assert_eq!(ask(both), ["13|3"]);
    assert_eq!(ask("SELECT count(*) FROM series"), ["13"]);

    let two = "SELECT (SELECT max(ts) FROM samples WHERE ts < 30), min(ts) FROM samples WHERE ts > 30";
    assert_eq!(ask(two), ["29|31"]);
    assert_eq!(ask("SELECT count(*) FROM samples WHERE false"), ["0"]);
}

#[test]
fn what_is_not_asked_for_takes_no_memory_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let names: Vec<Labels> = (0..1000).map(|i| series("m", i)).collect();
    store.append(batch(&store, &names.iter().map(|l| (l, 1, Some(0.5))).collect::<Vec<_>>())).unwrap();
    store.seal().unwrap();
    for t in 1000..1800i64 {
        let rows: Vec<_> = names.iter().map(|l| (l, t, Some((t as f64).sqrt()))).collect();
        store.append(batch(&store, &rows)).unwrap();
        if t % 100 == 0 {
            store.flush().unwrap();
        }
    }
    let little = SqlLimits { memory_bytes: 12 << 20, threads: 1, temp_bytes: 0, ..SqlLimits::default() };
    let ask = |sql: &str| {
        let mut rows = Vec::new();
        let told = store.sql(sql, &little, &|| false, &mut |batch| {
            rows.push(batch.num_rows());
            Ok(())
        });
        told.map(|()| rows.iter().sum::<usize>()).map_err(|error| error.to_string())
    };
    let message = ask("FROM samples").unwrap_err();
    assert!(message.contains("Out of Memory Error"), "{message}");
    // The block is not needed for the newest moments: it is neither opened nor missed.
    let block = dir.path().join("blocks/0000000001");
    let away = dir.path().join("away");
    fs::rename(&block, &away).unwrap();
    assert_eq!(ask("SELECT ts FROM samples WHERE ts >= 1799"), Ok(1000));
    assert_eq!(ask("SELECT 1"), Ok(1));
    fs::rename(&away, &block).unwrap();
    assert_eq!(ask("SELECT ts FROM samples WHERE time < '1970-01-01 00:00:01'"), Ok(1000));
    assert_eq!(ask("FROM series"), Ok(1000));
    assert_eq!(store.stats().damaged_blocks, 0);
}
