//! Matchers and a stretch of time to columns of samples.
//!
//! A sample is in a batch that waits for its commit, then among the recent ones, then in a block. Each of these steps is
//! made under the lock of the recent ones, so a reader that holds it sees every sample in one place: of each batch all that
//! was asked for, or nothing.

use super::pieces::{Pieces, assemble};
use super::sealed::Parts;
use crate::Error;
use crate::head::{Pending, Shared};
use crate::recent::Kept;
use crate::series::SeriesIndex;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use procession_openmetrics::Labels;
use procession_promql::{Selection, SeriesSet};
use std::sync::Arc;

/// The samples of the series that satisfy every matcher, `start_ms < timestamp <= end_ms`, at one moment.
pub(crate) fn select(shared: &Shared, selection: &Selection, limit: usize, threads: usize) -> Result<SeriesSet, Error> {
    let bounds = (selection.start_ms, selection.end_ms);
    let mut all = Vec::new();
    let (mut labels, list) = {
        let recent = shared.recent.read();
        let series = shared.series.read();
        let mut numbers = series.resolve(&selection.matchers);
        let pending = {
            let queue = shared.queue.lock();
            numbers.retain(|&n| queue.times.get(n).meets(bounds.0.saturating_add(1), bounds.1));
            queue.pending()
        };
        let mut labels: Vec<Labels> = numbers.iter().filter_map(|&n| series.get(n).cloned()).collect();
        let waiting = waiting(&pending, &numbers, bounds);
        let mut waiting = waiting.chunk_by(|a, b| a.0 == b.0).peekable();
        let mut pieces = Pieces::default();
        for (slot, &number) in (0u32..).zip(&numbers) {
            recent.read(number, bounds, &mut pieces.timestamps, &mut pieces.values);
            for &(_, timestamp_ms, value) in waiting.next_if(|rows| rows[0].0 == slot).unwrap_or_default() {
                pieces.timestamps.push(timestamp_ms);
                pieces.values.push(value);
            }
            pieces.end(slot);
            if pieces.timestamps.len() > limit {
                return Err(too_many(limit, numbers.len()));
            }
            if selection.cancel.is_due() {
                return Err(Error::GivenUp);
            }
        }
        pieces.shrink();
        all.push(pieces);
        if let Some(kept) = recent.kept(bounds.0) {
            all.push(kept_pieces(kept, &series, &numbers, selection, &mut labels)?);
            drop((series, recent));
            return if count(&all) > limit { Err(too_many(limit, labels.len())) } else { Ok(assemble(all, labels)) };
        }
        (labels, shared.blocks.list())
    };
    let read = Parts::resolve(&shared.blocks, &list, selection, &mut labels)
        .and_then(|parts| parts.read(selection, limit - count(&all), threads));
    let sealed = read.inspect_err(|error| {
        if let Error::Block { number, message, damaged: true, .. } = error {
            set_aside(shared, *number, message);
        }
    })?;
    all.extend(sealed);
    Ok(assemble(all, labels))
}

/// What was sealed last. `labels` grows by the series that are not in the index any more.
fn kept_pieces(
    kept: &Kept,
    series: &SeriesIndex,
    numbers: &[u32],
    selection: &Selection,
    labels: &mut Vec<Labels>,
) -> Result<Pieces, Error> {
    let mut pieces = Pieces::default();
    for (number, set) in kept.resolve(&selection.matchers) {
        if selection.cancel.is_due() {
            return Err(Error::GivenUp);
        }
        let known = series.find(set).and_then(|number| numbers.binary_search(&number).ok());
        kept.samples(number, (selection.start_ms, selection.end_ms), &mut pieces.timestamps, &mut pieces.values);
        let slot = known.unwrap_or(labels.len()) as u32;
        if pieces.end(slot) && known.is_none() {
            labels.push(set.clone());
        }
    }
    pieces.shrink();
    Ok(pieces)
}

fn count(all: &[Pieces]) -> usize {
    all.iter().map(|pieces| pieces.timestamps.len()).sum()
}

fn too_many(limit: usize, series: usize) -> Error {
    Error::TooManySamples { limit, series }
}

/// What waits of these series, by their places in the list, each in order of time.
fn waiting(pending: &[Arc<Pending>], numbers: &[u32], (start_ms, end_ms): (i64, i64)) -> Vec<(u32, i64, f64)> {
    let mut rows = Vec::new();
    if pending.is_empty() || numbers.is_empty() {
        return rows;
    }
    let slots: HashMap<u32, u32, RandomState> = numbers.iter().copied().zip(0..).collect();
    for batch in pending.iter().map(|p| &p.batch) {
        for ((series, &timestamp_ms), &value) in batch.series.iter().zip(&batch.timestamps_ms).zip(&batch.values) {
            if timestamp_ms > start_ms
                && timestamp_ms <= end_ms
                && let Some(&slot) = slots.get(&series.0)
            {
                rows.push((slot, timestamp_ms, value));
            }
        }
    }
    rows.sort_by_key(|(slot, ..)| *slot);
    rows
}

/// Takes a block that is broken out of use, so that the next query is answered from the rest.
pub(crate) fn set_aside(shared: &Shared, number: u32, reason: &str) {
    if shared.blocks.set_aside(number, reason) {
        shared.queue.lock().sealing.views = true;
        shared.work.notify_one();
    }
}
