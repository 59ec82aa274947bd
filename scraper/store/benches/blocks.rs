//! Blocks of many short series, as short-lived processes leave them: what finding and fetching some of them costs, and what
//! sealing costs.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may fail by panicking")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use procession_openmetrics::{Labels, METRIC_NAME};
use procession_promql::{Cancel, Matcher, Select, Selection};
use procession_store::{Batch, Options, SeriesRef, Store};
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// Scrapes of a block, and how far apart.
const SCRAPES: i64 = 8;
const EVERY_MS: i64 = 15_000;

/// Nothing happens by itself.
fn open(dir: &Path) -> Store {
    let options = Options {
        commit_interval: Duration::from_secs(3600),
        seal_samples: u64::MAX,
        retention: None,
        check_bytes_per_second: 0,
        ..Options::default()
    };
    Store::open(dir, options).unwrap()
}

/// Processes of 20 hosts in 200 groups, four metrics of each.
fn label_set(i: usize) -> Labels {
    let process = i / 4;
    let name = ["proc_cpu_seconds_total", "proc_open_fds", "proc_resident_memory_bytes", "proc_threads"][i % 4];
    Labels::from_pairs([
        (METRIC_NAME, name),
        ("group", &format!("group-{}", process % 200)),
        ("instance", &format!("host-{}:9956", process % 20)),
        ("job", "procession"),
        ("pid", &(1000 + process).to_string()),
    ])
}

fn append(store: &Store, series: &[SeriesRef]) {
    for scrape in 0..SCRAPES {
        let mut batch = Batch::default();
        for (i, &number) in series.iter().enumerate() {
            batch.push(number, scrape * EVERY_MS + (i % 20) as i64, (i as i64 % 97 * (scrape + 1)) as f64);
        }
        store.append(batch).unwrap();
    }
}

fn seal(store: &Store, series: usize) {
    let series: Vec<SeriesRef> = (0..series).map(|i| store.series_ref(&label_set(i))).collect();
    append(store, &series);
    store.seal().unwrap();
}

fn finding(c: &mut Criterion) {
    const SERIES: usize = 100_000;
    let dir = tempfile::tempdir().unwrap();
    seal(&open(dir.path()), SERIES);
    let one = || vec![Matcher::equal(METRIC_NAME, "proc_open_fds"), Matcher::equal("pid", "13000")];
    let host = || vec![Matcher::equal("instance", "host-7:9956")];
    let end_ms = SCRAPES * EVERY_MS;
    let mut group = c.benchmark_group("a block of 100,000 series");
    group.sample_size(20);
    let store = open(dir.path());
    assert_eq!(store.series(&[one()], 0, end_ms, 0).unwrap().len(), 1);
    assert_eq!(store.series(&[host()], 0, end_ms, 0).unwrap().len(), SERIES / 20);
    group.bench_function("one series", |b| b.iter(|| black_box(store.series(&[one()], 0, end_ms, 0).unwrap())));
    group.bench_function("series of one host of twenty", |b| {
        b.iter(|| black_box(store.series(&[host()], 0, end_ms, 0).unwrap()));
    });
    group.bench_function("pids of one host of twenty", |b| {
        b.iter(|| black_box(store.label_values("pid", &[host()], 0, end_ms).unwrap()));
    });
    let select = |matchers: Vec<Matcher>| {
        store.select(&Selection { matchers, start_ms: -1, end_ms, cancel: Cancel::default() }).unwrap()
    };
    group.bench_function("samples of one series", |b| b.iter(|| black_box(select(one()))));
    group.bench_function("samples of one host of twenty", |b| b.iter(|| black_box(select(host()))));
    drop(store);
    // The index is read from its file.
    group.bench_function("one series, the first question after a start", |b| {
        b.iter_batched(
            || open(dir.path()),
            |store| {
                black_box(store.series(&[one()], 0, end_ms, 0).unwrap());
                store
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn sealing(c: &mut Criterion) {
    const SERIES: usize = 20_000;
    let mut group = c.benchmark_group("sealing");
    group.sample_size(10).throughput(Throughput::Elements(SERIES as u64 * SCRAPES as u64));
    group.bench_function("20,000 short series", |b| {
        let prepared = || {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path());
            let series: Vec<SeriesRef> = (0..SERIES).map(|i| store.series_ref(&label_set(i))).collect();
            append(&store, &series);
            store.flush().unwrap();
            (dir, store)
        };
        b.iter_batched(
            prepared,
            |(dir, store)| {
                store.seal().unwrap();
                (dir, store)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, finding, sealing);
criterion_main!(benches);
