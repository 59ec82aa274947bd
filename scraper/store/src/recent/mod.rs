//! What is not in blocks yet, in memory and by series: queries need no SQL for it, and sealing need not sort it.
//!
//! It mirrors the hot tables of the database. The writer moves each batch here, out of those that wait, when it is
//! committed; a start reads the tables once. Samples are packed: some three bytes each.

mod generation;
mod kept;
mod load;
mod samples;

pub(crate) use generation::Generation;
pub(crate) use kept::{KEPT_MS, Kept};
pub(crate) use load::load;

use crate::Batch;
use crate::series::SeriesIndex;
use procession_openmetrics::Labels;
use std::sync::Arc;

/// Told of a series: its number, its labels, its timestamps and values in order.
pub(crate) type Told<'a> = dyn FnMut(u32, &Labels, &[i64], &[f64]) + 'a;

/// The samples of the hot table, and of the closed one that is being sealed.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    hot: Generation,
    closed: Option<Arc<Generation>>,
    /// What was sealed last.
    kept: Option<Kept>,
}

impl Recent {
    pub(crate) fn new(hot: Generation, closed: Generation) -> Recent {
        Recent { hot, closed: (!closed.is_empty()).then(|| Arc::new(closed)), kept: None }
    }

    /// Takes a batch that is committed.
    pub(crate) fn add(&mut self, batch: &Batch, series: &SeriesIndex) {
        for ((series_ref, &timestamp_ms), &value) in batch.series.iter().zip(&batch.timestamps_ms).zip(&batch.values) {
            self.hot.push(series_ref.0, timestamp_ms, value, || series.get(series_ref.0).cloned());
        }
    }

    /// The hot table was closed.
    pub(crate) fn close(&mut self) {
        self.closed = Some(Arc::new(std::mem::take(&mut self.hot)));
    }

    /// What is to be sealed.
    pub(crate) fn closed(&self) -> Option<&Arc<Generation>> {
        self.closed.as_ref()
    }

    /// What was closed is in a block now, and stays here as `kept`. Returns what was kept before: dropping it takes a while,
    /// and need not be done under the lock.
    pub(crate) fn was_sealed(&mut self, kept: Option<Kept>) -> Option<Kept> {
        self.closed = None;
        std::mem::replace(&mut self.kept, kept)
    }

    /// Keeps what was read of blocks.
    pub(crate) fn keep(&mut self, kept: Option<Kept>) {
        self.kept = kept;
    }

    /// What was sealed last, where it is all that blocks have after `start_ms`.
    pub(crate) fn kept(&self, start_ms: i64) -> Option<&Kept> {
        self.kept.as_ref().filter(|kept| kept.covers(start_ms))
    }

    /// What all of it takes in memory, but for the labels.
    pub(crate) fn memory_bytes(&self) -> usize {
        let not_sealed = self.closed.as_deref().into_iter().chain([&self.hot]).map(Generation::memory_bytes);
        not_sealed.sum::<usize>() + self.kept.as_ref().map_or(0, Kept::memory_bytes)
    }

    /// Blocks were removed: what they held must not be shown.
    pub(crate) fn forget_kept(&mut self) {
        self.kept = None;
    }

    /// The samples before a moment were deleted from the hot table.
    pub(crate) fn cut(&mut self, cut_ms: i64) {
        self.hot.cut(cut_ms);
    }

    /// Tells of every series with its samples with `start_ms < timestamp <= end_ms`, if any, in order; of one that is in the closed
    /// table and the hot one, of both.
    pub(crate) fn each(&self, bounds: (i64, i64), told: &mut Told<'_>) {
        for generation in self.closed.as_deref().into_iter().chain([&self.hot]) {
            generation.each(bounds, told);
        }
    }

    /// Tells of the number, and of the last timestamp and value, of every series in a hot table.
    pub(crate) fn each_last(&self, mut told: impl FnMut(u32, i64, f64)) {
        for generation in self.closed.as_deref().into_iter().chain([&self.hot]) {
            generation.each_last(&mut told);
        }
    }

    /// Appends the samples of a series with `start_ms < timestamp <= end_ms`, in order.
    pub(crate) fn read(
        &self,
        number: u32,
        (start_ms, end_ms): (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) {
        for generation in self.closed.as_deref().into_iter().chain([&self.hot]) {
            generation.read(number, (start_ms, end_ms), timestamps, values);
        }
    }
}
