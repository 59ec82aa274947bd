//! Exemplars: the newest ones, all of them in memory, and on disk as they came.

mod kept;
mod rows;

pub(crate) use kept::{Change, Exemplars};
pub(crate) use rows::write;

use procession_openmetrics::Labels;

/// A reference from a sample to something outside, most often a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// Its own labels, such as `trace_id`.
    pub labels: Labels,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The value that was observed.
    pub value: f64,
}

impl Exemplar {
    /// Whether both say the same, a NaN being the same as itself.
    fn is(&self, other: &Exemplar) -> bool {
        self.timestamp_ms == other.timestamp_ms
            && self.value.to_bits() == other.value.to_bits()
            && self.labels == other.labels
    }
}

/// The exemplars of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesExemplars {
    /// The series.
    pub series: Labels,
    /// In the order of time.
    pub exemplars: Vec<Exemplar>,
}
