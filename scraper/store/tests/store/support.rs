//! What the tests say again and again.

use procession_openmetrics::{Labels, STALE_NAN};
use procession_promql::{Cancel, Matcher, Select, Selection, SeriesSet, Windows};
use procession_store::{Batch, Options, Stats, Store};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Samples of one series; a staleness marker is `None`.
pub(crate) type Samples = Vec<(i64, Option<f64>)>;

/// Commits only when asked, so that a test decides what is in memory and what on disk.
pub(crate) fn on_demand() -> Options {
    Options {
        commit_interval: Duration::from_secs(3600),
        retention: None,
        threads: 2,
        // Who breaks a block decides who finds that.
        check_bytes_per_second: 0,
        ..Options::default()
    }
}

/// Blocks of a few samples, in windows of a few milliseconds, so that every query crosses many.
pub(crate) fn tiny_blocks() -> Options {
    Options {
        seal_samples: 20,
        seal_after: Duration::from_millis(30),
        block_windows: vec![Duration::from_millis(10), Duration::from_millis(40)],
        max_block_samples: 2000,
        index_bytes: 3_000,
        ..on_demand()
    }
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, on_demand()).unwrap()
}

pub(crate) fn series(name: &str, i: usize) -> Labels {
    Labels::from_pairs([("__name__", name), ("i", &i.to_string())])
}

pub(crate) fn batch(store: &Store, samples: &[(&Labels, i64, Option<f64>)]) -> Batch {
    let mut batch = Batch::default();
    for (labels, timestamp, value) in samples {
        batch.push(store.series_ref(labels), *timestamp, value.unwrap_or(STALE_NAN));
    }
    batch
}

/// All samples with `start < timestamp <= end` of what the matchers select, sorted by label set.
pub(crate) fn select(store: &Store, matchers: Vec<Matcher>, start_ms: i64, end_ms: i64) -> Vec<(Labels, Samples)> {
    columns(&store.select(&Selection { matchers, start_ms, end_ms, cancel: Cancel::default() }).unwrap())
}

/// The newest sample of each series, asked for as such.
pub(crate) fn newest(store: &Store, matchers: Vec<Matcher>, start_ms: i64, end_ms: i64) -> Vec<(Labels, Samples)> {
    let selection = Selection { matchers, start_ms, end_ms, cancel: Cancel::default() };
    let windows = Windows { align_ms: 1, spaced: None, newest: true };
    let mut all = columns(&store.select_windows(&selection, &windows).unwrap());
    // The others may be left out, and need not be.
    all.iter_mut().for_each(|(_, samples)| _ = samples.drain(..samples.len() - 1));
    all
}

fn columns(set: &SeriesSet) -> Vec<(Labels, Samples)> {
    let mut all: Vec<(Labels, Samples)> = set
        .iter()
        .map(|s| {
            let value = |v: &f64| (v.to_bits() != STALE_NAN.to_bits()).then_some(*v);
            (s.labels.clone(), s.timestamps.iter().copied().zip(s.values.iter().map(value)).collect())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Everything of one metric.
pub(crate) fn all_of(store: &Store, name: &str) -> Vec<(Labels, Samples)> {
    select(store, vec![Matcher::equal("__name__", name)], i64::MIN, i64::MAX)
}

/// What happens by itself, awaited for as long as a busy machine may need.
pub(crate) fn until(store: &Store, what: &str, is_so: impl Fn(&Stats) -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_so(&store.stats()) {
        assert!(Instant::now() < end, "{what} did not come to be: {:?}", store.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says that it is over when it is dropped, also by a panic: other threads wait for that.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
