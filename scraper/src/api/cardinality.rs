//! What makes series many: counts by metric name, label and pair.

use hashbrown::HashMap;
use procession_openmetrics::{Labels, METRIC_NAME};
use serde::Serialize;

/// Counts over a list of series.
pub(crate) struct Cardinality<'a> {
    series_by_pair: HashMap<(&'a str, &'a str), u64>,
}

/// A name and how much there is of it; Prometheus's `TSDBStat`.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Count {
    name: String,
    value: u64,
}

impl<'a> Cardinality<'a> {
    /// Counts.
    pub(crate) fn of(series: &'a [Labels]) -> Self {
        let mut series_by_pair = HashMap::new();
        for pair in series.iter().flat_map(Labels::iter) {
            *series_by_pair.entry(pair).or_default() += 1;
        }
        Cardinality { series_by_pair }
    }

    /// Distinct pairs of name and value.
    pub(crate) fn label_pairs(&self) -> usize {
        self.series_by_pair.len()
    }

    /// Metric names with the most series.
    pub(crate) fn series_by_metric_name(&self, limit: usize) -> Vec<Count> {
        let names = self.series_by_pair.iter().filter(|((name, _), _)| *name == METRIC_NAME);
        most(names.map(|((_, value), n)| ((*value).to_owned(), *n)), limit)
    }

    /// Labels with the most values.
    pub(crate) fn values_by_label_name(&self, limit: usize) -> Vec<Count> {
        most(self.by_label_name(|_, _| 1), limit)
    }

    /// Labels whose values have the most bytes, counted once for each series.
    pub(crate) fn bytes_by_label_name(&self, limit: usize) -> Vec<Count> {
        most(self.by_label_name(|value, series| value.len() as u64 * series), limit)
    }

    /// Pairs with the most series, written `name=value`.
    pub(crate) fn series_by_pair(&self, limit: usize) -> Vec<Count> {
        let pairs = self.series_by_pair.iter().map(|((name, value), n)| ((*name, *value), *n));
        let mut top: Vec<_> = pairs.collect();
        top.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
        top.truncate(limit);
        top.into_iter()
            .map(|((name, value), value_count)| Count { name: format!("{name}={value}"), value: value_count })
            .collect()
    }

    fn by_label_name(&self, weight: impl Fn(&str, u64) -> u64) -> impl Iterator<Item = (String, u64)> {
        let mut sums: HashMap<&str, u64> = HashMap::new();
        for ((name, value), series) in &self.series_by_pair {
            *sums.entry(name).or_default() += weight(value, *series);
        }
        sums.into_iter().map(|(name, n)| (name.to_owned(), n)).collect::<Vec<_>>().into_iter()
    }
}

/// The largest, then by name.
fn most(counts: impl Iterator<Item = (String, u64)>, limit: usize) -> Vec<Count> {
    let mut counts: Vec<Count> = counts.map(|(name, value)| Count { name, value }).collect();
    counts.sort_unstable_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    counts.truncate(limit);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_prometheus_does() {
        let series = [
            Labels::from_pairs([(METRIC_NAME, "up"), ("job", "a")]),
            Labels::from_pairs([(METRIC_NAME, "up"), ("job", "bcd")]),
            Labels::from_pairs([(METRIC_NAME, "x"), ("job", "a")]),
        ];
        let c = Cardinality::of(&series);
        let count = |name: &str, value| Count { name: name.to_owned(), value };
        assert_eq!(c.label_pairs(), 4);
        assert_eq!(c.series_by_metric_name(9), [count("up", 2), count("x", 1)]);
        assert_eq!(c.values_by_label_name(9), [count("__name__", 2), count("job", 2)]);
        assert_eq!(c.bytes_by_label_name(9), [count("__name__", 5), count("job", 5)]);
        assert_eq!(c.series_by_pair(2), [count("__name__=up", 2), count("job=a", 2)]);
    }
}
