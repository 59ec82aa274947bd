//! Matchers and a stretch of time to columns of samples.
//!
//! A sample is in a batch that waits for its commit, then among the recent ones, then in a block. Each of these steps is
//! made under the lock of the recent ones, so a reader that holds it sees every sample in one place: of each batch all that
//! was asked for, or nothing.

use super::pieces::{Pieces, assemble};
use super::sealed::Parts;
use crate::Error;
use crate::head::{Pending, Shared};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use procession_openmetrics::Labels;
use procession_promql::{Selection, SeriesSet};
use std::sync::Arc;

/// The samples of the series that satisfy every matcher, `start_ms < timestamp <= end_ms`, at one moment.
pub(crate) fn select(shared: &Shared, selection: &Selection, limit: usize, threads: usize) -> Result<SeriesSet, Error> {
    let bounds = (selection.start_ms, selection.end_ms);
    let (mut labels, recent, list) = {
        let recent = shared.recent.read();
        let series = shared.series.read();
        let mut numbers = series.resolve(&selection.matchers);
        let pending = {
            let queue = shared.queue.lock();
            numbers.retain(|&n| queue.times.get(n).meets(bounds.0.saturating_add(1), bounds.1));
            queue.pending()
        };
        let labels: Vec<Labels> = numbers.iter().filter_map(|&n| series.get(n).cloned()).collect();
        drop(series);
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
                return Err(Error::TooManySamples { limit, series: numbers.len() });
            }
            if selection.cancel.is_due() {
                return Err(Error::GivenUp);
            }
        }
        (labels, pieces, shared.blocks.list())
    };
    let read = Parts::resolve(shared, &list, selection, &mut labels)
        .and_then(|parts| parts.read(selection, limit - recent.timestamps.len(), threads));
    let mut all = read.inspect_err(|error| {
        if let Error::Block { number, message, damaged: true, .. } = error {
            set_aside(shared, *number, message);
        }
    })?;
    all.push(recent);
    Ok(assemble(&all, labels))
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
pub(super) fn set_aside(shared: &Shared, number: u32, reason: &str) {
    if shared.blocks.set_aside(number, reason) {
        shared.queue.lock().sealing.views = true;
        shared.work.notify_one();
    }
}
