//! A query takes at most three times the memory of its samples: of those that it reads and of those that it answers with,
//! 16 bytes each, the text of the answer included.
//!
//! `QUERY_MEMORY_HOURS=24 cargo test --release -p procession-scraper --test query_memory -- --nocapture` measures a day.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use peak_alloc::PeakAlloc;
use procession_openmetrics::{Labels, METRIC_NAME};
use procession_scraper::api::{ApiState, Limits, router};
use procession_store::{Batch, Options, SeriesRef, Store};
use std::time::Duration;
use tower::ServiceExt;

/// Counts what all threads hold.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const SAMPLE_BYTES: usize = 16;
/// What a query takes however little it reads: buffers of the pages of files, and the request's own.
const FIXED_BYTES: usize = 128 << 10;

const START_S: i64 = 1_735_689_600;
const INTERVAL_S: i64 = 15;
const HOSTS: usize = 4;
const GROUPS: usize = 15;

/// The families, with a label and its value.
const FAMILIES: [(&str, &str, &str); 8] = [
    ("proc_cpu_seconds_total", "mode", "user"),
    ("proc_cpu_seconds_total", "mode", "system"),
    ("proc_memory_bytes", "memtype", "resident"),
    ("proc_memory_bytes", "memtype", "virtual"),
    ("proc_read_bytes_total", "", ""),
    ("proc_context_switches_total", "", ""),
    ("proc_open_fds", "", ""),
    ("proc_processes", "", ""),
];

const RESIDENT: &str = "proc_memory_bytes{memtype=\"resident\"}";

/// Queries with their steps in seconds, 0 for one moment: one of each kind that dashboards ask, then those whose answers
/// are as long as what they read.
fn queries() -> Vec<(u64, String)> {
    [
        (0, "sum by (groupname) (rate(proc_cpu_seconds_total[5m]))".to_owned()),
        (60, "sum by (groupname) (rate(proc_cpu_seconds_total[5m]))".to_owned()),
        (60, format!("topk(10, sum by (groupname) ({RESIDENT}))")),
        (60, "proc_memory_bytes{memtype=\"resident\",groupname=\"app-007\",instance=\"host001:9256\"}".to_owned()),
        (60, "rate(proc_context_switches_total[5m])".to_owned()),
        (300, "max by (instance) (max_over_time(proc_memory_bytes[1h]))".to_owned()),
        (0, "quantile_over_time(0.95, proc_open_fds[24h])".to_owned()),
        (0, "topk(10, sum by (groupname) (increase(proc_cpu_seconds_total[24h])))".to_owned()),
        (60, "sum by (instance) (rate(proc_read_bytes_total{groupname=~\"app-0[0-2].*|.*7\"}[5m]))".to_owned()),
        (60, "count by (instance) (proc_processes)".to_owned()),
        (
            300,
            "max_over_time(sum by (groupname) (rate(proc_cpu_seconds_total{instance=\"host001:9256\"}[5m]))[1h:1m])"
                .to_owned(),
        ),
        (300, format!("predict_linear({RESIDENT}[1h], 86400)")),
        (15, "proc_memory_bytes".to_owned()),
        (15, "rate(proc_context_switches_total[1m])".to_owned()),
        (15, "topk(10, proc_open_fds)".to_owned()),
        (15, "proc_open_fds + proc_processes".to_owned()),
        (0, "proc_open_fds[24h]".to_owned()),
    ]
    .into()
}

fn hours() -> i64 {
    std::env::var("QUERY_MEMORY_HOURS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// A store of so many hours, the last of which is not sealed yet.
fn store(folder: &std::path::Path) -> Store {
    let options = Options { retention: None, commit_interval: Duration::from_secs(3_600), ..Options::default() };
    let store = Store::open(folder, options).unwrap();
    let series: Vec<(SeriesRef, usize)> = (0..HOSTS * GROUPS * FAMILIES.len())
        .map(|i| {
            let (name, label, value) = FAMILIES[i % FAMILIES.len()];
            let of = i / FAMILIES.len();
            let (group, host) = (format!("app-{:03}", of % GROUPS), format!("host{:03}:9256", of / GROUPS));
            let pairs =
                [(METRIC_NAME, name), ("groupname", &group), ("instance", &host), ("job", "proc"), (label, value)];
            let labels = Labels::from_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
            (store.series_ref(&labels), i)
        })
        .collect();
    let scrapes = hours() * 3_600 / INTERVAL_S;
    for scrape in 0..scrapes {
        let mut batch = Batch::default();
        for &(series, i) in &series {
            let value = (i as i64 * 1_000 + scrape * (1 + i as i64 % 13) + (scrape * 7 + i as i64) % 11) as f64;
            batch.push(series, (START_S + scrape * INTERVAL_S) * 1_000, value);
        }
        store.append(batch).unwrap();
        if scrape % 60 == 0 {
            store.flush().unwrap();
        }
        if scrape == scrapes - 3_600 / INTERVAL_S {
            store.seal().unwrap();
        }
    }
    store.flush().unwrap();
    store
}

/// Asks, throws the answer away as it comes, and gives back its length.
async fn ask(state: &ApiState, path: &str, parameters: &[(&str, String)]) -> usize {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let request = Request::post(format!("/api/v1/{path}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let response = router(state.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{parameters:?}");
    let mut pieces = response.into_body().into_data_stream();
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        length += piece.unwrap().len();
    }
    length
}

/// How many samples a query reads, and how many it answers with.
async fn samples(state: &ApiState, parameters: &[(&str, String)]) -> (usize, usize) {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let request = Request::get(format!("/api/v1/explain?{form}")).body(Body::empty()).unwrap();
    let response = router(state.clone()).oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let read = answer["data"]["samples"]["fetched"].as_u64().unwrap();
    // No step makes the samples of a range: they are what was read.
    let answered = answer["data"]["steps"][0]["values"].as_u64().unwrap_or(read);
    (read as usize, answered as usize)
}

#[tokio::test]
async fn a_query_takes_three_times_its_samples_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let state = ApiState::new(store(folder.path()), Limits::default());
    let (start, end) = (START_S - 7, START_S + hours() * 3_600 - 7);
    let mut beyond = Vec::new();
    println!("{:>10} {:>10} {:>10} {:>10} {:>6}  query", "read", "answered", "text", "bytes", "times");
    for (step, query) in queries() {
        let (path, parameters) = match step {
            0 => ("query", vec![("query", query.clone()), ("time", end.to_string())]),
            _ => {
                let [start, end, step] = [start.to_string(), end.to_string(), step.to_string()];
                ("query_range", vec![("query", query.clone()), ("start", start), ("end", end), ("step", step)])
            }
        };
        // The first one opens the blocks, and their indexes stay.
        let (read, answered) = samples(&state, &parameters).await;
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let text = ask(&state, path, &parameters).await;
        let taken = ALLOCATED.peak_usage().saturating_sub(before);
        let own = (read + answered) * SAMPLE_BYTES;
        let times = taken as f64 / own as f64;
        println!("{read:>10} {answered:>10} {text:>10} {taken:>10} {times:>6.2}  {query}");
        if taken > 3 * own + FIXED_BYTES {
            beyond.push(format!("{taken} bytes for {own} of samples: {query}"));
        }
    }
    assert!(beyond.is_empty(), "{}", beyond.join("\n"));
}
