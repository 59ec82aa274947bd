//! Samples in memory.

use super::block::Load;
use procession_openmetrics::Labels;
use procession_promql::{Select, SelectError, Selection, SeriesSet, matches_all};
use std::collections::{BTreeMap, BTreeSet};

/// What was loaded: by series, by time.
#[derive(Default)]
pub(crate) struct Loaded {
    series: BTreeMap<Labels, BTreeMap<i64, f64>>,
    /// Metrics that also have samples which are native histograms.
    with_histograms: BTreeSet<String>,
}

impl Loaded {
    pub(crate) fn load(&mut self, load: &Load) {
        for line in &load.series {
            let name = line.labels.metric_name();
            if line.has_histograms {
                self.with_histograms.insert(name.to_owned());
                continue;
            }
            if load.with_native {
                self.with_histograms.insert(name.trim_end_matches("_bucket").to_owned());
            }
            let samples = self.series.entry(line.labels.clone()).or_default();
            for (i, value) in line.values.iter().enumerate() {
                if let Some(value) = value {
                    samples.insert(i as i64 * load.interval_ms, *value);
                }
            }
        }
    }

    /// Whether a query names a metric of which we lack the native histograms.
    pub(crate) fn touches_histograms(&self, query: &str) -> bool {
        let words = query.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
        words.into_iter().any(|w| self.with_histograms.contains(w))
    }
}

impl Select for Loaded {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        let mut set = SeriesSet::default();
        // Backwards, since the order is the evaluator's business.
        for (labels, samples) in self.series.iter().rev().filter(|(l, _)| matches_all(&selection.matchers, l)) {
            for (time, value) in samples.range(selection.start_ms + 1..=selection.end_ms) {
                set.push_sample(*time, *value);
            }
            set.finish_series(labels.clone());
        }
        Ok(set)
    }
}
