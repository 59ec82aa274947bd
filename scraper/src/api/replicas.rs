//! Two scrapers of one fleet in one store: series that differ in their replica label alone are one series to a query.
//!
//! At each moment one replica speaks. Another takes over where that one has a gap or ends, so no sample counts twice, and a
//! rate does not see two clocks at once.

use procession_openmetrics::{Labels, STALE_NAN, is_stale};
use procession_promql::{Select, SelectError, Selection, SeriesSet, SeriesView, Windows};
use std::collections::BTreeMap;

/// A source in which replicas are one.
pub(crate) struct Merged<'a> {
    source: &'a dyn Select,
    replica_labels: &'a [String],
}

impl<'a> Merged<'a> {
    /// Merges series that differ in these labels alone.
    pub(crate) fn new(source: &'a dyn Select, replica_labels: &'a [String]) -> Self {
        Merged { source, replica_labels }
    }
}

impl Select for Merged<'_> {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        let set = self.source.select(selection)?;
        if self.replica_labels.is_empty() {
            return Ok(set);
        }
        let mut groups: BTreeMap<Labels, Vec<SeriesView<'_>>> = BTreeMap::new();
        for series in set.iter() {
            groups.entry(without(series.labels, self.replica_labels)).or_default().push(series);
        }
        let mut merged = SeriesSet::default();
        for (labels, replicas) in groups {
            match &replicas[..] {
                [one] => merged.push_samples(one.timestamps, one.values),
                several => merge(several, |timestamp_ms, value| merged.push_sample(timestamp_ms, value)),
            }
            merged.finish_series(labels);
        }
        for origin in set.origins() {
            merged.came_from(origin.name.as_str(), origin.samples);
        }
        Ok(merged)
    }

    fn select_windows(&self, selection: &Selection, windows: &Windows) -> Result<SeriesSet, SelectError> {
        // Which replica speaks is told by their samples.
        if self.replica_labels.is_empty() {
            self.source.select_windows(selection, windows)
        } else {
            self.select(selection)
        }
    }
}

/// A label set without replica labels.
pub(crate) fn without(labels: &Labels, replica_labels: &[String]) -> Labels {
    if replica_labels.iter().all(|name| labels.get(name).is_none()) {
        return labels.clone();
    }
    let mut builder = labels.to_builder();
    builder.retain(|name| replica_labels.iter().all(|replica| replica != name));
    builder.build()
}

/// How far apart samples are where too few are there to tell, in milliseconds.
const INTERVAL_MS: i64 = 15_000;

/// Samples of one replica without a gap: from one scrape to the next there is nothing to miss.
struct Run<'a> {
    timestamps: &'a [i64],
    values: &'a [f64],
    interval_ms: i64,
    /// Where a staleness marker follows.
    marker_ms: Option<i64>,
}

impl Run<'_> {
    fn first_ms(&self) -> i64 {
        self.timestamps.first().copied().unwrap_or(i64::MAX)
    }

    fn last_ms(&self) -> i64 {
        self.timestamps.last().copied().unwrap_or(i64::MIN)
    }

    /// The place of the first sample after a moment.
    fn after(&self, moment_ms: i64) -> usize {
        self.timestamps.partition_point(|t| *t <= moment_ms)
    }

    fn next_ms(&self, moment_ms: i64) -> Option<i64> {
        self.timestamps.get(self.after(moment_ms)).copied()
    }
}

/// One series of several, each ascending in time. Whoever speaks does so to the end of its run; then whoever has the next
/// sample goes on, but not within half an interval, since the clocks of two scrapers differ and a counter must not seem to
/// go back. A staleness marker counts where nobody else goes on within two intervals.
fn merge(replicas: &[SeriesView<'_>], mut push: impl FnMut(i64, f64)) {
    let mut runs: Vec<Run<'_>> = replicas.iter().flat_map(runs_of).collect();
    runs.sort_by_key(Run::first_ms);
    let mut from_ms = i64::MIN;
    let mut done = 0;
    loop {
        while runs.get(done).is_some_and(|run| run.last_ms() <= from_ms) {
            done += 1;
        }
        let mut best: Option<(i64, &Run<'_>)> = None;
        for run in &runs[done..] {
            if best.is_some_and(|(next, _)| run.first_ms() > next) {
                break;
            }
            if let Some(next) = run.next_ms(from_ms)
                && best.is_none_or(|(earliest, of)| (next, -run.last_ms()) < (earliest, -of.last_ms()))
            {
                best = Some((next, run));
            }
        }
        let Some((_, run)) = best else { return };
        for at in run.after(from_ms)..run.timestamps.len() {
            push(run.timestamps[at], run.values[at]);
        }
        let last_ms = run.last_ms();
        from_ms = last_ms.saturating_add(run.interval_ms / 2);
        if let Some(marker_ms) = run.marker_ms {
            let until_ms = marker_ms.saturating_add(run.interval_ms.saturating_mul(2));
            let others = runs[done..].iter().take_while(|other| other.first_ms() <= until_ms);
            if !others.filter_map(|other| other.next_ms(from_ms)).any(|next| next <= until_ms) {
                push(marker_ms, STALE_NAN);
                from_ms = from_ms.max(marker_ms);
            }
        }
    }
}

fn runs_of<'a>(series: &SeriesView<'a>) -> Vec<Run<'a>> {
    let (timestamps, values) = (series.timestamps, series.values);
    let interval_ms = interval(timestamps);
    let longest_ms = interval_ms.saturating_mul(5) / 2;
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 0..=timestamps.len() {
        let marker_ms = timestamps.get(at).copied().filter(|_| is_stale(values[at]));
        let gap = at > start && at < timestamps.len() && timestamps[at] - timestamps[at - 1] > longest_ms;
        if at == timestamps.len() || marker_ms.is_some() || gap {
            if at > start {
                let (timestamps, values) = (&timestamps[start..at], &values[start..at]);
                // A marker that comes late is no word about what is before it.
                runs.push(Run { timestamps, values, interval_ms, marker_ms: marker_ms.filter(|_| !gap) });
            }
            start = if marker_ms.is_some() { at + 1 } else { at };
        }
    }
    runs
}

/// The usual distance of two samples: the median.
fn interval(timestamps: &[i64]) -> i64 {
    let mut distances: Vec<i64> = timestamps.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if distances.is_empty() {
        return INTERVAL_MS;
    }
    let middle = distances.len() / 2;
    *distances.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A replica's samples, `a` for each it has at `seconds`, `!` for a marker.
    fn series(text: &str) -> (Vec<i64>, Vec<f64>) {
        let words = text.split_whitespace();
        words
            .map(|word| match word.strip_suffix('!') {
                Some(at) => (at.parse::<i64>().unwrap() * 1000, STALE_NAN),
                None => (word.parse::<i64>().unwrap() * 1000, 1.0),
            })
            .unzip()
    }

    /// What comes of replicas with these columns of timestamps and values.
    fn merged(replicas: &[(Vec<i64>, Vec<f64>)], push: impl FnMut(i64, f64)) {
        let mut set = SeriesSet::default();
        for (timestamps, values) in replicas {
            set.push_samples(timestamps, values);
            set.finish_series(Labels::empty());
        }
        merge(&set.iter().collect::<Vec<_>>(), push);
    }

    fn check(replicas: &[&str], want: &str) {
        let columns: Vec<_> = replicas.iter().map(|text| series(text)).collect();
        let mut got = Vec::new();
        merged(&columns, |t, v| got.push(format!("{}{}", t / 1000, if is_stale(v) { "!" } else { "" })));
        assert_eq!(got.join(" "), want, "{replicas:?}");
    }

    #[test]
    fn one_speaks_at_a_time() {
        check(&["10 20 30 40", "14 24 34 44"], "10 20 30 40");
        check(&["14 24 34 44 54", "10 20 30 40"], "10 20 30 40 54");
        // One has a gap: the other goes on, and stays as long as it has something.
        check(&["10 20 70 80 90 100", "14 24 34 44 54 64 74 84 94 104"], "10 20 34 44 54 64 74 84 94 104");
        // Both have none: neither has anything.
        check(&["10 20 30 80 90 100", "14 24 84 94 104"], "10 20 30 80 90 100");
        check(&["10", "14"], "10");
        check(&["", "14 24"], "14 24");
    }

    #[test]
    fn a_series_ends_when_it_ends_for_all() {
        check(&["10 20 30 40!", "14 24 34 44!"], "10 20 30 40!");
        check(&["10 20 30!", "14 24 34 44 54"], "10 20 34 44 54");
        // One scraper is restarted, the other never noticed.
        check(&["10 20 30 31! 60 70", "14 24 34 44 54 64 74 84"], "10 20 30 44 54 64 74 84");
        // Gone for both, and back.
        check(&["10 20 30! 60 70 80", "14 24 34! 64 74 84"], "10 20 30! 60 70 80");
    }

    proptest! {
        #[test]
        fn the_outcome_is_of_the_samples_and_ascends(
            replicas in proptest::collection::vec(proptest::collection::btree_map(0i64..200, proptest::bool::weighted(0.1), 0..60), 1..4),
        ) {
            let columns: Vec<(Vec<i64>, Vec<f64>)> = replicas
                .iter()
                .enumerate()
                .map(|(r, times)| times.iter().map(|(t, stale)| (*t, if *stale { STALE_NAN } else { r as f64 })).unzip())
                .collect();
            let mut got: Vec<(i64, f64)> = Vec::new();
            merged(&columns, |t, v| got.push((t, v)));
            prop_assert!(got.windows(2).all(|pair| pair[0].0 < pair[1].0), "{:?}", got);
            for (timestamp, value) in &got {
                let has = |(t, v): &(Vec<i64>, Vec<f64>)| {
                    t.binary_search(timestamp).is_ok_and(|at| v[at].to_bits() == value.to_bits())
                };
                prop_assert!(columns.iter().any(has), "{:?} of {:?}", got, columns);
            }
            let first = columns.iter().flat_map(|(t, v)| t.iter().zip(v)).filter(|(_, v)| !is_stale(**v)).map(|(t, _)| *t).min();
            prop_assert_eq!(got.first().map(|(t, _)| *t), first);
        }

        #[test]
        fn one_alone_stays_as_it_is(times in proptest::collection::btree_set(0i64..1000, 0..50)) {
            let alone: (Vec<i64>, Vec<f64>) = times.iter().map(|t| (*t, *t as f64)).unzip();
            let mut got = Vec::new();
            merged(&[alone.clone(), (Vec::new(), Vec::new())], |t, _| got.push(t));
            prop_assert_eq!(got, alone.0);
        }
    }
}
