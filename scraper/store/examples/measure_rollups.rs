//! What a year's chart costs with rollups and without.
//!
//! `cargo run --release -p procession-store --example measure_rollups -- [DAYS [SERIES [INTERVAL_SECONDS]]]`
//!
//! Makes a store of that many days (365) and series (20, half of them counters) at an interval (60 s), and asks for all of
//! it with a step of an hour, and for its last day with a step of a minute.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a tool for developers: it prints, and stops at an error"
)]

use procession_openmetrics::Labels;
use procession_promql::{self as promql, Select, SelectError, Selection, SeriesSet, Value};
use procession_store::{Batch, Options, Store};
use std::time::{Duration, Instant};

const DAY_MS: i64 = 86_400_000;
/// 2026-01-01.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// A store without its rollups.
struct Samples<'a>(&'a Store);

impl Select for Samples<'_> {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        self.0.select(selection)
    }
}

fn main() {
    let number = |at: usize, default: i64| std::env::args().nth(at).map_or(default, |text| text.parse().unwrap());
    let (days, count, interval_ms) = (number(1, 365), number(2, 20), number(3, 60) * 1000);
    let dir = tempfile::tempdir().unwrap();
    let options = Options { commit_interval: Duration::from_secs(3600), retention: None, ..Options::default() };
    let store = Store::open(dir.path(), options).unwrap();
    let begun = Instant::now();
    let series: Vec<_> = (0..count)
        .map(|i| {
            let name = if i % 2 == 0 { "memory_bytes" } else { "cpu_seconds_total" };
            store.series_ref(&Labels::from_pairs([("__name__", name), ("i", &i.to_string())]))
        })
        .collect();
    let (mut values, mut random) = (vec![0.0f64; series.len()], 1u64);
    for day in 0..=days {
        let mut batch = Batch::default();
        // The last day is not over.
        let end = if day == days { DAY_MS / 12 } else { DAY_MS };
        for at in (0..end).step_by(interval_ms as usize) {
            for (i, series) in series.iter().enumerate() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let step = (random >> 33) % 100;
                values[i] = if i % 2 == 0 { (step * 4096 * 1000) as f64 } else { values[i] + step as f64 * 0.01 };
                batch.push(*series, BEGIN_MS + day * DAY_MS + at, (values[i] * 100.0).round() / 100.0);
            }
        }
        store.append(batch).unwrap();
        if day % 30 == 0 || store.stats().pending_samples > 500_000 {
            store.flush().unwrap();
        }
    }
    store.seal().unwrap();
    let stats = store.stats();
    println!(
        "{days} days of {count} series every {} s: {} samples, {:.2} bytes each in {} blocks; made in {:.0} s",
        interval_ms / 1000,
        stats.block_samples,
        stats.block_bytes as f64 / stats.block_samples as f64,
        stats.blocks,
        begun.elapsed().as_secs_f64()
    );
    for folder in ["rollups-1h", "rollups-5m"] {
        let (mut bytes, mut blocks) = (0, 0);
        for entry in
            std::fs::read_dir(dir.path().join(folder)).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir())
        {
            blocks += 1;
            bytes += std::fs::read_dir(entry).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum::<u64>();
        }
        println!("{folder}: {} KiB in {blocks} blocks", bytes >> 10);
    }
    let until = BEGIN_MS + days * DAY_MS;
    for query in [
        "max_over_time(memory_bytes{i=\"0\"}[1h])",
        "max_over_time(memory_bytes[1h])",
        "sum(rate(cpu_seconds_total[1h]))",
        "sum(memory_bytes)",
    ] {
        let year = (BEGIN_MS + DAY_MS, until, 3_600_000);
        let with = timed(&store, query, year);
        let without = timed(&Samples(&store), query, year);
        let day = timed(&Samples(&store), query, (until - DAY_MS, until, 60_000));
        println!(
            "{query}: all days by hours {with:.2} ms with rollups, {without:.2} ms without; one day by minutes {day:.2} ms"
        );
    }
}

/// The quickest of twenty, in milliseconds.
fn timed(source: &dyn Select, query: &str, (start, end, step): (i64, i64, i64)) -> f64 {
    let query = promql::parse(query).unwrap();
    let mut times: Vec<f64> = (0..20)
        .map(|_| {
            let begun = Instant::now();
            let outcome = promql::range(&query, start, end, step, source, &promql::Options::default()).unwrap();
            let Value::Matrix(set) = outcome.value else { panic!("no matrix") };
            assert!(!set.is_empty());
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[0]
}
