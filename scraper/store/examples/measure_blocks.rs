//! What sealed blocks cost: their size, the CPU of sealing and merging, and how quickly samples are found in them.
//!
//! `cargo run --release -p procession-store --example measure_blocks -- FILE.om [FOLDER]`
//!
//! The file is OpenMetrics text with timestamps. Its samples are taken in in the order of time, as scrapes bring them,
//! a minute at once, with a commit after each.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers: it prints, and stops at an error")]

use procession_openmetrics::{Entry, Format, Labels, Parser};
use procession_promql::{Cancel, MatchOp, Matcher, Select, Selection};
use procession_store::{Batch, Error, Options, SeriesRef, Stats, Store};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const MINUTE_MS: i64 = 60_000;

fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let dir = args.next().map_or_else(|| scratch.path().join("store"), PathBuf::from);
    let options = Options { commit_interval: Duration::from_secs(3600), ..Options::default() };
    let store = Store::open(&dir, options.clone()).unwrap();
    let (mut samples, mut names) = read(&store, Path::new(&file));
    samples.sort_by_key(|s| s.1.div_euclid(MINUTE_MS));
    println!("{} samples of {} series read", samples.len(), store.stats().series);
    let (first, last) = (samples[0].1, samples[samples.len() - 1].1);

    let (cpu, wall) = (cpu_ms(), Instant::now());
    let mut slowest = Duration::ZERO;
    for minute in samples.chunk_by(|a, b| a.1.div_euclid(MINUTE_MS) == b.1.div_euclid(MINUTE_MS)) {
        append(&store, &mut names, minute);
        let begun = Instant::now();
        store.flush().unwrap();
        slowest = slowest.max(begun.elapsed());
    }
    println!(
        "taken in: CPU {:.3} us a sample with the sealing meanwhile, wall {:.1} s, slowest commit {:.0} ms",
        (cpu_ms() - cpu) as f64 * 1000.0 / samples.len() as f64,
        wall.elapsed().as_secs_f64(),
        slowest.as_secs_f64() * 1000.0
    );
    let before = cpu_ms();
    store.seal().unwrap();
    println!("sealed to the end: CPU {} ms more", cpu_ms() - before);
    report(&store.stats(), samples.len());
    println!("hot database {} KiB, RSS {}", fs::metadata(dir.join("head.duckdb")).unwrap().len() >> 10, rss_mib());
    look_up(&store, first, last);
    println!("RSS after queries {}", rss_mib());

    // A sample of the day after says that the day is over.
    let series = samples[0].0;
    append(&store, &mut names, &[(series, last + 24 * 60 * MINUTE_MS, 0.0)]);
    let before = cpu_ms();
    store.seal().unwrap();
    println!("the day is over: CPU {} ms, RSS {}", cpu_ms() - before, rss_mib());
    report(&store.stats(), samples.len() + 1);
    drop(samples);
    look_up(&store, first, last);
    store.close().unwrap();

    let begun = Instant::now();
    let store = Store::open(&dir, options).unwrap();
    println!(
        "opened again in {:.0} ms, hot database {} KiB",
        begun.elapsed().as_secs_f64() * 1e3,
        fs::metadata(dir.join("head.duckdb")).unwrap().len() >> 10
    );
    look_up(&store, first, last);
    store.close().unwrap();
}

/// Appends samples of series by their places in `names`. A series that has ended is forgotten once its samples are sealed; those that
/// the file has again get new numbers.
fn append(store: &Store, names: &mut [(Labels, SeriesRef)], samples: &[(usize, i64, f64)]) {
    let batch = |names: &[(Labels, SeriesRef)]| {
        let mut batch = Batch::default();
        samples.iter().for_each(|&(place, time, value)| batch.push(names[place].1, time, value));
        batch
    };
    if let Err(error) = store.append(batch(names)) {
        assert!(matches!(error, Error::Forgotten(_)));
        names.iter_mut().for_each(|(labels, series)| *series = store.series_ref(labels));
        store.append(batch(names)).map_err(|error| error.to_string()).unwrap();
    }
}

type Samples = Vec<(usize, i64, f64)>;

/// The samples of a file, by the place of their series, and the series.
fn read(store: &Store, file: &Path) -> (Samples, Vec<(Labels, SeriesRef)>) {
    let text = fs::read(file).unwrap();
    let mut parser = Parser::new(&text, Format::OpenMetrics);
    let mut samples = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut names = Vec::new();
    let mut last: Option<(String, usize)> = None;
    while let Some(entry) = parser.next_entry().unwrap() {
        let Entry::Sample(sample) = entry else { continue };
        if last.as_ref().is_none_or(|(text, _)| text != sample.series) {
            let text = sample.series.to_owned();
            let place = *places.entry(text.clone()).or_insert_with(|| {
                let labels = sample.to_labels().unwrap();
                names.push((labels.clone(), store.series_ref(&labels)));
                names.len() - 1
            });
            last = Some((text, place));
        }
        samples.push((last.as_ref().unwrap().1, sample.timestamp_ms.unwrap(), sample.value));
    }
    (samples, names)
}

fn report(stats: &Stats, samples: usize) {
    assert_eq!(stats.block_samples, samples as u64, "every sample is in a block, once");
    println!(
        "{} blocks, {} samples, {} bytes: {:.3} bytes a sample; {} seals {:.3} us a sample (wall), {} merges {:.3} us a sample merged (wall, {} samples)",
        stats.blocks,
        stats.block_samples,
        stats.block_bytes,
        stats.block_bytes as f64 / stats.block_samples as f64,
        stats.seals,
        stats.seal_time.as_secs_f64() * 1e6 / stats.sealed_samples as f64,
        stats.merges,
        stats.merge_time.as_secs_f64() * 1e6 / stats.merged_samples.max(1) as f64,
        stats.merged_samples
    );
}

fn look_up(store: &Store, first: i64, last: i64) {
    let name = |name: &str| Matcher::equal("__name__", name);
    let group = |text: &str| {
        let expression = regex::Regex::new(&format!("^(?s:{text})$")).unwrap();
        Matcher { name: "groupname".into(), op: MatchOp::Regex(expression) }
    };
    let one = || {
        vec![
            name("proc_memory_bytes"),
            Matcher::equal("instance", "host001:9256"),
            Matcher::equal("groupname", "app-007"),
            Matcher::equal("memtype", "resident"),
        ]
    };
    for (what, matchers, start) in [
        ("one series, all time", one(), first - 1),
        ("one metric, all time", vec![name("proc_cpu_seconds_total")], first - 1),
        ("one metric, last 5 minutes", vec![name("proc_cpu_seconds_total")], last - 300_000),
        ("one group of every metric, all time", vec![group("app-007")], first - 1),
        ("everything, last 5 minutes", vec![], last - 300_000),
    ] {
        let selection = Selection { matchers, start_ms: start, end_ms: last, cancel: Cancel::default() };
        let mut times = Vec::new();
        let mut found = (0, 0);
        for _ in 0..7 {
            let begun = Instant::now();
            let set = store.select(&selection).unwrap();
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            found = (set.len(), set.sample_count());
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!("{what}: first {first:.1} ms, median {:.1} ms for {} series, {} samples", times[3], found.0, found.1);
    }
}

fn status_kib(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|l| l.strip_prefix(key)).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

fn rss_mib() -> String {
    format!("{} MiB of which {} anonymous", status_kib("VmRSS:") / 1024, status_kib("RssAnon:") / 1024)
}

fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the line, in hundredths of a second.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}
