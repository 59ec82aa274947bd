//! The store as a query sees it: watched, so that a query that was given up stops at its next fetch, and measured.

use super::gate::Leave;
use procession_promql::{Select, SelectError, Selection, SeriesSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A source that counts what is fetched from it.
pub(crate) struct Watched<'a> {
    source: &'a dyn Select,
    leave: &'a Leave,
    samples: AtomicU64,
    peak_samples: AtomicU64,
    fetch_nanoseconds: AtomicU64,
}

impl<'a> Watched<'a> {
    /// Watches the fetches of one query.
    pub(crate) fn new(source: &'a dyn Select, leave: &'a Leave) -> Self {
        let zero = AtomicU64::default;
        Watched { source, leave, samples: zero(), peak_samples: zero(), fetch_nanoseconds: zero() }
    }

    /// Writes the member `stats` behind a query's result: Prometheus's names for what is known here. The queryable
    /// samples are those fetched from the store, each once, and the peak is the largest single fetch.
    pub(crate) fn write_stats(&self, out: &mut Vec<u8>, queued: Duration, evaluated: Duration) {
        let fetch = Duration::from_nanos(self.fetch_nanoseconds.load(Ordering::Relaxed));
        let inner = evaluated.saturating_sub(fetch);
        let stats = serde_json::json!({
            "timings": {
                "evalTotalTime": evaluated.as_secs_f64(),
                "resultSortTime": 0.0,
                "queryPreparationTime": fetch.as_secs_f64(),
                "innerEvalTime": inner.as_secs_f64(),
                "execQueueTime": queued.as_secs_f64(),
                "execTotalTime": (queued + evaluated).as_secs_f64(),
            },
            "samples": {
                "totalQueryableSamples": self.samples.load(Ordering::Relaxed),
                "peakSamples": self.peak_samples.load(Ordering::Relaxed),
            },
        });
        out.extend_from_slice(b",\"stats\":");
        out.extend_from_slice(stats.to_string().as_bytes());
    }
}

impl Select for Watched<'_> {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        self.leave.check().map_err(|e| SelectError(e.message))?;
        let began = Instant::now();
        let set = self.source.select(selection);
        self.fetch_nanoseconds.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        if let Ok(set) = &set {
            let count = set.sample_count() as u64;
            self.samples.fetch_add(count, Ordering::Relaxed);
            self.peak_samples.fetch_max(count, Ordering::Relaxed);
        }
        set
    }
}
