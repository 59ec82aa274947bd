//! Samples as the hot tables keep them: in runs. A run is a row: samples of one moment whose series have consecutive numbers.
//!
//! A page's series get their numbers in one go, so a scrape is a few runs, of eight bytes a sample. DuckDB's work for a row,
//! for each column and again when the log is written into the table, is then next to nothing.

use super::Pending;
use crate::{Batch, Error};
use duckdb::Connection;
use duckdb::arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int64Array, RecordBatch, UInt32Array, UInt64Array,
};
use duckdb::arrow::datatypes::{Int64Type, UInt32Type};
use duckdb::arrow::error::ArrowError;
use std::sync::Arc;

/// The columns of the tables, as the migrations made them.
pub(super) const COLUMNS: &str =
    "(batch UBIGINT NOT NULL, ts BIGINT NOT NULL, series_id UINTEGER NOT NULL, samples BLOB NOT NULL)";

/// Samples in one run at most: 16 KiB. So the rows that DuckDB writes into its log at once are far from the longest entry that
/// `database::heal` takes for one.
const RUN_SAMPLES: usize = 2048;

/// Rows that DuckDB takes in one piece.
pub(super) const PIECE_ROWS: usize = 2048;

/// Samples that are handed to DuckDB at once, and somewhat more.
const PIECE_SAMPLES: usize = 1 << 20;

/// The rows of batches, in pieces of [`PIECE_ROWS`] at most.
pub(super) fn pieces(batches: &[Arc<Pending>]) -> Result<Vec<RecordBatch>, ArrowError> {
    let mut pieces = Pieces::default();
    for pending in batches {
        pieces.add(pending.number, &pending.batch)?;
    }
    pieces.finish()?;
    Ok(pieces.done)
}

#[derive(Default)]
struct Pieces {
    done: Vec<RecordBatch>,
    batches: Vec<u64>,
    timestamps: Vec<i64>,
    series: Vec<u32>,
    samples: BinaryBuilder,
    /// In the piece, and of the run that is being written.
    count: usize,
    run: Vec<u8>,
}

impl Pieces {
    fn add(&mut self, number: u64, batch: &Batch) -> Result<(), ArrowError> {
        let key = |at: usize| (batch.timestamps_ms[at], batch.series[at].0);
        if (1..batch.len()).all(|at| key(at - 1) < key(at)) {
            return self.add_ordered(number, batch, 0..batch.len());
        }
        // Those of a series ascend in time already, and go on doing so.
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_unstable_by_key(|&at| key(at));
        self.add_ordered(number, batch, order.into_iter())
    }

    fn add_ordered(
        &mut self,
        number: u64,
        batch: &Batch,
        order: impl Iterator<Item = usize>,
    ) -> Result<(), ArrowError> {
        // The moment of the run, and the series that would continue it.
        let mut next = None;
        for at in order {
            let (timestamp, series) = (batch.timestamps_ms[at], batch.series[at].0);
            if next != Some((timestamp, series)) || self.run.len() >= RUN_SAMPLES * 8 {
                self.end_run();
                if self.batches.len() >= PIECE_ROWS || self.count >= PIECE_SAMPLES {
                    self.finish()?;
                }
                self.batches.push(number);
                self.timestamps.push(timestamp);
                self.series.push(series);
            }
            self.run.extend_from_slice(&batch.values[at].to_bits().to_be_bytes());
            // The last number of all is of no series: nothing can follow it.
            next = series.checked_add(1).map(|series| (timestamp, series));
        }
        self.end_run();
        Ok(())
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.count += self.run.len() / 8;
            self.samples.append_value(&self.run);
            self.run.clear();
        }
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        if self.batches.is_empty() {
            return Ok(());
        }
        self.count = 0;
        self.done.push(RecordBatch::try_from_iter_with_nullable([
            ("batch", Arc::new(UInt64Array::from(std::mem::take(&mut self.batches))) as ArrayRef, false),
            ("ts", Arc::new(Int64Array::from(std::mem::take(&mut self.timestamps))), false),
            ("series_id", Arc::new(UInt32Array::from(std::mem::take(&mut self.series))), false),
            ("samples", Arc::new(self.samples.finish()), false),
        ])?);
        Ok(())
    }
}

/// A run as it is read.
pub(crate) struct Run<'a> {
    pub(crate) timestamp_ms: i64,
    /// The number of the first series.
    first: u32,
    bytes: &'a [u8],
}

impl Run<'_> {
    /// The numbers of its series, with the values.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (u32, f64)> {
        let values = self.bytes.as_chunks::<8>().0.iter().map(|bits| f64::from_bits(u64::from_be_bytes(*bits)));
        (self.first..=u32::MAX).zip(values)
    }
}

/// Reads the runs of a table: `head_runs` or `head_closed_runs`. `order` is what comes after the table's name. Ends where `each`
/// says that it wants no more.
pub(crate) fn each_run(
    connection: &Connection,
    table: &str,
    order: &str,
    mut each: impl FnMut(Run<'_>) -> bool,
) -> Result<(), Error> {
    let sql = format!("SELECT ts, series_id, samples FROM {table} {order}");
    let mut statement = connection.prepare(&sql).map_err(Error::query)?;
    drop(statement.query_arrow([]).map_err(Error::query)?);
    while let Some(rows) = statement.step().map_err(Error::query)? {
        let [timestamps, first, samples] = rows.columns() else {
            return Err(Error::query("three columns were asked for"));
        };
        let (Some(timestamps), Some(first), Some(samples)) = (
            timestamps.as_primitive_opt::<Int64Type>(),
            first.as_primitive_opt::<UInt32Type>(),
            samples.as_binary_opt::<i32>(),
        ) else {
            return Err(Error::query(format!("{table} has columns of unexpected types")));
        };
        for i in 0..rows.len() {
            if !each(Run { timestamp_ms: timestamps.value(i), first: first.value(i), bytes: samples.value(i) }) {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeriesRef;
    use crate::head::Queue;
    use crate::head::Times;
    use duckdb::arrow::datatypes::UInt64Type;
    use proptest::prelude::*;
    use std::time::Instant;

    fn pending(batches: &[Batch]) -> Vec<Arc<Pending>> {
        let mut queue = Queue::new(Times::default(), 0, usize::MAX);
        batches.iter().for_each(|batch| assert!(queue.append(batch.clone(), Instant::now()).is_ok()));
        queue.pending()
    }

    fn batch(samples: &[(u32, i64, f64)]) -> Batch {
        let mut batch = Batch::default();
        samples.iter().for_each(|&(s, t, v)| batch.push(SeriesRef(s), t, v));
        batch
    }

    fn read(pieces: &[RecordBatch]) -> Vec<(u64, i64, u32, usize)> {
        let rows = pieces.iter().flat_map(|piece| {
            let batches = piece.column(0).as_primitive::<UInt64Type>();
            let (times, series) =
                (piece.column(1).as_primitive::<Int64Type>(), piece.column(2).as_primitive::<UInt32Type>());
            let samples = piece.column(3).as_binary::<i32>();
            (0..piece.num_rows())
                .map(|i| (batches.value(i), times.value(i), series.value(i), samples.value(i).len() / 8))
                .collect::<Vec<_>>()
        });
        rows.collect()
    }

    #[test]
    fn a_page_is_few_rows() {
        let page: Vec<_> = (10..2050).map(|s| (s, 1000, 1.0)).collect();
        // Out of their order, as when processes come and go, with one of its own time, and a gap.
        let mut shuffled: Vec<_> = page.iter().rev().filter(|s| s.0 != 100).map(|&(s, _, v)| (s, 2000, v)).collect();
        shuffled.push((100, 1990, 2.0));
        let rows = read(&pieces(&pending(&[batch(&page), batch(&shuffled)])).unwrap());
        assert_eq!(rows, [(1, 1000, 10, 2040), (2, 1990, 100, 1), (2, 2000, 10, 90), (2, 2000, 101, 1949)]);
    }

    #[test]
    fn rows_and_pieces_have_bounds() {
        let long: Vec<_> = (0..5000).map(|s| (s, 1000, 1.0)).collect();
        let rows = read(&pieces(&pending(&[batch(&long)])).unwrap());
        assert_eq!(rows, [(1, 1000, 0, 2048), (1, 1000, 2048, 2048), (1, 1000, 4096, 904)]);
        let single: Vec<_> = (0..5000).map(|t| (7, t, 1.0)).collect();
        let sizes: Vec<usize> =
            pieces(&pending(&[batch(&single)])).unwrap().iter().map(RecordBatch::num_rows).collect();
        assert_eq!(sizes, [2048, 2048, 904]);
    }

    proptest! {
        #[test]
        fn a_table_gives_back_what_it_took(
            batches in proptest::collection::vec(proptest::collection::vec((0u32..40, 0i64..6, any::<u64>()), 0..80), 0..5),
        ) {
            let all = |batch: &Vec<(u32, i64, u64)>| {
                batch.iter().map(|&(s, t, v)| (if s == 39 { u32::MAX } else { s }, t, f64::from_bits(v))).collect::<Vec<_>>()
            };
            let pending = pending(&batches.iter().map(|b| batch(&all(b))).collect::<Vec<_>>());
            let mut expected: Vec<(u32, i64, u64)> = Vec::new();
            for p in &pending {
                let b = &p.batch;
                expected.extend((0..b.len()).map(|i| (b.series[i].0, b.timestamps_ms[i], b.values[i].to_bits())));
            }
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(&format!("CREATE TABLE t {COLUMNS}")).unwrap();
            let mut appender = connection.appender("t").unwrap();
            pieces(&pending).unwrap().into_iter().for_each(|piece| appender.append_record_batch(piece).unwrap());
            appender.flush().unwrap();
            let mut got = Vec::new();
            each_run(&connection, "t", "", |run| {
                got.extend(run.samples().map(|(series, value)| (series, run.timestamp_ms, value.to_bits())));
                true
            }).unwrap();
            expected.sort_unstable();
            got.sort_unstable();
            prop_assert_eq!(got, expected);
        }
    }
}
