//! The samples of one hot table.

use super::Told;
use super::samples::Samples;
use crate::head::Span;
use crate::series::NumberMap;
use procession_openmetrics::Labels;

/// Samples by the number of their series, with its labels, which sealing needs.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    series: NumberMap<(Labels, Samples)>,
    /// What lies before was deleted.
    from_ms: Option<i64>,
}

impl Generation {
    /// Adds the newest sample of a series. `labels` is asked once for each series; one without labels is nobody's. False
    /// where the series has a sample that is as new: then nothing is added.
    pub(super) fn push(
        &mut self,
        number: u32,
        timestamp_ms: i64,
        value: f64,
        labels: impl Fn() -> Option<Labels>,
    ) -> bool {
        if let Some((_, samples)) = self.series.get_mut(&number) {
            let is_newer = samples.span_ms().1 < timestamp_ms;
            if is_newer {
                samples.push(timestamp_ms, value);
            }
            return is_newer;
        }
        if let Some(labels) = labels() {
            let (_, samples) = self.series.entry(number).or_insert_with(|| (labels, Samples::default()));
            samples.push(timestamp_ms, value);
        }
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The most samples that it may have: those that were deleted count.
    pub(crate) fn count(&self) -> u64 {
        self.series.values().map(|(_, samples)| u64::from(samples.count())).sum()
    }

    /// What it takes in memory, but for the labels.
    pub(super) fn memory_bytes(&self) -> usize {
        let of_samples: usize = self.series.values().map(|(_, samples)| samples.memory_bytes()).sum();
        of_samples + self.series.capacity() * size_of::<(u32, (Labels, Samples))>()
    }

    /// Its series in the order of blocks.
    pub(crate) fn sorted(&self) -> Vec<(u32, &Labels)> {
        let mut all: Vec<(u32, &Labels)> = self.series.iter().map(|(n, (labels, _))| (*n, labels)).collect();
        all.sort_unstable_by(|(_, a), (_, b)| crate::blocks::order(a, b));
        all
    }

    pub(super) fn each(&self, bounds: (i64, i64), told: &mut Told<'_>) {
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        for (&number, (labels, _)) in &self.series {
            timestamps.clear();
            values.clear();
            self.read(number, bounds, &mut timestamps, &mut values);
            told(number, labels, &timestamps, &values);
        }
    }

    pub(super) fn each_last(&self, told: &mut impl FnMut(u32, i64, f64)) {
        for (&number, (_, samples)) in &self.series {
            let (timestamp_ms, value) = samples.last();
            told(number, timestamp_ms, value);
        }
    }

    pub(super) fn labels(&self, number: u32) -> Option<&Labels> {
        self.series.get(&number).map(|(labels, _)| labels)
    }

    /// From the first to the last sample of a series.
    pub(super) fn span(&self, number: u32) -> Option<Span> {
        let (first_ms, last_ms) = self.series.get(&number)?.1.span_ms();
        Some(Span { first_ms, last_ms })
    }

    pub(super) fn cut(&mut self, cut_ms: i64) {
        self.from_ms = self.from_ms.max(Some(cut_ms));
        self.series.retain(|_, (_, samples)| samples.span_ms().1 >= cut_ms);
    }

    /// Appends the samples of a series with `start_ms < timestamp <= end_ms`, in order.
    pub(crate) fn read(
        &self,
        number: u32,
        (start_ms, end_ms): (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        if let Some((_, samples)) = self.series.get(&number) {
            let start_ms = self.from_ms.map_or(start_ms, |from| start_ms.max(from.saturating_sub(1)));
            samples.read(start_ms, end_ms, timestamps, values);
        }
    }
}
