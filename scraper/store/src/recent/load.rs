//! The hot tables as a start finds them.

use super::Generation;
use crate::Error;
use crate::series::SeriesIndex;
use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::{Float64Type, Int64Type, UInt32Type};
use procession_openmetrics::STALE_NAN;

/// Reads `head_samples` or `head_closed`.
pub(crate) fn load(connection: &Connection, table: &str, series: &SeriesIndex) -> Result<Generation, Error> {
    // DuckDB gives rows as they came, in which those of each series ascend. It does not promise that.
    let as_they_came = read(connection, &format!("SELECT series_id, ts, value FROM {table}"), series)?;
    match as_they_came {
        Some(generation) => Ok(generation),
        None => {
            let sorted = format!("SELECT series_id, ts, value FROM {table} ORDER BY series_id, ts");
            read(connection, &sorted, series)?
                .ok_or_else(|| Error::Query(format!("{table} has two samples of a series at one moment")))
        }
    }
}

/// `None` where the rows of a series do not ascend.
fn read(connection: &Connection, sql: &str, series: &SeriesIndex) -> Result<Option<Generation>, Error> {
    let mut generation = Generation::default();
    let mut statement = connection.prepare(sql).map_err(Error::query)?;
    drop(statement.query_arrow([]).map_err(Error::query)?);
    while let Some(rows) = statement.step().map_err(Error::query)? {
        let [numbers, timestamps, values] = rows.columns() else {
            return Err(Error::query("three columns were asked for"));
        };
        let (Some(numbers), Some(timestamps), Some(values)) = (
            numbers.as_primitive_opt::<UInt32Type>(),
            timestamps.as_primitive_opt::<Int64Type>(),
            values.as_primitive_opt::<Float64Type>(),
        ) else {
            return Err(Error::query("a hot table has columns of unexpected types"));
        };
        for i in 0..rows.len() {
            let number = numbers.value(i);
            let value = if values.is_null(i) { STALE_NAN } else { values.value(i) };
            if !generation.push(number, timestamps.value(i), value, || series.get(number).cloned()) {
                return Ok(None);
            }
        }
    }
    Ok(Some(generation))
}
