//! What a query is given besides its text, and what it gives back.

use crate::{Cancel, SeriesSet, Statistics};
use procession_openmetrics::Labels;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// The bounds of an evaluation.
#[derive(Clone, Debug)]
pub struct Options {
    /// How old the newest sample of a series may be for the series to count as there, in milliseconds.
    pub lookback_ms: i64,
    /// The most samples that may be in memory at once, fetched ones and intermediate results together.
    pub max_samples: usize,
    /// When to give up.
    pub deadline: Option<Instant>,
    /// Set to true from outside to give up at once.
    pub canceled: Option<Arc<AtomicBool>>,
    /// The step of a subquery that names none, in milliseconds (Prometheus takes its global evaluation interval).
    pub subquery_step_ms: i64,
    /// The most series that may be in memory at once.
    pub max_series: usize,
    /// How many threads may work on the query at once, that of the caller among them.
    pub threads: NonZeroUsize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            lookback_ms: 300_000,
            max_samples: 50_000_000,
            deadline: None,
            canceled: None,
            subquery_step_ms: 60_000,
            max_series: 1_000_000,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}

impl Options {
    /// When to give up, as a [`Select`](crate::Select) is told.
    pub(crate) fn cancel(&self) -> Cancel {
        Cancel { deadline: self.deadline, canceled: self.canceled.clone() }
    }
}

/// The answer, and what the asker should know about it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The answer.
    pub value: Value,
    /// The answer may not be what was meant.
    pub warnings: Vec<String>,
    /// Hints.
    pub infos: Vec<String>,
    /// What it took.
    pub statistics: Statistics,
}

/// The answer of a query, by its type.
#[derive(Clone, Debug)]
pub enum Value {
    /// One number.
    Scalar {
        /// The instant of the evaluation.
        timestamp_ms: i64,
        /// The number.
        value: f64,
    },
    /// One text.
    String {
        /// The instant of the evaluation.
        timestamp_ms: i64,
        /// The text.
        value: String,
    },
    /// One sample per series, in the order in which the query leaves them (`sort`, `topk`).
    Vector(Vec<Point>),
    /// Samples over time, the series sorted by their labels.
    Matrix(SeriesSet),
}

/// One sample of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Which series.
    pub labels: Labels,
    /// The instant of the evaluation.
    pub timestamp_ms: i64,
    /// The value.
    pub value: f64,
}

/// The type of a query's answer at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultType {
    /// One number.
    Scalar,
    /// One text.
    String,
    /// One sample per series.
    Vector,
    /// A range of samples per series.
    Matrix,
}

impl ResultType {
    /// As the HTTP API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            ResultType::Scalar => "scalar",
            ResultType::String => "string",
            ResultType::Vector => "vector",
            ResultType::Matrix => "matrix",
        }
    }

    /// As Prometheus's messages spell it.
    pub(crate) fn documented(self) -> &'static str {
        match self {
            ResultType::Scalar => "scalar",
            ResultType::String => "string",
            ResultType::Vector => "instant vector",
            ResultType::Matrix => "range vector",
        }
    }
}
