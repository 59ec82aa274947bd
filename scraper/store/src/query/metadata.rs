//! Series, label names and label values: from memory alone, without SQL.
//!
//! A series counts as being there from its first to its last sample.

use crate::head::{Shared, Times};
use crate::series::SeriesIndex;
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use std::collections::BTreeSet;

/// The label sets of the series that satisfy one of the sets of matchers (all series where there is no set) and have
/// samples from `start_ms` to `end_ms`, both included. At most `limit`, where that is not 0.
pub(crate) fn series(shared: &Shared, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64, limit: usize) -> Vec<Labels> {
    let index = shared.series.read();
    let numbers = matching(&index, sets);
    let queue = shared.queue.lock();
    numbers
        .into_iter()
        .filter(|&n| queue.times.get(n).meets(start_ms, end_ms))
        .filter_map(|n| index.get(n).cloned())
        .take(if limit == 0 { usize::MAX } else { limit })
        .collect()
}

/// The label names of these series, sorted.
pub(crate) fn label_names(shared: &Shared, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> Vec<String> {
    let index = shared.series.read();
    if sets.is_empty() {
        let queue = shared.queue.lock();
        let mut names: Vec<String> = index
            .postings()
            .names()
            .filter(|name| index.postings().values(name).any(|(_, list)| any(&queue.times, list, start_ms, end_ms)))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        return names;
    }
    let numbers = alive(shared, matching(&index, sets), start_ms, end_ms);
    let names: BTreeSet<&str> =
        numbers.iter().filter_map(|&n| index.get(n)).flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The values that a label has in these series, sorted.
pub(crate) fn label_values(
    shared: &Shared,
    name: &str,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
) -> Vec<String> {
    let index = shared.series.read();
    if sets.is_empty() {
        let queue = shared.queue.lock();
        let mut values: Vec<String> = index
            .postings()
            .values(name)
            .filter(|(_, list)| any(&queue.times, list, start_ms, end_ms))
            .map(|(value, _)| value.to_owned())
            .collect();
        values.sort_unstable();
        return values;
    }
    let numbers = alive(shared, matching(&index, sets), start_ms, end_ms);
    let values: BTreeSet<&str> = numbers.iter().filter_map(|&n| index.get(n)?.get(name)).collect();
    values.into_iter().map(str::to_owned).collect()
}

fn matching(index: &SeriesIndex, sets: &[Vec<Matcher>]) -> Vec<u32> {
    match sets {
        [] => index.numbers().collect(),
        [one] => index.resolve(one),
        many => many.iter().flat_map(|set| index.resolve(set)).collect::<BTreeSet<u32>>().into_iter().collect(),
    }
}

fn alive(shared: &Shared, mut numbers: Vec<u32>, start_ms: i64, end_ms: i64) -> Vec<u32> {
    let queue = shared.queue.lock();
    numbers.retain(|&n| queue.times.get(n).meets(start_ms, end_ms));
    numbers
}

fn any(times: &Times, numbers: &[u32], start_ms: i64, end_ms: i64) -> bool {
    // The newest series are the likeliest to be there.
    numbers.iter().rev().any(|&n| times.get(n).meets(start_ms, end_ms))
}
