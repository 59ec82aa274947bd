//! What short-lived series cost: a million in a day of which 100,000 at a time, as processes on many hosts make them.
//!
//! `cargo run --release -p procession-store --example measure_churn -- FOLDER [DAYS [INTERVAL_SECONDS [SERIES_AT_A_TIME [SERIES_A_DAY]]]]`
//!
//! Time is simulated: each scrape of all series comes as soon as the one before is committed. For weeks of history take an
//! interval of minutes or an hour; the last two hours are scraped at 60 seconds in any case. When it is done the folder is opened again by
//! a process of its own (`measure_churn open FOLDER`), which says how long that took, its memory, and how quickly labels
//! and last values are found.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a tool for developers: it prints, and stops at an error"
)]

use procession_openmetrics::Labels;
use procession_promql::{Cancel, Matcher, Select, Selection, Windows};
use procession_store::{Batch, Error, Options, SeriesRef, Store};
use procession_web::heap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const SERIES_PER_PROCESS: usize = 20;
const PROCESSES_PER_TARGET: usize = 100;
const DAY_S: i64 = 86_400;
/// 2026-01-01.
const BEGIN_S: i64 = 1_767_225_600;

fn main() {
    // As the scraper does.
    heap::keep_small();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "open" {
        return open(Path::new(&args[1]));
    }
    let number = |at: usize, default: i64| args.get(at).map_or(default, |text| text.parse().unwrap());
    let (days, interval_s) = (number(1, 1), number(2, 60));
    let (at_a_time, a_day) = (number(3, 100_000) as usize, number(4, 1_000_000));
    fill(Path::new(&args[0]), days * DAY_S, interval_s, at_a_time, at_a_time as i64 * DAY_S / a_day);
    let status = Command::new(std::env::current_exe().unwrap()).args(["open", &args[0]]).status().unwrap();
    assert!(status.success());
}

/// One process: its series have the same life.
struct Process {
    /// How many were there before it in its place.
    generation: i64,
    series: Vec<SeriesRef>,
}

fn labels(place: usize, generation: i64, metric: usize) -> Labels {
    let pid = 1000 + place as i64 % PROCESSES_PER_TARGET as i64 + generation * 131;
    Labels::from_pairs([
        ("__name__", format!("proc_metric_{metric:02}_total")),
        ("instance", format!("host{:04}:9956", place / PROCESSES_PER_TARGET)),
        ("job", "procession".to_owned()),
        ("group", format!("app-{:03}", place % 37)),
        ("pid", pid.to_string()),
    ])
}

fn fill(dir: &Path, seconds: i64, interval_s: i64, at_a_time: usize, life_s: i64) {
    let options = Options { commit_interval: Duration::from_secs(3600), ..Options::default() };
    let store = Store::open(dir, options).unwrap();
    let places = at_a_time / SERIES_PER_PROCESS;
    let mut processes: Vec<Process> = (0..places).map(|_| Process { generation: -1, series: Vec::new() }).collect();
    let (begun, mut samples, mut born) = (Instant::now(), 0u64, 0u64);
    let (mut now_s, mut told_s, mut most) = (0, 0, 0);
    let mut sealing = 0;
    let mut commits: Vec<Duration> = Vec::new();
    while now_s < seconds {
        for (target, of_target) in processes.chunks_mut(PROCESSES_PER_TARGET).enumerate() {
            let mut batch = Batch::default();
            for (i, process) in of_target.iter_mut().enumerate() {
                let place = target * PROCESSES_PER_TARGET + i;
                // Their lives begin one after the other.
                let generation = (now_s + place as i64 * life_s / places as i64) / life_s;
                if process.generation != generation {
                    process.generation = generation;
                    born += SERIES_PER_PROCESS as u64;
                    name(&store, process, place);
                }
                for (metric, series) in process.series.iter().enumerate() {
                    let value = (now_s / (10 + metric as i64)) as f64 * 0.01 * metric as f64;
                    batch.push(*series, (BEGIN_S + now_s) * 1000, value);
                }
            }
            samples += batch.len() as u64;
            if let Err(error) = store.append(batch) {
                // At long intervals all have ended as far as the store can see.
                let Error::Forgotten(forgotten) = error else { panic!("{error}") };
                (0..).zip(of_target.iter_mut()).for_each(|(i, p)| name(&store, p, target * PROCESSES_PER_TARGET + i));
                let mut batch = forgotten.batch;
                batch.series = of_target.iter().flat_map(|p| p.series.iter().copied()).collect();
                store.append(batch).unwrap();
            }
        }
        // Hours pass in moments here: sealing must not fall behind further than it would.
        let stats = store.stats();
        if interval_s > 60 && stats.committed_samples - stats.sealed_samples > 5 * at_a_time as u64 {
            sealing += 1;
            store.seal().unwrap();
        }
        let committing = Instant::now();
        store.flush().unwrap();
        commits.push(committing.elapsed());
        most = most.max(store.stats().series);
        if now_s >= told_s {
            told_s += (seconds / 12).max(1);
            let stats = store.stats();
            println!(
                "hour {:.1}: {born} series seen, {} in memory, {} active, {} blocks, RSS {}, {:.0} s gone",
                now_s as f64 / 3600.0,
                stats.series,
                stats.active_series,
                stats.blocks,
                rss_mib(),
                begun.elapsed().as_secs_f64()
            );
        }
        now_s +=
            if now_s >= seconds - 7200 { interval_s.min(60) } else { interval_s.min(seconds - 7200 - now_s).max(1) };
    }
    commits.sort();
    let (stats, commit_ms) = (store.stats(), |at: usize| commits[at].as_secs_f64() * 1000.0);
    println!(
        "{samples} samples of {born} series ({sealing} times sealing was waited for); at most {most} series in memory; CPU {:.2} us a sample with sealing and merging, \
         99 % of commits within {:.0} ms, the slowest {:.0} ms, {:.2} bytes a sample in {} blocks; RSS {}",
        cpu_ms() as f64 * 1000.0 / samples as f64,
        commit_ms(commits.len() * 99 / 100),
        commit_ms(commits.len() - 1),
        stats.block_bytes as f64 / stats.block_samples.max(1) as f64,
        stats.blocks,
        rss_mib()
    );
    at_rest(&store, "after all commits");
    last_values(&store);
    store.close().unwrap();
}

/// What a service at rest has: nothing is sealed or merged, and what is free went back to the system, as it does every 30 seconds.
fn at_rest(store: &Store, when: &str) {
    let begun = Instant::now();
    let mut cpu = cpu_ms();
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let before = std::mem::replace(&mut cpu, cpu_ms());
        if cpu - before < 20 || begun.elapsed() > Duration::from_secs(60) {
            break;
        }
    }
    heap::give_back();
    println!("at rest {when}: RSS {}; caches {:?}", rss_mib(), store.stats().cache_bytes);
}

fn name(store: &Store, process: &mut Process, place: usize) {
    let of = |metric| store.series_ref(&labels(place, process.generation, metric));
    process.series = (0..SERIES_PER_PROCESS).map(of).collect();
}

fn open(dir: &Path) {
    let begun = Instant::now();
    let store = Store::open(dir, Options::default()).unwrap();
    let (took, cpu) = (begun.elapsed().as_secs_f64(), thread_cpu_ms() / 1000.0);
    let stats = store.stats();
    let (first, last) = (stats.min_time_ms.unwrap(), stats.max_time_ms.unwrap());
    println!(
        "opened in {took:.2} s, CPU {cpu:.2} s: {} series in memory, {} active, {} blocks, {:.1} days, hot {} MiB, blocks {} MiB; RSS {}",
        stats.series,
        stats.active_series,
        stats.blocks,
        (last - first) as f64 / 86_400_000.0,
        fs::metadata(dir.join("head.duckdb")).unwrap().len() >> 20,
        stats.block_bytes >> 20,
        rss_mib()
    );
    at_rest(&store, "after the start");
    let hour = last - 3_600_000;
    let of_host = [vec![Matcher::equal("instance", "host0007:9956")]];
    last_values(&store);
    for (when, start) in [("last hour", hour), ("all time", first)] {
        timed(&format!("label names, {when}"), &|| store.label_names(&[], start, last).unwrap().len());
        timed(&format!("values of instance, {when}"), &|| {
            store.label_values("instance", &[], start, last).unwrap().len()
        });
        timed(&format!("values of pid, {when}"), &|| store.label_values("pid", &[], start, last).unwrap().len());
        if let Err(error) = store.series(&of_host, start, last, 0) {
            println!("series of a host, {when}: {error}");
        } else {
            timed(&format!("series of a host, {when}"), &|| store.series(&of_host, start, last, 0).unwrap().len());
        }
        timed(&format!("10,000 of all series, {when}"), &|| store.series(&[], start, last, 10_000).unwrap().len());
        at_rest(&store, &format!("after the queries of {when}"));
    }
    let hours = Selection { matchers: vec![], start_ms: last - 7_200_000, end_ms: last, cancel: Cancel::default() };
    timed("two hours of everything", &|| store.select(&hours).unwrap().len());
    at_rest(&store, "after two hours of everything");
}

fn last_values(store: &Store) {
    let last = store.stats().max_time_ms.unwrap();
    let minutes = Selection { matchers: vec![], start_ms: last - 300_000, end_ms: last, cancel: Cancel::default() };
    let newest = Windows { align_ms: 1, spaced: None, newest: true };
    timed("last value of everything", &|| store.select_windows(&minutes, &newest).unwrap().len());
    timed("five minutes of everything", &|| store.select(&minutes).unwrap().len());
}

fn timed(what: &str, ask: &dyn Fn() -> usize) {
    let mut cpu = Vec::new();
    let times: Vec<f64> = (0..5)
        .map(|_| {
            let (begun, begun_cpu) = (Instant::now(), thread_cpu_ms());
            ask();
            cpu.push(thread_cpu_ms() - begun_cpu);
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    cpu.sort_by(f64::total_cmp);
    let mut sorted = times.clone();
    sorted.sort_by(f64::total_cmp);
    let (first, median, cpu) = (times[0], sorted[2], cpu[2]);
    println!("{what}: first {first:.1} ms, median {median:.1} ms, CPU {cpu:.1} ms, {} found; RSS {}", ask(), rss_mib());
}

fn status_kib(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|l| l.strip_prefix(key)).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

fn rss_mib() -> String {
    format!("{} MiB of which {} anonymous", status_kib("VmRSS:") / 1024, status_kib("RssAnon:") / 1024)
}

/// What this thread used.
fn thread_cpu_ms() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the line, in hundredths of a second.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}
