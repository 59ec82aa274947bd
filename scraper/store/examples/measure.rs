//! What samples cost: CPU and memory to take them in, time to find them again.
//!
//! `cargo run --release -p procession-store --example measure -- [TARGETS] [ROUNDS] [FOLDER]`
//!
//! Each target has 2,040 series and is scraped every 5 seconds; a commit follows every 10 scrapes (20,400 samples).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers: it prints, and stops at an error")]

use procession_openmetrics::Labels;
use procession_promql::{Cancel, MatchOp, Matcher, Select, Selection};
use procession_store::{Batch, Options, SeriesRef, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SERIES_PER_TARGET: usize = 2040;
const SCRAPES_PER_COMMIT: usize = 10;
const INTERVAL_MS: i64 = 5000;
const BEGIN_MS: i64 = 1_700_000_000_000;

fn main() {
    let mut args = std::env::args().skip(1);
    let targets: usize = args.next().map_or(50, |a| a.parse().unwrap());
    let rounds: usize = args.next().map_or(60, |a| a.parse().unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let dir = args.next().map_or_else(|| scratch.path().join("store"), PathBuf::from);
    let mut options = Options { commit_interval: Duration::from_secs(3600), ..Options::default() };
    if let Ok(mib) = std::env::var("MEMORY_MIB") {
        options.memory_limit_bytes = mib.parse::<u64>().unwrap() << 20;
    }

    let store = Store::open(&dir, options.clone()).unwrap();
    println!("empty store: RSS {}", rss_mib());
    let before = anonymous_kib();
    let series: Vec<Vec<SeriesRef>> =
        (0..targets).map(|t| (0..SERIES_PER_TARGET).map(|s| store.series_ref(&labels(t, s))).collect()).collect();
    let per_series = (anonymous_kib() - before) as f64 * 1024.0 / (targets * SERIES_PER_TARGET) as f64;
    println!("{} series interned: RSS {}, {per_series:.0} bytes each", store.stats().series, rss_mib());

    take_in(&store, &series, rounds);
    println!("RSS after it {}", rss_mib());
    look_up(&store, rounds);
    println!("RSS after queries {}", rss_mib());
    store.close().unwrap();
    reopen(&dir, options, targets * SERIES_PER_TARGET * rounds);
}

fn take_in(store: &Store, series: &[Vec<SeriesRef>], rounds: usize) {
    let (cpu, wall) = (cpu_ms(), Instant::now());
    let mut append = Duration::ZERO;
    for round in 0..rounds {
        for (t, series) in series.iter().enumerate() {
            let time = BEGIN_MS + round as i64 * INTERVAL_MS + t as i64 * 17;
            let mut batch = Batch::default();
            for (s, &series) in series.iter().enumerate() {
                // A third never changes, a third counts up, a third wanders.
                let value = match s % 3 {
                    0 => s as f64,
                    1 => (round * (s + t)) as f64 * 0.01,
                    _ => ((round * 7919 + s * 31 + t) % 100_003) as f64 * 4096.0,
                };
                batch.push(series, time, value);
            }
            let begun = Instant::now();
            store.append(batch).unwrap();
            append += begun.elapsed();
            if t % SCRAPES_PER_COMMIT == SCRAPES_PER_COMMIT - 1 {
                store.flush().unwrap();
            }
        }
    }
    store.flush().unwrap();
    let stats = store.stats();
    let samples = stats.committed_samples as f64;
    println!(
        "{samples} samples in {} commits: CPU {:.3} us a sample all in, append {:.3} us, commit {:.2} ms on average and {:.1} ms at most, {} checkpoints of {:.0} ms, {:.1} bytes a sample on disk, wall {:.1} s",
        stats.commits,
        (cpu_ms() - cpu) as f64 * 1000.0 / samples,
        append.as_secs_f64() * 1e6 / samples,
        stats.commit_time.as_secs_f64() * 1000.0 / stats.commits as f64,
        stats.commit_time_max.as_secs_f64() * 1000.0,
        stats.checkpoints,
        stats.checkpoint_time.as_secs_f64() * 1000.0 / stats.checkpoints.max(1) as f64,
        stats.disk_bytes as f64 / samples,
        wall.elapsed().as_secs_f64(),
    );
}

fn look_up(store: &Store, rounds: usize) {
    let end = BEGIN_MS + rounds as i64 * INTERVAL_MS;
    let metric = || Matcher::equal("__name__", "proc_group_cpu_seconds_total");
    let instance = |i: usize| Matcher::equal("instance", format!("host-{i:03}:9956"));
    let scattered =
        || Matcher { name: "group".into(), op: MatchOp::Regex(regex::Regex::new("^(?:group-7)$").unwrap()) };
    for (what, matchers, start) in [
        ("one series, all time", vec![metric(), instance(3), Matcher::equal("group", "group-7")], 0),
        ("a metric of one target, all time", vec![metric(), instance(3)], 0),
        ("a metric of all targets, all time", vec![metric()], 0),
        ("a metric of all targets, last 5 minutes", vec![metric()], end - 300_000),
        ("one group of all targets, scattered, all time", vec![metric(), scattered()], 0),
        ("everything, last round", vec![], end - INTERVAL_MS),
    ] {
        let selection = Selection { matchers, start_ms: start, end_ms: end, cancel: Cancel::default() };
        let mut best = Duration::MAX;
        let mut found = (0, 0);
        for _ in 0..5 {
            let begun = Instant::now();
            let set = store.select(&selection).unwrap();
            best = best.min(begun.elapsed());
            found = (set.len(), set.sample_count());
        }
        println!("{what}: {:.2} ms for {} series, {} samples", best.as_secs_f64() * 1000.0, found.0, found.1);
    }
}

fn reopen(dir: &Path, options: Options, expected: usize) {
    let begun = Instant::now();
    let store = Store::open(dir, options).unwrap();
    println!(
        "opened again in {:.0} ms with {expected} samples, RSS {}",
        begun.elapsed().as_secs_f64() * 1e3,
        rss_mib()
    );
    store.close().unwrap();
}

fn labels(target: usize, series: usize) -> Labels {
    // 20 metrics of 102 groups each.
    let names = ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "threads", "read_bytes_total"];
    let name = match series / 102 {
        n @ 0..5 => format!("proc_group_{}", names[n]),
        n => format!("proc_group_metric_{n}"),
    };
    Labels::from_pairs([
        ("__name__", name.as_str()),
        ("job", "procession"),
        ("instance", &format!("host-{target:03}:9956")),
        ("group", &format!("group-{}", series % 102)),
        ("mode", "user"),
        ("region", "eu-central-1"),
    ])
}

fn status_kib(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|l| l.strip_prefix(key)).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

fn rss_mib() -> String {
    format!("{} MiB of which {} anonymous", status_kib("VmRSS:") / 1024, status_kib("RssAnon:") / 1024)
}

fn anonymous_kib() -> u64 {
    status_kib("RssAnon:")
}

fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the line, in hundredths of a second.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}
