//! Which exemplars are kept, and which of them are not on disk yet.

use super::{Exemplar, SeriesExemplars};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use procession_openmetrics::Labels;
use procession_promql::{Matcher, matches_all};
use std::collections::VecDeque;

/// The most that one series keeps: a busy one must not push out those of all others.
const PER_SERIES: usize = 1_000;

/// How the table on disk must change.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// These come behind what it holds.
    Append(Vec<(Labels, Exemplar)>),
    /// It holds these and nothing else.
    Replace(Vec<(Labels, Exemplar)>),
}

/// The newest exemplars of all series.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    limit: usize,
    /// Of each series, with the number of their arrival, which ascends.
    series: HashMap<Labels, VecDeque<(u64, Exemplar)>, RandomState>,
    /// Whose they are in the order of arrival. Some have left their series' queue already.
    order: VecDeque<(u64, Labels)>,
    arrived: u64,
    total: usize,
    waiting: Vec<(Labels, Exemplar)>,
    /// The table is to be written anew: it failed to take some, or has too many rows.
    replace: bool,
    rows: usize,
}

impl Exemplars {
    /// None, of which so many may be kept.
    pub(crate) fn new(limit: usize) -> Self {
        Exemplars { limit, ..Exemplars::default() }
    }

    /// Takes rows of the table, in the order in which they came.
    pub(crate) fn restore(&mut self, rows: impl IntoIterator<Item = (Labels, Exemplar)>, cut_ms: i64) {
        for (series, exemplar) in rows {
            self.rows += 1;
            if exemplar.timestamp_ms >= cut_ms {
                self.add(&series, exemplar);
            }
        }
        self.waiting.clear();
    }

    /// Keeps one, unless it is not newer than the last one of its series.
    pub(crate) fn add(&mut self, series: &Labels, exemplar: Exemplar) {
        if self.limit == 0 {
            return;
        }
        let queue = match self.series.get_mut(series) {
            Some(queue) => queue,
            None => self.series.entry(series.clone()).or_default(),
        };
        if let Some((_, last)) = queue.back() {
            // As in Prometheus: at one moment the larger value counts as the newer one.
            let newer = last.timestamp_ms < exemplar.timestamp_ms
                || last.timestamp_ms == exemplar.timestamp_ms && last.value < exemplar.value;
            if last.is(&exemplar) || !newer {
                return;
            }
        }
        self.arrived += 1;
        self.total += 1;
        queue.push_back((self.arrived, exemplar.clone()));
        if queue.len() > PER_SERIES {
            queue.pop_front();
            self.total -= 1;
        }
        self.order.push_back((self.arrived, series.clone()));
        self.shrink();
        if self.waiting.len() >= self.limit {
            // The disk has been refusing them for long; what is kept by then is written whole.
            self.waiting.clear();
            self.replace = true;
        }
        if !self.replace {
            self.waiting.push((series.clone(), exemplar));
        }
    }

    /// Changes how many are kept.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        if limit < self.limit {
            self.replace = true;
            self.waiting.clear();
        }
        self.limit = limit;
        self.shrink();
    }

    /// Lets the oldest go until there are as many as may be.
    fn shrink(&mut self) {
        while self.total > self.limit {
            let Some((number, series)) = self.order.pop_front() else { return };
            let Some(queue) = self.series.get_mut(&series) else { continue };
            if queue.front().is_some_and(|(first, _)| *first == number) {
                queue.pop_front();
                self.total -= 1;
                if queue.is_empty() {
                    self.series.remove(&series);
                }
            }
        }
        if self.order.len() > 2 * self.limit + 1_000 {
            let series = &self.series;
            let kept = |number: u64, labels: &Labels| {
                series.get(labels).and_then(|queue| queue.front()).is_some_and(|(first, _)| *first <= number)
            };
            self.order.retain(|(number, labels)| kept(*number, labels));
        }
    }

    /// Those of a span of time, both ends included, of series that satisfy one of the sets of matchers.
    pub(crate) fn select(&self, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> Vec<SeriesExemplars> {
        let wanted = self.series.iter().filter(|(series, _)| sets.iter().any(|set| matches_all(set, series)));
        let mut found: Vec<SeriesExemplars> = wanted
            .map(|(series, queue)| {
                let within = |e: &&Exemplar| (start_ms..=end_ms).contains(&e.timestamp_ms);
                let exemplars = queue.iter().map(|(_, exemplar)| exemplar).filter(within).cloned().collect();
                SeriesExemplars { series: series.clone(), exemplars }
            })
            .filter(|found| !found.exemplars.is_empty())
            .collect();
        found.sort_by(|a, b| a.series.cmp(&b.series));
        found
    }

    /// What the table must be told, if anything. [`Exemplars::was_written`] follows.
    pub(crate) fn take_change(&mut self, cut_ms: i64) -> Option<Change> {
        if !self.replace && self.rows + self.waiting.len() > 2 * self.limit + 1_000 {
            self.replace = true;
        }
        if !self.replace {
            return (!self.waiting.is_empty()).then(|| Change::Append(std::mem::take(&mut self.waiting)));
        }
        self.replace = false;
        self.waiting.clear();
        self.cut(cut_ms);
        Some(Change::Replace(self.all()))
    }

    /// All that are kept, in the order of their arrival.
    pub(crate) fn all(&self) -> Vec<(Labels, Exemplar)> {
        let mut all: Vec<(u64, &Labels, &Exemplar)> =
            self.series.iter().flat_map(|(series, queue)| queue.iter().map(move |(n, e)| (*n, series, e))).collect();
        all.sort_unstable_by_key(|(number, ..)| *number);
        all.into_iter().map(|(_, series, e)| (series.clone(), e.clone())).collect()
    }

    /// How writing a change ended. One that failed is made good by writing everything the next time.
    pub(crate) fn was_written(&mut self, change: &Change, succeeded: bool) {
        match (change, succeeded) {
            (Change::Append(rows), true) => self.rows += rows.len(),
            (Change::Replace(rows), true) => self.rows = rows.len(),
            (_, false) => {
                self.replace = true;
                self.waiting.clear();
            }
        }
    }

    /// Lets go of what is older than is kept.
    fn cut(&mut self, cut_ms: i64) {
        let mut total = 0;
        self.series.retain(|_, queue| {
            while queue.front().is_some_and(|(_, e)| e.timestamp_ms < cut_ms) {
                queue.pop_front();
            }
            total += queue.len();
            !queue.is_empty()
        });
        self.total = total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exemplar(timestamp_ms: i64, value: f64) -> Exemplar {
        Exemplar { labels: Labels::from_pairs([("trace_id", "x")]), timestamp_ms, value }
    }

    fn series(name: &str) -> Labels {
        Labels::from_pairs([("__name__", name)])
    }

    fn times(kept: &Exemplars, name: &str) -> Vec<i64> {
        let found = kept.select(&[vec![Matcher::equal("__name__", name)]], i64::MIN, i64::MAX);
        found.iter().flat_map(|f| &f.exemplars).map(|e| e.timestamp_ms).collect()
    }

    #[test]
    fn keeps_the_newest() {
        let mut kept = Exemplars::new(3);
        for (name, at) in [("a", 1), ("b", 2), ("a", 3), ("a", 3), ("a", 2), ("b", 4)] {
            kept.add(&series(name), exemplar(at, 1.0));
        }
        assert_eq!((times(&kept, "a"), times(&kept, "b")), (vec![3], vec![2, 4]));
        kept.add(&series("a"), exemplar(3, 0.5));
        kept.add(&series("a"), exemplar(3, f64::NAN));
        kept.add(&series("a"), exemplar(3, 2.0));
        assert_eq!((times(&kept, "a"), times(&kept, "b")), (vec![3, 3], vec![4]));
        kept.set_limit(1);
        assert_eq!((times(&kept, "a"), times(&kept, "b")), (vec![3], vec![]));
        kept.set_limit(0);
        kept.add(&series("a"), exemplar(9, 1.0));
        assert!(times(&kept, "a").is_empty());
    }

    #[test]
    fn one_series_leaves_room_for_others() {
        let mut kept = Exemplars::new(3 * PER_SERIES);
        kept.add(&series("quiet"), exemplar(1, 1.0));
        for at in 0..5 * PER_SERIES as i64 {
            kept.add(&series("busy"), exemplar(at, 1.0));
        }
        assert_eq!((times(&kept, "quiet").len(), times(&kept, "busy").len()), (1, PER_SERIES));
        assert!(kept.order.len() <= 2 * kept.limit + 1_001, "{}", kept.order.len());
    }

    #[test]
    fn what_failed_is_written_again() {
        let mut kept = Exemplars::new(10);
        kept.add(&series("a"), exemplar(1, 1.0));
        let change = kept.take_change(i64::MIN).unwrap();
        assert!(matches!(&change, Change::Append(rows) if rows.len() == 1));
        kept.was_written(&change, false);
        kept.add(&series("a"), exemplar(2, 1.0));
        let change = kept.take_change(i64::MIN).unwrap();
        assert!(matches!(&change, Change::Replace(rows) if rows.len() == 2), "{change:?}");
        kept.was_written(&change, true);
        assert_eq!(kept.take_change(i64::MIN), None);
        // Old rows do not gather for ever.
        let mut largest = 0;
        for at in 3..5_000 {
            kept.add(&series("a"), exemplar(at, 1.0));
            let change = kept.take_change(4_000).unwrap();
            kept.was_written(&change, true);
            largest = largest.max(kept.rows);
        }
        assert!(largest <= 1_020, "{largest}");
    }

    proptest! {
        #[test]
        fn the_table_restores_what_was_kept(
            limit in 1usize..20,
            came in proptest::collection::vec((0usize..4, 0i64..40, any::<bool>()), 0..120),
        ) {
            let (mut kept, mut table) = (Exemplars::new(limit), Vec::new());
            for (name, at, writes) in came {
                kept.add(&series(["a", "b", "c", "d"][name]), exemplar(at, 1.0));
                if writes && let Some(change) = kept.take_change(i64::MIN) {
                    kept.was_written(&change, true);
                    match change {
                        Change::Append(rows) => table.extend(rows),
                        Change::Replace(rows) => table = rows,
                    }
                }
            }
            if let Some(change) = kept.take_change(i64::MIN) {
                match change {
                    Change::Append(rows) => table.extend(rows),
                    Change::Replace(rows) => table = rows,
                }
            }
            prop_assert!(kept.total <= limit);
            prop_assert_eq!(kept.series.values().map(VecDeque::len).sum::<usize>(), kept.total);
            let mut again = Exemplars::new(limit);
            again.restore(table, i64::MIN);
            let all = [Vec::new()];
            prop_assert_eq!(again.select(&all, i64::MIN, i64::MAX), kept.select(&all, i64::MIN, i64::MAX));
        }
    }
}
