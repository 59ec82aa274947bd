//! The rows of a selection: those in the database, and those that still wait for their commit.
//!
//! A batch is in memory first, then in both places for a moment, then in the database alone. A reader copies the list of
//! waiting batches *before* it opens its snapshot of the database, and the snapshot itself says up to which number it
//! holds batches (`head_commit`, written by the same transactions). So what is in the snapshot is dropped from the list,
//! and nothing is seen twice or not at all, without any lock across the two.

use super::sealed::Parts;
use super::slots::Slots;
use crate::Error;
use crate::batch::TIMESTAMP_LIMIT_MS;
use crate::blocks::Block;
use crate::head::Pending;
use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::{Float64Type, Int64Type, UInt64Type};
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

/// What a look saw: the rows, and what the snapshot of the database held.
pub(crate) struct Look {
    pub(crate) rows: Rows,
    /// The number of the last batch.
    pub(crate) committed: u64,
    /// The number of the last block whose rows were no longer in it. Where the list of blocks knew less, there are no rows.
    pub(crate) sealed: u32,
}

/// One look at everything: the rows of series `numbers` in the hot tables and of `parts` in the blocks.
pub(crate) fn scan(
    connection: &Connection,
    pending: &[Arc<Pending>],
    numbers: &[u32],
    parts: &Parts,
    selection: &Selection,
    blocks_selection: &Selection,
    limit: usize,
) -> Result<Look, Error> {
    let slots = Slots::new(numbers);
    let series = numbers.len().max(parts.parts.iter().map(|part| part.len()).max().unwrap_or(0));
    let too_many = || Error::TooManySamples { limit, series };
    let mut rows = Rows::default();

    // The transaction holds all statements, and planning and running, together: else each has a snapshot of its own, and
    // a plan that knew no newer rows finds none although they are there by now.
    let snapshot = connection.unchecked_transaction().map_err(Error::query)?;
    let (committed, sealed): (u64, u32) = snapshot
        .query_row("SELECT batches, sealed FROM head_commit", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .map_err(Error::query)?;
    if sealed > parts.sealed {
        return Ok(Look { rows, committed, sealed });
    }
    let mut arms = Vec::new();
    if !numbers.is_empty() {
        let condition = slots.condition(numbers);
        for table in ["head_samples", "head_closed"] {
            arms.push(format!(
                "SELECT series_id::UBIGINT AS series_id, ts, value FROM {table} WHERE ts > {} AND ts <= {} AND {condition}",
                selection.start_ms.clamp(-TIMESTAMP_LIMIT_MS - 1, TIMESTAMP_LIMIT_MS),
                selection.end_ms.clamp(-TIMESTAMP_LIMIT_MS - 1, TIMESTAMP_LIMIT_MS),
            ));
        }
    }
    // A block that the snapshot does not know of yet is of rows that it still has itself.
    let is_counted = |block: &Block| !block.meta.is_sealed_from_head() || block.meta.number <= sealed;
    arms.extend(parts.parts.iter().filter(|part| is_counted(&part.block)).map(|part| part.sql(blocks_selection)));
    if arms.is_empty() {
        return Ok(Look { rows: pending_rows(rows, pending, committed, &slots, selection), committed, sealed });
    }
    let sql = arms.join(" UNION ALL ");
    let mut statement = snapshot.prepare(&sql).map_err(Error::query)?;
    // The result as a whole (DuckDB spills it where it does not fit into its memory): twice as quick as piece by piece.
    // What this returns panics on an error half way; `step` below says it.
    drop(statement.query_arrow([]).map_err(Error::query)?);
    while let Some(chunk) = statement.step().map_err(Error::query)? {
        let [series, timestamps, values] = chunk.columns() else {
            return Err(Error::query("three columns were asked for"));
        };
        let (Some(series), Some(timestamps), Some(values)) = (
            series.as_primitive_opt::<UInt64Type>(),
            timestamps.as_primitive_opt::<Int64Type>(),
            values.as_primitive_opt::<Float64Type>(),
        ) else {
            return Err(Error::query("head_samples has columns of unexpected types"));
        };
        // Rows of one series stand together in blocks.
        let (mut last, mut slot) = (None, None);
        for i in 0..chunk.len() {
            let id = series.value(i);
            if last != Some(id) {
                last = Some(id);
                slot = u32::try_from(id).map_or_else(|_| parts.slot(id), |number| slots.get(number));
            }
            if let Some(slot) = slot {
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
    let rows = pending_rows(rows, pending, committed, &slots, selection);
    if rows.slots.len() > limit {
        return Err(too_many());
    }
    Ok(Look { rows, committed, sealed })
}

/// Adds what waits and is not in the snapshot.
fn pending_rows(
    mut rows: Rows,
    pending: &[Arc<Pending>],
    committed: u64,
    slots: &Slots,
    selection: &Selection,
) -> Rows {
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
    }
    rows
}
