//! `kill -9` at any moment: the store opens again and has all that was acknowledged.

use crate::killed;
use crate::support::{all_of, on_demand, open, series};
use procession_store::{Batch, Options, Store};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

const SERIES: usize = 300;
/// For how many milliseconds of samples it keeps them.
const KEEP: &str = "STORE_CRASH_KEEP";

/// Not a test of its own: what the killed process runs. It appends batch after batch and says which is surely on disk.
#[test]
fn child_that_is_killed() {
    let Some(dir) = killed::folder() else { return };
    // Tiny checkpoints and blocks, so that the end often comes while the log is written into the table, or while a block
    // is sealed, merged or removed.
    let retention = std::env::var(KEEP).ok().map(|ms| Duration::from_millis(ms.parse().unwrap()));
    let options = Options {
        commit_interval: Duration::from_millis(3),
        checkpoint_bytes: 200_000,
        seal_samples: 3000,
        block_windows: vec![Duration::from_millis(25), Duration::from_millis(100)],
        retention,
        ..on_demand()
    };
    let store = Store::open(&dir, options).unwrap();
    let first = store.stats().max_time_ms.unwrap_or(0) + 1;
    for t in first.. {
        let mut batch = Batch::default();
        // Some series are new every time, as short-lived processes make them.
        let names = (0..SERIES).map(|i| series("m", i)).chain((0..3).map(|i| series("churn", t as usize * 3 + i)));
        names.for_each(|l| batch.push(store.series_ref(&l), t, t as f64));
        store.append(batch).unwrap();
        if t % 3 == 0 {
            store.flush().unwrap();
            killed::say(t);
        }
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    kill_again_and_again(None);
}

#[test]
fn nothing_that_is_kept_is_lost_while_old_samples_go() {
    kill_again_and_again(Some(150));
}

fn kill_again_and_again(keep_ms: Option<i64>) {
    let dir = tempfile::tempdir().unwrap();
    let rounds = killed::rounds(12);
    let mut acknowledged = 0;
    let mut blocks = BTreeSet::new();
    for round in 0..rounds {
        let keep = keep_ms.map(|ms| (KEEP, ms.to_string()));
        let numbers = 1 + round * 17 % 60;
        acknowledged = killed::kill("crash::child_that_is_killed", dir.path(), keep, numbers, round * 20_011);
        blocks.extend(check(dir.path(), acknowledged, keep_ms));
    }
    assert!(blocks.len() > rounds / 2, "sealed and merged all the while: {blocks:?}");
    assert!(acknowledged > rounds as i64);
}

/// All series of `m` have every timestamp from 1 (or from where samples must be kept) to one last, which is not before the
/// acknowledged one, none twice, and each batch is there whole. Others see the same rows. Returns the names of the blocks.
fn check(dir: &Path, acknowledged: i64, keep_ms: Option<i64>) -> Vec<String> {
    let store = open(dir);
    let all = all_of(&store, "m");
    assert_eq!(all.len(), SERIES);
    let last = all[0].1.last().unwrap().0;
    assert!(last >= acknowledged, "acknowledged {acknowledged}, but there is only {last}");
    let first = keep_ms.map_or(1, |ms| (last - ms).max(1));
    let times: Vec<i64> = all[0].1.iter().map(|s| s.0).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "none twice: {times:?}");
    // What is older than is kept may be there, since blocks go as a whole.
    let kept: Vec<i64> = times.iter().copied().filter(|&t| t >= first).collect();
    assert!(kept.iter().copied().eq(first..=last), "{kept:?} instead of {first} to {last}");
    let expected: Vec<(i64, Option<f64>)> = times.iter().map(|&t| (t, Some(t as f64))).collect();
    for (labels, samples) in &all {
        assert_eq!(samples, &expected, "{labels}");
    }
    let churned = all_of(&store, "churn");
    assert_eq!(churned.len(), 3 * times.len(), "each batch brought three series");
    let stats = store.stats();
    assert_eq!((stats.damaged_blocks, stats.missing_blocks), (0, 0));
    store.close().unwrap();
    let outside = duckdb::Connection::open(dir.join("head.duckdb")).unwrap();
    let rows: i64 = outside.query_row("SELECT count(*) FROM samples", [], |r| r.get(0)).unwrap();
    assert_eq!(rows as usize, times.len() * (SERIES + 3), "others see the same");
    let names = std::fs::read_dir(dir.join("blocks")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.bytes().all(|b| b.is_ascii_digit())).collect()
}
