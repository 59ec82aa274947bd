//! One transaction: the rows of new series and the runs of the samples, each with the number of its batch.

use super::runs::{COLUMNS, pieces};
use super::{Pending, Span};
use crate::error::one_line;
use crate::series::{NumberSet, SeriesIndex, to_record_batch};
use duckdb::arrow::array::{RecordBatch, UInt32Array};
use duckdb::arrow::datatypes::{DataType, Field, Schema};
use duckdb::{Connection, DropBehavior, Transaction};
use parking_lot::RwLock;
use procession_openmetrics::Labels;
use std::sync::Arc;

/// The samples in runs.
const SAMPLES: &str = "coalesce(sum(octet_length(samples) // 8), 0)::UBIGINT";

/// Notes the number of the last batch, before runs leave the hot table with it.
const KEEP_COUNT: &str =
    "UPDATE head_commit SET batches = greatest(batches, coalesce((SELECT max(batch) FROM head_runs), 0));";

/// The writer's connection and what it knows to be in the database.
pub(crate) struct Committer {
    /// `None` after an error from which DuckDB recovers only by being opened again.
    connection: Option<Connection>,
    /// The series that have their row.
    written_series: NumberSet,
    /// What the database holds is not known: the last commit failed and may have gone through all the same, or the
    /// database was opened again.
    in_doubt: bool,
}

impl Committer {
    pub(crate) fn new(connection: Connection, written_series: impl IntoIterator<Item = u32>) -> Committer {
        let written_series = written_series.into_iter().collect();
        Committer { connection: Some(connection), written_series, in_doubt: false }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Goes on with a database that was opened again: what it holds is asked of it, since its log may have been cut.
    pub(crate) fn connect(&mut self, connection: Connection) {
        self.connection = Some(connection);
        self.in_doubt = true;
    }

    /// The connection, for what else the writer thread writes.
    pub(crate) fn connection(&self) -> Result<&Connection, String> {
        self.connection.as_ref().ok_or_else(|| "the database is not open".to_owned())
    }

    /// Commits batches, which are the next ones in order.
    pub(crate) fn commit(&mut self, batches: &[Arc<Pending>], series: &RwLock<SeriesIndex>) -> Result<(), String> {
        let result = self.try_commit(batches, series);
        self.in_doubt = result.is_err();
        result.map_err(one_line)
    }

    fn try_commit(
        &mut self,
        batches: &[Arc<Pending>],
        series: &RwLock<SeriesIndex>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let mut batches = batches;
        if self.in_doubt {
            let done = committed_batches(connection)?;
            batches = &batches[batches.partition_point(|p| p.number <= done)..];
            self.written_series = written_series(connection)?;
            if batches.is_empty() {
                return Ok(());
            }
        }
        let mut new: Vec<u32> = batches
            .iter()
            .flat_map(|p| &p.batch.series)
            .map(|s| s.0)
            .filter(|n| !self.written_series.contains(n))
            .collect();
        new.sort_unstable();
        new.dedup();
        let new: Vec<(u32, Labels)> = {
            let series = series.read();
            new.into_iter().filter_map(|n| Some((n, series.get(n)?.clone()))).collect()
        };
        let pieces = pieces(batches)?;
        if new.is_empty() && pieces.len() == 1 {
            // What DuckDB takes in one piece is a transaction by itself.
            append(connection, "head_runs", pieces)?;
            return Ok(());
        }
        let transaction = connection.unchecked_transaction()?;
        if !new.is_empty() {
            append(&transaction, "head_series", [to_record_batch(&new)?])?;
        }
        append(&transaction, "head_runs", pieces)?;
        commit(transaction)?;
        self.written_series.extend(new.iter().map(|(number, _)| *number));
        Ok(())
    }

    /// Deletes the samples before a moment. Returns how many, and the oldest timestamp that is left.
    ///
    /// Series stay until the next start, since their numbers may be in use.
    pub(crate) fn delete_before(&self, cut_ms: i64) -> Result<(u64, Option<i64>), String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let delete = || -> duckdb::Result<(u64, Option<i64>)> {
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(KEEP_COUNT)?;
            let sql = format!("SELECT {SAMPLES} FROM head_runs WHERE ts < ?");
            let deleted = transaction.query_row(&sql, [cut_ms], |r| r.get(0))?;
            // DuckDB gives up the place of deleted rows only where all of a row group are, which holds more runs than the table
            // most often has. So the others are written anew.
            transaction.execute_batch(&format!(
                "CREATE TABLE head_kept {COLUMNS}; INSERT INTO head_kept SELECT * FROM head_runs WHERE ts >= {cut_ms};
                 DROP TABLE head_runs; ALTER TABLE head_kept RENAME TO head_runs"
            ))?;
            let oldest_ms = transaction.query_row("SELECT min(ts) FROM head_runs", [], |r| r.get(0))?;
            commit(transaction)?;
            Ok((deleted, oldest_ms))
        };
        delete().map_err(one_line)
    }

    /// Renames the hot table to `head_closed_runs`, which is to become the block `number`, and begins a new one.
    pub(crate) fn rotate(&self, number: u32) -> Result<(), String> {
        self.transaction(&format!(
            "{KEEP_COUNT} UPDATE head_commit SET closing = {number};
             DROP TABLE head_closed_runs; ALTER TABLE head_runs RENAME TO head_closed_runs;
             CREATE TABLE head_runs {COLUMNS};"
        ))
    }

    /// Lets go of the closed rows, which are in blocks up to number `sealed` now, and says so; `views` show the blocks.
    pub(crate) fn record(&self, sealed: u32, views: &str) -> Result<(), String> {
        self.transaction(&format!(
            "DROP TABLE head_closed_runs; CREATE TABLE head_closed_runs {COLUMNS};
             UPDATE head_commit SET sealed = {sealed}, closing = 0; {views}"
        ))
    }

    /// Gives the closed rows another number, and says up to which number blocks count.
    pub(crate) fn renumber(&self, sealed: u32, closing: u32) -> Result<(), String> {
        self.transaction(&format!("UPDATE head_commit SET sealed = {sealed}, closing = {closing};"))
    }

    /// Removes the rows of series that nothing holds any more.
    pub(crate) fn forget_series(&mut self, numbers: &NumberSet) -> Result<(), String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let run = || -> Result<(), Box<dyn std::error::Error>> {
            let schema = Schema::new(vec![Field::new("series_id", DataType::UInt32, false)]);
            let column: UInt32Array = numbers.iter().copied().collect();
            let rows = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(column)])?;
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch("CREATE OR REPLACE TEMP TABLE forgotten (series_id UINTEGER NOT NULL)")?;
            let mut appender = transaction.appender_to_catalog_and_db("forgotten", "temp", "main")?;
            appender.append_record_batch(rows)?;
            appender.flush()?;
            drop(appender);
            transaction.execute_batch(
                "DELETE FROM head_series WHERE series_id IN (SELECT series_id FROM temp.forgotten);
                 DROP TABLE temp.forgotten",
            )?;
            Ok(commit(transaction)?)
        };
        run().map_err(one_line)?;
        for number in numbers {
            self.written_series.remove(number);
        }
        Ok(())
    }

    /// Makes the views anew.
    pub(crate) fn rewrite_views(&self, views: &str) -> Result<(), String> {
        self.transaction(views)
    }

    fn transaction(&self, sql: &str) -> Result<(), String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let run = || {
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(sql)?;
            commit(transaction)
        };
        run().map_err(one_line)
    }

    /// How many rows the hot table and the closed one have, with their first and last timestamps.
    pub(crate) fn table_rows(&self) -> Result<(TableRows, TableRows), String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let of = |table| {
            let sql = format!(
                "SELECT {SAMPLES}, coalesce(min(ts), {}), coalesce(max(ts), {}) FROM {table}",
                i64::MAX,
                Span::NONE.last_ms + 1
            );
            connection.query_row(&sql, [], |r| {
                let rows: u64 = r.get(0)?;
                let span = Span { first_ms: r.get(1)?, last_ms: r.get(2)? };
                Ok(TableRows { rows, span: if rows == 0 { Span::NONE } else { span } })
            })
        };
        of("head_runs").and_then(|hot| Ok((hot, of("head_closed_runs")?))).map_err(one_line)
    }

    /// What [`sealed_and_closing`] says.
    pub(crate) fn sealed_and_closing(&self) -> Result<(u32, u32), String> {
        sealed_and_closing(self.connection.as_ref().ok_or("the database is not open")?).map_err(one_line)
    }

    /// The bytes of the database file that hold something. The file itself never gets smaller: what is freed is used again.
    pub(crate) fn used_bytes(&self) -> Result<u64, String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let sql = "SELECT (block_size * used_blocks)::UBIGINT FROM pragma_database_size()";
        connection.query_row(sql, [], |r| r.get(0)).map_err(one_line)
    }

    /// Hands memory that sealing and checkpoints have freed back to the system. DuckDB does so by itself only on threads
    /// of its own, of which there are none (`Options::threads`); and whenever its limit is set.
    pub(crate) fn give_memory_back(&self, limit_bytes: u64) -> Result<(), String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        connection.execute_batch(&format!("SET GLOBAL memory_limit = '{limit_bytes}B'")).map_err(one_line)
    }

    /// The timestamp before which about this share of all samples lies; `None` where there are none.
    pub(crate) fn oldest_share(&self, share: f64) -> Result<Option<i64>, String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        let sql = format!("SELECT approx_quantile(ts, {share}) FROM head_runs");
        connection.query_row(&sql, [], |r| r.get(0)).map_err(one_line)
    }

    /// Writes the log's content into the table and empties the log.
    pub(crate) fn checkpoint(&self) -> Result<(), String> {
        let connection = self.connection.as_ref().ok_or("the database is not open")?;
        connection.execute_batch("CHECKPOINT").map_err(one_line)
    }
}

/// How much a table holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableRows {
    pub(crate) rows: u64,
    pub(crate) span: Span,
}

impl TableRows {
    /// Counts rows that were added.
    pub(crate) fn add(&mut self, timestamps_ms: &[i64]) {
        self.rows += timestamps_ms.len() as u64;
        for &t in timestamps_ms {
            self.span.include(Span { first_ms: t, last_ms: t });
        }
    }
}

/// The number of the last block whose rows have left the database, and of the one that `head_closed` is to become, or 0.
pub(crate) fn sealed_and_closing(connection: &Connection) -> duckdb::Result<(u32, u32)> {
    connection.query_row("SELECT sealed, closing FROM head_commit", [], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// The number of the last batch in the database.
pub(crate) fn committed_batches(connection: &Connection) -> duckdb::Result<u64> {
    let sql = "SELECT greatest(batches, coalesce((SELECT max(batch) FROM head_runs), 0),
                      coalesce((SELECT max(batch) FROM head_closed_runs), 0)) FROM head_commit";
    connection.query_row(sql, [], |r| r.get(0))
}

/// Appends rows to a table.
fn append(connection: &Connection, table: &str, rows: impl IntoIterator<Item = RecordBatch>) -> duckdb::Result<()> {
    let mut appender = connection.appender(table)?;
    rows.into_iter().try_for_each(|rows| appender.append_record_batch(rows))?;
    appender.flush()
}

/// Commits. [`Transaction::commit`] rolls back what it has committed, too, which fails and takes as long as all the rest.
fn commit(mut transaction: Transaction<'_>) -> duckdb::Result<()> {
    transaction.execute_batch("COMMIT")?;
    transaction.set_drop_behavior(DropBehavior::Ignore);
    Ok(())
}

/// The series that have their row.
fn written_series(connection: &Connection) -> duckdb::Result<NumberSet> {
    let mut statement = connection.prepare("SELECT series_id FROM head_series")?;
    statement.query_map([], |r| r.get(0))?.collect()
}
