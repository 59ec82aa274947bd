//! What the evaluator asks of a store, and the columns that it gets.

use crate::Matcher;
use procession_openmetrics::Labels;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// One fetch: all samples of the series that satisfy every matcher, with `start_ms < timestamp <= end_ms`
/// (ranges are left-open, as in Prometheus 3). Milliseconds since the Unix epoch.
#[derive(Clone, Debug)]
pub struct Selection {
    /// All must hold. Never empty of a matcher that refuses the empty string.
    pub matchers: Vec<Matcher>,
    /// Exclusive.
    pub start_ms: i64,
    /// Inclusive.
    pub end_ms: i64,
    /// When the fetch is of no use any more.
    pub cancel: Cancel,
}

/// When work for somebody is to be given up: at a moment, or once somebody says so. By default never.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    /// The time is up then.
    pub deadline: Option<Instant>,
    /// Set to true from outside where nobody waits for the result any more.
    pub canceled: Option<Arc<AtomicBool>>,
}

impl Cancel {
    /// Whether to give up. Costs a look at the clock: once for some thousand samples is often enough.
    pub fn is_due(&self) -> bool {
        self.is_canceled() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Whether nobody waits any more.
    pub fn is_canceled(&self) -> bool {
        self.canceled.as_ref().is_some_and(|canceled| canceled.load(Ordering::Relaxed))
    }
}

/// Columns of samples: those of series `i` stand at `ends[i - 1]..ends[i]` of both columns, ascending in time,
/// no timestamp twice. A staleness marker is a sample whose value is [`procession_openmetrics::STALE_NAN`].
#[derive(Clone, Debug, Default)]
pub struct SeriesSet {
    labels: Vec<Labels>,
    ends: Vec<usize>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    origins: Vec<Origin>,
}

/// A part of a store that samples came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What it is, for people.
    pub name: String,
    /// How many samples it gave.
    pub samples: usize,
}

/// The samples of one series in a [`SeriesSet`].
#[derive(Clone, Copy, Debug)]
pub struct SeriesView<'a> {
    /// Which series, the metric name included.
    pub labels: &'a Labels,
    /// Milliseconds since the Unix epoch, strictly ascending.
    pub timestamps: &'a [i64],
    /// As many as timestamps.
    pub values: &'a [f64],
}

impl SeriesSet {
    /// An empty set with room for so many.
    pub fn with_capacity(series: usize, samples: usize) -> Self {
        SeriesSet {
            labels: Vec::with_capacity(series),
            ends: Vec::with_capacity(series),
            timestamps: Vec::with_capacity(samples),
            values: Vec::with_capacity(samples),
            origins: Vec::new(),
        }
    }

    /// Notes where samples came from. What is not noted is not told; answers do not depend on it.
    pub fn came_from(&mut self, name: impl Into<String>, samples: usize) {
        self.origins.push(Origin { name: name.into(), samples });
    }

    /// Where the samples came from, as far as it was noted.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Appends one sample to the series that is being filled.
    pub fn push_sample(&mut self, timestamp_ms: i64, value: f64) {
        self.timestamps.push(timestamp_ms);
        self.values.push(value);
    }

    /// Appends columns of samples to the series that is being filled; both are of one length.
    pub fn push_samples(&mut self, timestamps_ms: &[i64], values: &[f64]) {
        debug_assert_eq!(timestamps_ms.len(), values.len());
        self.timestamps.extend_from_slice(timestamps_ms);
        self.values.extend_from_slice(values);
    }

    /// Ends the series that is being filled. One without samples is left out.
    pub fn finish_series(&mut self, labels: Labels) {
        if self.ends.last().copied().unwrap_or(0) < self.timestamps.len() {
            self.labels.push(labels);
            self.ends.push(self.timestamps.len());
        }
    }

    /// The number of series.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The number of samples of all series.
    pub fn sample_count(&self) -> usize {
        self.timestamps.len()
    }

    /// The series at a place, `None` past the end.
    pub fn get(&self, index: usize) -> Option<SeriesView<'_>> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Some(SeriesView {
            labels: &self.labels[index],
            timestamps: &self.timestamps[start..end],
            values: &self.values[start..end],
        })
    }

    /// All series in turn.
    pub fn iter(&self) -> impl Iterator<Item = SeriesView<'_>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }
}

/// Why a [`Select`] could not answer; the text is for the user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SelectError(pub String);

/// Where samples come from. The store implements it, and the loader of the tests.
pub trait Select {
    /// The samples of one fetch, series in any order, each label set once.
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError>;
}
