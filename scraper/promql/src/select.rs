//! What the evaluator asks of a store, and the columns that it gets.

use crate::{Fold, Matcher, Windows};
use procession_openmetrics::Labels;
use std::ops::Range;
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

/// Samples of series, each with a stretch of two columns: ascending in time, no timestamp twice. A staleness marker is a
/// sample whose value is [`procession_openmetrics::STALE_NAN`].
#[derive(Clone, Debug, Default)]
pub struct SeriesSet {
    series: Vec<(Labels, Stretch)>,
    /// Columns that were read as they are, by several threads for instance.
    columns: Vec<Columns>,
    /// Those that are filled here, up to where the last finished series ends.
    filled: Columns,
    finished: usize,
    samples: usize,
    origins: Vec<Origin>,
    /// For each sample that was filled in here and stands for many, one more than its place in `folds`; 0, or nothing here,
    /// for the others.
    fold_of: Vec<u32>,
    folds: Vec<Fold>,
}

/// Timestamps in milliseconds and values, of one length.
#[derive(Clone, Debug, Default)]
struct Columns {
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

/// A part of a store that samples came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What it is, for people.
    pub name: String,
    /// How many samples it gave.
    pub samples: usize,
}

/// Where the samples of a series stand.
#[derive(Clone, Debug)]
struct Stretch {
    /// Place among the columns that were read; `None` where they were filled here.
    columns: Option<usize>,
    rows: Range<usize>,
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
    pub(crate) fold_of: &'a [u32],
    pub(crate) folds: &'a [Fold],
}

impl SeriesView<'_> {
    /// Whether samples stand for many.
    pub(crate) fn is_folded(&self) -> bool {
        !self.fold_of.is_empty()
    }

    /// What the sample at a place stands for; `None` for one of its own.
    pub fn fold(&self, at: usize) -> Option<&Fold> {
        self.folds.get((*self.fold_of.get(at)? as usize).checked_sub(1)?)
    }
}

impl SeriesSet {
    /// Notes where samples came from. What is not noted is not told; answers do not depend on it.
    pub fn came_from(&mut self, name: impl Into<String>, samples: usize) {
        self.origins.push(Origin { name: name.into(), samples });
    }

    /// Where the samples came from, as far as it was noted.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Makes room for exactly so many samples that will be filled in: growing by doubling would take twice as much.
    pub fn reserve(&mut self, samples: usize) {
        self.filled.timestamps.reserve_exact(samples);
        self.filled.values.reserve_exact(samples);
    }

    /// Appends one sample to the series that is being filled.
    pub fn push_sample(&mut self, timestamp_ms: i64, value: f64) {
        self.filled.timestamps.push(timestamp_ms);
        self.filled.values.push(value);
    }

    /// Appends columns of samples to the series that is being filled; both are of one length.
    pub fn push_samples(&mut self, timestamps_ms: &[i64], values: &[f64]) {
        debug_assert_eq!(timestamps_ms.len(), values.len());
        self.filled.timestamps.extend_from_slice(timestamps_ms);
        self.filled.values.extend_from_slice(values);
    }

    /// Appends what stands for the samples of a stretch of time, under the time and the value of the newest of them, which
    /// may be a staleness marker. Only for a fetch with [`Windows`] of which none cuts the stretch.
    pub fn push_fold(&mut self, timestamp_ms: i64, value: f64, fold: Fold) {
        self.fold_of.resize(self.filled.timestamps.len(), 0);
        self.push_sample(timestamp_ms, value);
        self.folds.push(fold);
        // Four billion folds do not fit into memory.
        self.fold_of.push(self.folds.len() as u32);
    }

    /// Ends the series that is being filled. One without samples is left out.
    pub fn finish_series(&mut self, labels: Labels) {
        let rows = self.finished..self.filled.timestamps.len();
        self.finished = rows.end;
        self.add(labels, Stretch { columns: None, rows });
    }

    /// Takes whole columns of one length, of which [`add_series`](SeriesSet::add_series) names the stretches. Returns what it
    /// calls them.
    pub fn add_columns(&mut self, timestamps_ms: Vec<i64>, values: Vec<f64>) -> usize {
        debug_assert_eq!(timestamps_ms.len(), values.len());
        self.columns.push(Columns { timestamps: timestamps_ms, values });
        self.columns.len() - 1
    }

    /// Adds a series whose samples are these rows of columns that were added. One without samples is left out.
    pub fn add_series(&mut self, labels: Labels, columns: usize, rows: Range<usize>) {
        self.add(labels, Stretch { columns: Some(columns), rows });
    }

    fn add(&mut self, labels: Labels, stretch: Stretch) {
        if !stretch.rows.is_empty() {
            self.samples += stretch.rows.len();
            self.series.push((labels, stretch));
        }
    }

    /// The number of series.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The number of samples of all series.
    pub fn sample_count(&self) -> usize {
        self.samples
    }

    /// The series at a place, `None` past the end.
    pub fn get(&self, index: usize) -> Option<SeriesView<'_>> {
        let (labels, stretch) = self.series.get(index)?;
        let columns = stretch.columns.map_or(Some(&self.filled), |at| self.columns.get(at))?;
        let folded = match stretch.columns {
            None => stretch.rows.start..stretch.rows.end.min(self.fold_of.len()),
            Some(_) => 0..0,
        };
        Some(SeriesView {
            labels,
            timestamps: columns.timestamps.get(stretch.rows.clone())?,
            values: columns.values.get(stretch.rows.clone())?,
            fold_of: self.fold_of.get(folded).unwrap_or(&[]),
            folds: &self.folds,
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

    /// The same for one of which the evaluator looks at these windows alone: what lies in no window may be left out, and
    /// samples that are in the same windows may be given as one [`Fold`]. Where the newest sample of each window is all that
    /// counts ([`Windows::newest`]), the others may be left out.
    fn select_windows(&self, selection: &Selection, windows: &Windows) -> Result<SeriesSet, SelectError> {
        let _ = windows;
        self.select(selection)
    }
}
