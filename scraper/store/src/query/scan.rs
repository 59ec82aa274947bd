//! The rows of a selection: those in the database, and those that still wait for their commit.
//!
//! A batch is in memory first, then in both places for a moment, then in the database alone. A reader copies the list of
//! waiting batches *before* it opens its snapshot of the database, and the snapshot itself says up to which number it
//! holds batches (`head_commit`, written by the same transactions). So what is in the snapshot is dropped from the list,
//! and nothing is seen twice or not at all, without any lock across the two.

use super::slots::Slots;
use crate::Error;
use crate::batch::TIMESTAMP_LIMIT_MS;
use crate::head::Pending;
use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::{Float64Type, Int64Type, UInt32Type};
use procession_openmetrics::STALE_NAN;
use procession_promql::Selection;
use std::sync::Arc;

/// Samples in three columns of one length, those of one series not necessarily in order.
#[derive(Default)]
pub(crate) struct Rows {
    /// Place of the series in the selection.
    pub(crate) slots: Vec<u32>,
    /// Milliseconds since the Unix epoch.
    pub(crate) timestamps: Vec<i64>,
    /// [`STALE_NAN`] marks the end of a series.
    pub(crate) values: Vec<f64>,
}

impl Rows {
    fn push(&mut self, slot: u32, timestamp_ms: i64, value: f64) {
        self.slots.push(slot);
        self.timestamps.push(timestamp_ms);
        self.values.push(value);
    }
}

/// One look at everything: the rows of series `numbers`, and the number of the last batch that the snapshot held.
pub(crate) fn scan(
    connection: &Connection,
    pending: &[Arc<Pending>],
    numbers: &[u32],
    selection: &Selection,
    limit: usize,
) -> Result<(Rows, u64), Error> {
    let slots = Slots::new(numbers);
    let too_many = || Error::TooManySamples { limit, series: numbers.len() };
    let mut rows = Rows::default();
    let mut committed = None;

    // The row without a series says which snapshot it is. The transaction holds planning and running together: without
    // it each has a snapshot of its own, and a plan that knew no newer rows finds none although they are there by now.
    let snapshot = connection.unchecked_transaction().map_err(Error::query)?;
    let sql = format!(
        "SELECT NULL::UINTEGER, batches::BIGINT, NULL::DOUBLE FROM head_commit UNION ALL \
         SELECT series_id, ts, value FROM head_samples WHERE ts > {} AND ts <= {} AND {}",
        selection.start_ms.clamp(-TIMESTAMP_LIMIT_MS - 1, TIMESTAMP_LIMIT_MS),
        selection.end_ms.clamp(-TIMESTAMP_LIMIT_MS - 1, TIMESTAMP_LIMIT_MS),
        slots.condition(numbers),
    );
    let mut statement = snapshot.prepare(&sql).map_err(Error::query)?;
    // The result as a whole (DuckDB spills it where it does not fit into its memory): twice as quick as piece by piece.
    // What this returns panics on an error half way; `step` below says it.
    drop(statement.query_arrow([]).map_err(Error::query)?);
    while let Some(chunk) = statement.step().map_err(Error::query)? {
        let [series, timestamps, values] = chunk.columns() else {
            return Err(Error::query("three columns were asked for"));
        };
        let (Some(series), Some(timestamps), Some(values)) = (
            series.as_primitive_opt::<UInt32Type>(),
            timestamps.as_primitive_opt::<Int64Type>(),
            values.as_primitive_opt::<Float64Type>(),
        ) else {
            return Err(Error::query("head_samples has columns of unexpected types"));
        };
        for i in 0..chunk.len() {
            if series.is_null(i) {
                committed = Some(timestamps.value(i) as u64);
            } else if let Some(slot) = slots.get(series.value(i)) {
                let value = if values.is_null(i) { STALE_NAN } else { values.value(i) };
                rows.push(slot, timestamps.value(i), value);
            }
        }
        if rows.slots.len() > limit {
            return Err(too_many());
        }
    }
    drop(statement);
    snapshot.commit().map_err(Error::query)?;
    let committed = committed.ok_or_else(|| Error::query("head_commit has no row"))?;

    for waiting in pending.iter().filter(|p| p.number > committed) {
        let batch = &waiting.batch;
        for (i, series) in batch.series.iter().enumerate() {
            let timestamp_ms = batch.timestamps_ms[i];
            if timestamp_ms > selection.start_ms
                && timestamp_ms <= selection.end_ms
                && let Some(slot) = slots.get(series.0)
            {
                rows.push(slot, timestamp_ms, batch.values[i]);
            }
        }
        if rows.slots.len() > limit {
            return Err(too_many());
        }
    }
    Ok((rows, committed))
}
