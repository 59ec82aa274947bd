//! Exemplars as rows of `head_exemplars`.

use super::{Change, Exemplar, Exemplars};
use crate::Error;
use crate::error::one_line;
use crate::series::{label_maps, labels_of};
use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use duckdb::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use duckdb::arrow::error::ArrowError;
use procession_openmetrics::Labels;
use std::sync::Arc;

/// Changes the table, in one transaction.
pub(crate) fn write(connection: &Connection, change: &Change) -> Result<(), String> {
    let run = || -> Result<(), Box<dyn std::error::Error>> {
        let transaction = connection.unchecked_transaction()?;
        let rows = match change {
            Change::Append(rows) => rows,
            Change::Replace(rows) => {
                transaction.execute("DELETE FROM head_exemplars", [])?;
                rows
            }
        };
        if !rows.is_empty() {
            let mut appender = transaction.appender("head_exemplars")?;
            appender.append_record_batch(to_record_batch(rows)?)?;
            appender.flush()?;
        }
        Ok(transaction.commit()?)
    };
    run().map_err(one_line)
}

fn to_record_batch(rows: &[(Labels, Exemplar)]) -> Result<RecordBatch, ArrowError> {
    let names: StringArray = rows.iter().map(|(series, _)| Some(series.metric_name())).collect();
    let labels = label_maps(rows.iter().map(|(series, _)| series))?;
    let own = label_maps(rows.iter().map(|(_, exemplar)| &exemplar.labels))?;
    let timestamps: Int64Array = rows.iter().map(|(_, exemplar)| exemplar.timestamp_ms).collect();
    let values: Float64Array = rows.iter().map(|(_, exemplar)| exemplar.value).collect();
    let schema = Schema::new(vec![
        Field::new("name", DataType::Utf8, false),
        Field::new("labels", labels.data_type().clone(), false),
        Field::new("exemplar_labels", own.data_type().clone(), false),
        Field::new("ts", DataType::Int64, false),
        Field::new("value", DataType::Float64, false),
    ]);
    RecordBatch::try_new(
        Arc::new(schema),
        vec![Arc::new(names), Arc::new(labels), Arc::new(own), Arc::new(timestamps), Arc::new(values)],
    )
}

impl Exemplars {
    /// Reads what the table holds, but for what is older than `cut_ms`.
    pub(crate) fn load(connection: &Connection, limit: usize, cut_ms: i64) -> Result<Exemplars, Error> {
        let mut kept = Exemplars::new(limit);
        let mut statement = connection
            .prepare("SELECT name, labels, exemplar_labels, ts, value FROM head_exemplars ORDER BY rowid")
            .map_err(Error::query)?;
        drop(statement.query_arrow([]).map_err(Error::query)?);
        while let Some(rows) = statement.step().map_err(Error::query)? {
            kept.restore(from_rows(&rows)?, cut_ms);
        }
        Ok(kept)
    }
}

fn from_rows(rows: &StructArray) -> Result<Vec<(Labels, Exemplar)>, Error> {
    let columns = || {
        let [names, labels, own, timestamps, values] = rows.columns() else { return None };
        Some((
            names.as_string_opt::<i32>()?,
            labels.as_map_opt()?,
            own.as_map_opt()?,
            timestamps.as_primitive_opt::<Int64Type>()?,
            values.as_primitive_opt::<Float64Type>()?,
        ))
    };
    let (names, labels, own, timestamps, values) =
        columns().ok_or_else(|| Error::query("head_exemplars has columns of unexpected types"))?;
    let row = |i: usize| {
        let exemplar =
            Exemplar { labels: labels_of("", own, i)?, timestamp_ms: timestamps.value(i), value: values.value(i) };
        Ok((labels_of(names.value(i), labels, i)?, exemplar))
    };
    (0..rows.len()).map(row).collect()
}
