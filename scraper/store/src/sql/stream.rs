//! A query from its text to its rows.

use super::SqlLimits;
use super::instance::{Instance, Running};
use crate::Error;
use crate::folder::Folder;
use crate::head::Shared;
use duckdb::arrow::array::{Array, ArrayRef, RecordBatch, make_array};
use duckdb::arrow::compute::concat_batches;
use duckdb::arrow::datatypes::{DataType, Field, Schema};
use parking_lot::{Condvar, Mutex};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether the query should end.
const LOOK: Duration = Duration::from_millis(20);

/// Rows that are handed on at once; DuckDB gives 2,048 at a time.
const ROWS_AT_ONCE: usize = 16_384;

/// Runs a query. `each` is told of its rows, at least once, also where there are none, so that it knows the columns.
///
/// The query ends when `stop` says so, wherever it is, and when `each` fails.
///
/// # Errors
/// The text is not accepted, the query fails or takes more than it may, it was stopped, or `each` failed.
pub(crate) fn run(
    (shared, folder): (&Shared, &Folder),
    text: &str,
    limits: &SqlLimits,
    stop: &(dyn Fn() -> bool + Sync),
    each: &mut dyn FnMut(&RecordBatch) -> io::Result<()>,
) -> Result<(), Error> {
    let running = Running::default();
    let (over, told) = (Mutex::new(false), Condvar::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut over = over.lock();
            while !*over {
                if stop()
                    && let Some(running) = &*running.lock()
                {
                    // Again and again: what begins afterwards would forget it.
                    running.interrupt();
                }
                told.wait_for(&mut over, LOOK);
            }
        });
        // Ends the thread also where this one panics.
        let _end = End(&over, &told);
        if stop() {
            return Err(Error::SqlStopped);
        }
        let result = Instance::make(shared, folder, text, limits, stop, |connection| {
            *running.lock() = Some(connection.interrupt_handle());
        });
        let result = result.and_then(|instance| rows(&instance, text, limits.max_rows, stop, each));
        result.map_err(|error| if stop() { Error::SqlStopped } else { error })
    })
}

struct End<'a>(&'a Mutex<bool>, &'a Condvar);

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.0.lock() = true;
        self.1.notify_all();
    }
}

fn rows(
    instance: &Instance,
    text: &str,
    max_rows: usize,
    stop: &dyn Fn() -> bool,
    each: &mut dyn FnMut(&RecordBatch) -> io::Result<()>,
) -> Result<(), Error> {
    let mut statement = instance.connection.prepare(text).map_err(Error::sql)?;
    // What this returns panics on an error half way; `step` below says it.
    drop(statement.stream_arrow([]).map_err(Error::sql)?);
    let schema = Arc::new(Schema::new(statement.schema().fields().iter().map(|f| in_utc(f)).collect::<Vec<_>>()));
    let (mut waiting, mut waiting_rows, mut seen) = (Vec::new(), 0, 0);
    let mut hand_on = |waiting: &mut Vec<RecordBatch>| {
        let batch = concat_batches(&schema, waiting.iter()).map_err(|e| Error::SqlFailed(e.to_string()))?;
        waiting.clear();
        each(&batch).map_err(|error| Error::SqlFailed(error.to_string()))
    };
    while let Some(rows) = statement.step().map_err(Error::sql)? {
        if stop() {
            return Err(Error::SqlStopped);
        }
        let columns = rows.columns().iter().zip(schema.fields()).map(|(c, f)| moments(c, f.data_type())).collect();
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|e| Error::SqlFailed(e.to_string()))?;
        seen += batch.num_rows();
        if seen > max_rows {
            return Err(Error::SqlTooManyRows { limit: max_rows });
        }
        waiting_rows += batch.num_rows();
        waiting.push(batch);
        if waiting_rows >= ROWS_AT_ONCE {
            hand_on(&mut waiting)?;
            waiting_rows = 0;
        }
    }
    if !waiting.is_empty() || seen == 0 {
        hand_on(&mut waiting)?;
    }
    Ok(())
}

/// Moments have the zone of the server's session, by name; who reads them need not know names of zones.
fn in_utc(field: &Field) -> Field {
    match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            field.clone().with_data_type(DataType::Timestamp(*unit, Some("+00:00".into())))
        }
        _ => field.clone(),
    }
}

/// A column as `in_utc` describes it: the same numbers.
fn moments(column: &ArrayRef, kind: &DataType) -> ArrayRef {
    if !matches!(kind, DataType::Timestamp(_, Some(_))) {
        return column.clone();
    }
    column.to_data().into_builder().data_type(kind.clone()).build().map_or_else(|_| column.clone(), make_array)
}
