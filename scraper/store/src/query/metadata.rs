//! Series, label names and label values: from what is known of series, without their samples.
//!
//! A series counts as being there from its first to its last sample, in the hot tables or in a block. The memory is asked
//! first: what is sealed and forgotten meanwhile is found in its block.

use crate::Error;
use crate::blocks::{Block, BlockIndex, LabelValues};
use crate::head::{Shared, Times};
use crate::series::SeriesIndex;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use procession_openmetrics::{Labels, LabelsBuilder};
use procession_promql::Matcher;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one question may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Series of blocks that it finds, in each block that has them and by each set of matchers: some microsecond each, and some
    /// hundred bytes where they are returned.
    found: u64,
    /// Series that it returns.
    series: usize,
    /// Series of blocks that it looks at, by each set of matchers: some ten nanoseconds each.
    looked_at: u64,
}

impl Limits {
    /// Those of the store.
    pub(crate) const STORE: Limits = Limits { found: 10_000_000, series: 2_000_000, looked_at: 500_000_000 };
}

/// As how many series one counts of a block of an earlier version, which has no index.
const WITHOUT_INDEX: u64 = 50;

/// The label sets of the series that satisfy one of the sets of matchers (all series where there is no set) and have
/// samples from `start_ms` to `end_ms`, both included. At most `limit`, where that is not 0.
pub(crate) fn series(
    shared: &Shared,
    limits: &Limits,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
    limit: usize,
) -> Result<Vec<Labels>, Error> {
    let limit = if limit == 0 { usize::MAX } else { limit };
    let mut found: Vec<Labels> = {
        let index = shared.series.read();
        let there = alive(shared, matching(&index, sets), start_ms, end_ms);
        there.into_iter().filter_map(|n| index.get(n).cloned()).take(limit).collect()
    };
    let mut known: HashSet<Labels, RandomState> = HashSet::default();
    let blocks = shared.blocks.list().meeting(start_ms, end_ms);
    let mut builder = LabelsBuilder::default();
    each_in(shared, limits, &blocks, sets, start_ms, end_ms, |index, places| {
        if known.is_empty() {
            known.extend(found.iter().cloned());
        }
        for &place in places {
            if found.len() >= limit.min(limits.series + 1) {
                return false;
            }
            let labels = index.labels(place, &mut builder);
            if known.insert(labels.clone()) {
                found.push(labels);
            }
        }
        true
    })?;
    if found.len() > limits.series && limit > limits.series {
        return Err(Error::TooManySeries { limit: limits.series as u64 });
    }
    Ok(found)
}

/// The label names of these series, sorted.
pub(crate) fn label_names(
    shared: &Shared,
    limits: &Limits,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<String>, Error> {
    let mut names = names_in_memory(shared, sets, start_ms, end_ms);
    let blocks = unlisted(shared, sets, start_ms, end_ms, |LabelValues(listed)| {
        names.extend(listed.into_keys());
        true
    });
    each_in(shared, limits, &blocks, sets, start_ms, end_ms, |index, places| {
        names.extend(index.names(places).map(str::to_owned));
        true
    })?;
    Ok(names.into_iter().collect())
}

fn names_in_memory(shared: &Shared, sets: &[Vec<Matcher>], start_ms: i64, end_ms: i64) -> BTreeSet<String> {
    let index = shared.series.read();
    if sets.is_empty() {
        let queue = shared.queue.lock();
        let alive =
            |name: &&str| index.postings().values(name).any(|(_, list)| any(&queue.times, list, start_ms, end_ms));
        return index.postings().names().filter(alive).map(str::to_owned).collect();
    }
    let numbers = alive(shared, matching(&index, sets), start_ms, end_ms);
    let of_series: BTreeSet<&str> =
        numbers.iter().filter_map(|&n| index.get(n)).flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
    of_series.into_iter().map(str::to_owned).collect()
}

/// The values that a label has in these series, sorted.
pub(crate) fn label_values(
    shared: &Shared,
    limits: &Limits,
    name: &str,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<String>, Error> {
    let mut values = values_in_memory(shared, name, sets, start_ms, end_ms);
    let blocks = unlisted(shared, sets, start_ms, end_ms, |LabelValues(mut listed)| match listed.remove(name) {
        // There are too many.
        Some(None) => false,
        of_block => {
            values.extend(of_block.flatten().into_iter().flatten());
            true
        }
    });
    each_in(shared, limits, &blocks, sets, start_ms, end_ms, |index, places| {
        values.extend(index.values(name, places).map(str::to_owned));
        true
    })?;
    Ok(values.into_iter().collect())
}

fn values_in_memory(
    shared: &Shared,
    name: &str,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
) -> BTreeSet<String> {
    let index = shared.series.read();
    if sets.is_empty() {
        let queue = shared.queue.lock();
        let alive = index.postings().values(name).filter(|(_, list)| any(&queue.times, list, start_ms, end_ms));
        return alive.map(|(value, _)| value.to_owned()).collect();
    }
    let numbers = alive(shared, matching(&index, sets), start_ms, end_ms);
    let of_series: BTreeSet<&str> = numbers.iter().filter_map(|&n| index.get(n)?.get(name)).collect();
    of_series.into_iter().map(str::to_owned).collect()
}

/// The blocks that must be asked series by series. Of the others `take` was told which labels they have: where nothing is
/// said of the series, those of a block count for all of its time.
fn unlisted(
    shared: &Shared,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
    mut take: impl FnMut(LabelValues) -> bool,
) -> Vec<Arc<Block>> {
    let mut blocks = shared.blocks.list().meeting(start_ms, end_ms);
    if sets.is_empty() {
        blocks.retain(|block| !block.label_values().is_some_and(&mut take));
    }
    blocks
}

/// Calls `visit` with the series of each of these blocks that are asked for, until it says that this is enough.
fn each_in(
    shared: &Shared,
    limits: &Limits,
    blocks: &[Arc<Block>],
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
    mut visit: impl FnMut(&BlockIndex, &[u32]) -> bool,
) -> Result<(), Error> {
    let all = [Vec::new()];
    let sets = if sets.is_empty() { &all } else { sets };
    let (mut looked_at, mut found) = (0, 0);
    // The newest first: where there is a limit, they are of more interest.
    for block in blocks.iter().rev() {
        let each = block.meta.series * if block.meta.index_file.is_some() { 1 } else { WITHOUT_INDEX };
        looked_at += each * sets.len() as u64;
        if looked_at > limits.looked_at {
            return Err(Error::TooManySeries { limit: limits.looked_at });
        }
        let index = shared.blocks.indexes.get(block)?;
        for set in sets {
            let places = index.resolve(set, start_ms, end_ms);
            found += places.len() as u64;
            if found > limits.found {
                return Err(Error::TooManySeries { limit: limits.found });
            }
            if !visit(&index, &places) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn matching(index: &SeriesIndex, sets: &[Vec<Matcher>]) -> Vec<u32> {
    match sets {
        [] => index.numbers(),
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

#[cfg(test)]
mod tests;
