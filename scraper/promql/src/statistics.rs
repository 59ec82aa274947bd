//! What a query took: samples, time, and how both spread over its parts.

use crate::Selection;
use crate::select::{Origin, SeriesSet};
use std::time::Duration;

/// What a query took.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Samples that were looked at, those of each window and step counted anew, as Prometheus counts them.
    pub queryable_samples: u64,
    /// The most samples that were in memory at once, fetched ones and intermediate results together.
    pub peak_samples: usize,
    /// Finding out what to fetch.
    pub planning: Duration,
    /// The fetches in the order in which they were made.
    pub fetches: Vec<Fetch>,
    /// The parts of the expression in the order in which their evaluation began.
    pub steps: Vec<Step>,
}

impl Statistics {
    /// How long all fetches took.
    pub fn fetching(&self) -> Duration {
        self.fetches.iter().map(|fetch| fetch.took).sum()
    }
}

/// One fetch from the store.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The matchers as a selector: `{__name__="up",job=~"a|b"}`.
    pub selector: String,
    /// Exclusive.
    pub start_ms: i64,
    /// Inclusive.
    pub end_ms: i64,
    /// How many series came.
    pub series: usize,
    /// How many samples they had.
    pub samples: usize,
    /// Where those came from, as far as the store tells.
    pub origins: Vec<Origin>,
    /// How long it took.
    pub took: Duration,
}

impl Fetch {
    pub(crate) fn new(selection: &Selection, set: &SeriesSet, took: Duration) -> Self {
        let matchers: Vec<String> = selection.matchers.iter().map(|m| format!("{}{}", m.name, m.op.text())).collect();
        Fetch {
            selector: format!("{{{}}}", matchers.join(",")),
            start_ms: selection.start_ms,
            end_ms: selection.end_ms,
            series: set.len(),
            samples: set.sample_count(),
            origins: set.origins().to_vec(),
            took,
        }
    }
}

/// The evaluation of one part of the expression over all steps of the query.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is: a function, an operator, a selector.
    pub name: String,
    /// How many parts it is inside of.
    pub depth: usize,
    /// How many series it gave (a scalar gives one).
    pub series: usize,
    /// How many values they had.
    pub values: usize,
    /// How long it took, its own parts included.
    pub took: Duration,
}
