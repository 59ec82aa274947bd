//! `kill -9` at any moment: the store opens again and has all that was acknowledged.

use crate::support::{all_of, on_demand, open, series};
use procession_store::{Batch, Options, Store};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const SERIES: usize = 300;
/// Unless the environment's `STORE_CRASH_ROUNDS` says otherwise.
const ROUNDS: usize = 12;
/// Says to the test binary that it is the process to be killed.
const CHILD: &str = "STORE_CRASH_CHILD";

/// Not a test of its own: what the killed process runs. It appends batch after batch and says which is surely on disk.
#[test]
fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    // Tiny checkpoints, so that the log is often being written into the table when the end comes.
    let options = Options { commit_interval: Duration::from_millis(3), checkpoint_bytes: 200_000, ..on_demand() };
    let store = Store::open(Path::new(&dir), options).unwrap();
    let first = store.stats().max_time_ms.unwrap_or(0) + 1;
    for t in first.. {
        let mut batch = Batch::default();
        // Some series are new every time, as short-lived processes make them.
        let names = (0..SERIES).map(|i| series("m", i)).chain((0..3).map(|i| series("churn", t as usize * 3 + i)));
        names.for_each(|l| batch.push(store.series_ref(&l), t, t as f64));
        store.append(batch).unwrap();
        if t % 3 == 0 {
            store.flush().unwrap();
            println!("\nflushed {t}");
        }
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let rounds = std::env::var("STORE_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let mut acknowledged = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child_that_is_killed", "--nocapture", "--test-threads=1"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // How long it may live is told by its own progress, never by a clock: so many acknowledged batches, and in odd
        // rounds a little into what follows.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = 1 + round * 17 % 60;
        while left > 0 {
            let line = lines.next().expect("the child ended by itself").unwrap();
            if let Some(t) = line.strip_prefix("flushed ") {
                acknowledged = t.parse().unwrap();
                left -= 1;
            }
        }
        (0..round * 20_011 % 300_000).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died counts as well.
        for line in lines.map_while(Result::ok) {
            if let Some(t) = line.strip_prefix("flushed ") {
                acknowledged = t.parse().unwrap();
            }
        }
        check(dir.path(), acknowledged);
    }
    assert!(acknowledged > rounds as i64);
}

/// All series of `m` have every timestamp from 1 to one last, which is not before the acknowledged one, and each batch
/// is there whole.
fn check(dir: &Path, acknowledged: i64) {
    let store = open(dir);
    let all = all_of(&store, "m");
    assert_eq!(all.len(), SERIES);
    let last = all[0].1.last().unwrap().0;
    assert!(last >= acknowledged, "acknowledged {acknowledged}, but there is only {last}");
    for (labels, samples) in &all {
        let expected: Vec<(i64, Option<f64>)> = (1..=last).map(|t| (t, Some(t as f64))).collect();
        assert_eq!(samples, &expected, "{labels}");
    }
    let churned = all_of(&store, "churn");
    assert_eq!(churned.len(), 3 * last as usize, "each batch brought three series");
}
