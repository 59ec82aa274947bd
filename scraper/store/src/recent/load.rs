//! The hot tables as a start finds them.

use super::Generation;
use crate::Error;
use crate::head::each_run;
use crate::series::SeriesIndex;
use duckdb::Connection;

/// Reads `head_runs` or `head_closed_runs`.
pub(crate) fn load(connection: &Connection, table: &str, series: &SeriesIndex) -> Result<Generation, Error> {
    // DuckDB gives rows as they came, in which those of each series ascend. It does not promise that.
    match read(connection, table, "", series)? {
        Some(generation) => Ok(generation),
        None => read(connection, table, "ORDER BY ts", series)?
            .ok_or_else(|| Error::Query(format!("{table} has two samples of a series at one moment"))),
    }
}

/// `None` where the samples of a series do not ascend.
fn read(connection: &Connection, table: &str, order: &str, series: &SeriesIndex) -> Result<Option<Generation>, Error> {
    let mut generation = Generation::default();
    let mut ascend = true;
    each_run(connection, table, order, |run| {
        ascend = run
            .samples()
            .all(|(number, value)| generation.push(number, run.timestamp_ms, value, || series.get(number).cloned()));
        ascend
    })?;
    Ok(ascend.then_some(generation))
}
