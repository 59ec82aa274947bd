//! Exemplars, as the store's callers see them.

use super::Store;
use crate::head::oldest_kept_ms;
use crate::{Exemplar, SeriesExemplars, SeriesRef};
use procession_promql::Matcher;

impl Store {
    /// Keeps exemplars, those of one series in the order of time. Queries see them from now on; they are on disk after
    /// the next commit of samples. One that is not newer than the last one of its series is left out; where too many
    /// are kept, the oldest go.
    pub fn append_exemplars(&self, exemplars: impl IntoIterator<Item = (SeriesRef, Exemplar)>) {
        let shared = &self.inner.shared;
        let known = shared.series.read();
        let mut kept = shared.exemplars.lock();
        for (series, exemplar) in exemplars {
            if let Some(labels) = known.get(series.0) {
                kept.add(labels, exemplar);
            }
        }
    }

    /// The exemplars from `start_ms` to `end_ms`, both included, of the series that satisfy one of the sets of matchers;
    /// sorted by label set, each series' in the order of time.
    pub fn exemplars(&self, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> Vec<SeriesExemplars> {
        let shared = &self.inner.shared;
        let newest_ms = shared.queue.lock().times.all().last_ms;
        let start_ms = start_ms.max(oldest_kept_ms(newest_ms, shared.keep.read().longest()));
        shared.exemplars.lock().select(sets, start_ms, end_ms)
    }

    /// Changes how many exemplars are kept; see [`Options::max_exemplars`](crate::Options::max_exemplars).
    pub fn limit_exemplars(&self, limit: usize) {
        self.inner.shared.exemplars.lock().set_limit(limit);
    }
}
