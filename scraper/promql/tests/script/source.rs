//! Samples in memory.

use super::block::Load;
use procession_openmetrics::{Labels, METRIC_NAME};
use procession_promql::{Select, SelectError, Selection, SeriesSet, matches_all};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// What was loaded: by series, by time.
#[derive(Default)]
pub(crate) struct Loaded {
    series: BTreeMap<Labels, BTreeMap<i64, f64>>,
    /// Series that also have samples which are native histograms, and so are not all here.
    with_histograms: BTreeSet<Labels>,
    asked_for_histograms: Cell<bool>,
}

impl Loaded {
    pub(crate) fn load(&mut self, load: &Load) {
        for line in &load.series {
            if line.has_histograms {
                self.with_histograms.insert(line.labels.clone());
            }
            if let (true, Some(name)) = (load.with_native, line.labels.metric_name().strip_suffix("_bucket")) {
                let mut native = line.labels.to_builder();
                native.set(METRIC_NAME, name).remove("le");
                self.with_histograms.insert(native.build());
            }
            let samples = self.series.entry(line.labels.clone()).or_default();
            for (i, value) in line.values.iter().enumerate() {
                if let Some(value) = value {
                    samples.insert(i as i64 * load.interval_ms, *value);
                }
            }
        }
    }

    /// Whether a selector since the last call matched series whose native histograms are not here.
    pub(crate) fn was_asked_for_histograms(&self) -> bool {
        self.asked_for_histograms.take()
    }
}

impl Select for Loaded {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        if self.with_histograms.iter().any(|l| matches_all(&selection.matchers, l)) {
            self.asked_for_histograms.set(true);
        }
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
