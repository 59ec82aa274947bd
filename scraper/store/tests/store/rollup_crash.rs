//! `kill -9` while days are rolled up, rows merged, and samples and rows removed that are too old.

use crate::killed;
use crate::rollups::{DAY_MS, HOUR_MS, MINUTE_MS, ask};
use crate::support::{all_of, on_demand, series};
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use procession_store::{Batch, Options, RetentionRule, Store, verify};
use std::path::Path;
use std::time::Duration;

/// A sample so often.
const STEP_MS: i64 = 20 * MINUTE_MS;
const SERIES: usize = 12;
/// Days that samples are kept, those of series 1, and rows.
const KEPT_DAYS: i64 = 6;
const KEPT_DAYS_OF_1: i64 = 3;
const KEPT_DAYS_OF_ROWS: i64 = 40;

fn days(days: i64) -> Option<Duration> {
    Some(Duration::from_secs(days as u64 * 24 * 3600))
}

fn options() -> Options {
    Options {
        commit_interval: Duration::from_millis(3),
        checkpoint_bytes: 200_000,
        seal_samples: 300,
        retention: days(KEPT_DAYS),
        retention_rules: vec![RetentionRule { matchers: vec![Matcher::equal("i", "1")], keep: days(KEPT_DAYS_OF_1) }],
        rollup_retention: days(KEPT_DAYS_OF_ROWS),
        ..on_demand()
    }
}

fn value(i: usize, at_ms: i64) -> f64 {
    ((at_ms / STEP_MS) * 7919 % 1013 + i as i64) as f64
}

fn append(store: &Store, at_ms: i64) {
    let mut batch = Batch::default();
    (0..SERIES).for_each(|i| batch.push(store.series_ref(&series("m", i)), at_ms, value(i, at_ms)));
    store.append(batch).unwrap();
}

/// Not a test of its own: what the killed process runs. It appends batch after batch and says which is surely on disk.
#[test]
fn child_that_is_killed() {
    let Some(dir) = killed::folder() else { return };
    let store = Store::open(&dir, options()).unwrap();
    // What the last one left: days must not go by faster than they are sealed, here and below, since retention would take
    // samples that are in no row yet.
    store.seal().unwrap();
    let first = store.stats().max_time_ms.unwrap_or(0) + STEP_MS;
    for at_ms in (first..).step_by(STEP_MS as usize) {
        append(&store, at_ms);
        if at_ms % (6 * HOUR_MS) == 0 {
            store.flush().unwrap();
            killed::say(at_ms);
        }
        if at_ms % (2 * DAY_MS) == 0 {
            store.seal().unwrap();
        }
    }
}

#[test]
fn rows_and_samples_are_whole_after_each_kill() {
    let dir = tempfile::tempdir().unwrap();
    let rounds = killed::rounds(4);
    let mut acknowledged = 0;
    let (mut from_rows, mut removed_rows) = (0, false);
    for round in 0..rounds {
        let numbers = 7 + round * 7 % 19;
        acknowledged = killed::kill("rollup_crash::child_that_is_killed", dir.path(), None, numbers, round * 20_011);
        let (rows, has_removed) = check(dir.path(), acknowledged, round);
        from_rows += rows;
        removed_rows |= has_removed;
    }
    // Days pass whose samples are gone, and in a long run some whose rows are gone, too.
    assert!(from_rows > 0 || acknowledged < 2 * KEPT_DAYS * DAY_MS, "{acknowledged}");
    assert!(removed_rows || acknowledged < 3 * KEPT_DAYS_OF_ROWS * DAY_MS, "{acknowledged}");
}

/// Every series has the samples that must be kept, and each hour whose row or samples must be kept has an answer, the right
/// one. Returns how many hours only rows answered, and whether old rows are gone.
fn check(dir: &Path, acknowledged: i64, round: usize) -> (usize, bool) {
    assert_eq!(verify(dir).unwrap().wrong, [""; 0], "round {round}");
    let store = Store::open(dir, options()).unwrap();
    let stats = store.stats();
    assert_eq!((stats.damaged_blocks, stats.missing_blocks), (0, 0), "round {round}");
    let all = all_of(&store, "m");
    assert_eq!(all.len(), SERIES, "round {round}");
    let last = stats.max_time_ms.unwrap();
    assert!(last >= acknowledged, "round {round}: acknowledged {acknowledged}, but there is only {last}");
    let mut oldest = last;
    for (labels, samples) in &all {
        let (i, all_first) = (number(labels), samples[0].0);
        let kept = if i == 1 { KEPT_DAYS_OF_1 } else { KEPT_DAYS };
        // What is older may be there, since blocks go as a whole.
        let first = (last - kept * DAY_MS).max(STEP_MS);
        let samples: Vec<_> = samples.iter().copied().filter(|(t, _)| *t >= first).collect();
        let times = (STEP_MS..=last).step_by(STEP_MS as usize).filter(|t| *t >= first);
        let whole: Vec<(i64, Option<f64>)> = times.map(|t| (t, Some(value(i, t)))).collect();
        let differs = samples.iter().zip(&whole).find(|(a, b)| a != b);
        assert!(
            samples == whole,
            "round {round}: {labels} from {first} to {last}, {} of {}: {differs:?}",
            samples.len(),
            whole.len()
        );
        oldest = oldest.min(all_first);
    }

    // The hours (end - 1 h, end] of all days that rows or samples must answer.
    let first_row = (last - KEPT_DAYS_OF_ROWS * DAY_MS).max(0);
    let begin = first_row + (DAY_MS - first_row % DAY_MS) % DAY_MS + HOUR_MS;
    let end = last - last % HOUR_MS;
    let hours: Vec<i64> = (begin..=end).step_by(HOUR_MS as usize).collect();
    let answers = ask(&store, "max_over_time(m[1h])", begin, end, HOUR_MS);
    for (labels, _) in &all {
        let of: Vec<i64> =
            answers.iter().filter(|(l, ..)| labels.to_string().ends_with(&l[1..])).map(|(_, at, _)| *at).collect();
        let missing: Vec<&i64> = hours.iter().filter(|hour| !of.contains(hour)).collect();
        assert!(missing.is_empty(), "round {round}: {labels} from {begin} to {end} lacks {missing:?}");
    }
    for (labels, at, got) in &answers {
        let i = all.iter().find(|(l, _)| labels.ends_with(&l.to_string()[1..])).map(|(l, _)| number(l)).unwrap();
        let expected = [2, 1, 0].map(|n| value(i, at - n * STEP_MS)).into_iter().fold(f64::MIN, f64::max);
        assert_eq!(*got, expected, "round {round}: {labels} at {at}");
    }
    let first_hour = ask(&store, "max_over_time(m[1h])", HOUR_MS, HOUR_MS, HOUR_MS);
    store.close().unwrap();
    (hours.iter().filter(|&&hour| hour < oldest).count(), first_hour.is_empty())
}

fn number(labels: &Labels) -> usize {
    labels.get("i").unwrap().parse().unwrap()
}
