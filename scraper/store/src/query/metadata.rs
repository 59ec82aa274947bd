//! Series, label names and label values: from what is known of series, without their samples.
//!
//! A series counts as being there from its first to its last sample, in the hot tables or in a block. The memory is asked
//! first: what is sealed and forgotten meanwhile is found in its block.

use super::look_up::known;
use crate::Error;
use crate::blocks::{Block, LabelValues};
use crate::head::{Shared, Times};
use crate::series::SeriesIndex;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use procession_openmetrics::Labels;
use procession_promql::Matcher;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Series of blocks that one question reads at most: some microsecond each.
const MAX_SERIES: u64 = 10_000_000;

/// The label sets of the series that satisfy one of the sets of matchers (all series where there is no set) and have
/// samples from `start_ms` to `end_ms`, both included. At most `limit`, where that is not 0.
pub(crate) fn series(
    shared: &Shared,
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
    each_in(shared, &blocks, sets, start_ms, end_ms, |labels| {
        if known.is_empty() {
            known.extend(found.iter().cloned());
        }
        if found.len() < limit && !known.contains(labels) {
            known.insert(labels.clone());
            found.push(labels.clone());
        }
        found.len() < limit
    })?;
    Ok(found)
}

/// The label names of these series, sorted.
pub(crate) fn label_names(
    shared: &Shared,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<String>, Error> {
    let mut names = names_in_memory(shared, sets, start_ms, end_ms);
    let blocks = unlisted(shared, sets, start_ms, end_ms, |LabelValues(listed)| {
        names.extend(listed.into_keys());
        true
    });
    each_in(shared, &blocks, sets, start_ms, end_ms, |labels| {
        for (name, _) in labels {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
        }
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
    each_in(shared, &blocks, sets, start_ms, end_ms, |labels| {
        if let Some(value) = labels.get(name).filter(|value| !values.contains(*value)) {
            values.insert(value.to_owned());
        }
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

/// Calls `visit` for each series of these blocks that is asked for, until it says that this is enough.
fn each_in(
    shared: &Shared,
    blocks: &[Arc<Block>],
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
    mut visit: impl FnMut(&Labels) -> bool,
) -> Result<(), Error> {
    let all = [Vec::new()];
    let sets = if sets.is_empty() { &all } else { sets };
    let mut read = 0;
    // The newest first: where there is a limit, they are of more interest.
    for block in blocks.iter().rev() {
        read += block.meta.series;
        if read > MAX_SERIES {
            return Err(Error::TooManySeries { limit: MAX_SERIES });
        }
        let index = shared.blocks.indexes.get(block, |labels| known(shared, labels))?;
        for set in sets {
            for place in index.resolve(set, start_ms, end_ms) {
                if !visit(index.labels(place)) {
                    return Ok(());
                }
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
