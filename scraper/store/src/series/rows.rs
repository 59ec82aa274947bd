//! Series as rows of `head_series`, in Arrow: the metric name in a column, the other labels in a map.

use super::SeriesIndex;
use crate::Error;
use duckdb::Connection;
use duckdb::arrow::array::{
    Array, AsArray, MapArray, MapBuilder, MapFieldNames, RecordBatch, StringArray, StringBuilder, StructArray,
    UInt32Array,
};
use duckdb::arrow::datatypes::{DataType, Field, Schema, UInt32Type};
use duckdb::arrow::error::ArrowError;
use procession_openmetrics::{Labels, LabelsBuilder, METRIC_NAME};
use std::sync::Arc;

/// The rows of some series.
pub(crate) fn to_record_batch(series: &[(u32, Labels)]) -> Result<RecordBatch, ArrowError> {
    let numbers: UInt32Array = series.iter().map(|(number, _)| *number).collect();
    let names: StringArray = series.iter().map(|(_, labels)| Some(labels.metric_name())).collect();
    let maps = label_maps(series.iter().map(|(_, labels)| labels))?;
    let schema = Schema::new(vec![
        Field::new("series_id", DataType::UInt32, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("labels", maps.data_type().clone(), false),
    ]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(numbers), Arc::new(names), Arc::new(maps)])
}

/// Labels as maps, without the metric name.
pub(crate) fn label_maps<'a>(sets: impl Iterator<Item = &'a Labels>) -> Result<MapArray, ArrowError> {
    let fields = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut maps = MapBuilder::new(Some(fields), StringBuilder::new(), StringBuilder::new());
    for labels in sets {
        for (name, value) in labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
            maps.keys().append_value(name);
            maps.values().append_value(value);
        }
        maps.append(true)?;
    }
    Ok(maps.finish())
}

/// Rebuilds the index from the database. Series that have no samples are forgotten there and here: those that they had
/// are in blocks, which name their series themselves, or retention has taken them.
pub(crate) fn load(connection: &Connection, has_samples: impl Fn(u32) -> bool) -> Result<SeriesIndex, Error> {
    let mut index = SeriesIndex::default();
    let mut forgotten = 0;
    let mut statement = connection
        .prepare("SELECT series_id, name, labels FROM head_series ORDER BY series_id")
        .map_err(Error::query)?;
    drop(statement.query_arrow([]).map_err(Error::query)?);
    while let Some(rows) = statement.step().map_err(Error::query)? {
        let columns = columns(&rows).ok_or_else(|| Error::query("head_series has columns of unexpected types"))?;
        let (numbers, names, maps) = columns;
        for i in 0..rows.len() {
            let number = numbers.value(i);
            if number < index.next_number() {
                return Err(Error::Query(format!("series {number} stands twice in head_series")));
            }
            if has_samples(number) {
                index.insert(number, labels_of(names.value(i), maps, i)?);
            } else {
                forgotten += 1;
            }
        }
    }
    if forgotten > 0 {
        let sql = "DELETE FROM head_series WHERE series_id NOT IN \
                   (SELECT series_id FROM head_samples UNION SELECT series_id FROM head_closed)";
        connection.execute(sql, []).map_err(Error::query)?;
        tracing::info!(series = forgotten, "forgot series that have no samples in the hot tables any more");
    }
    Ok(index)
}

fn columns(rows: &StructArray) -> Option<(&UInt32Array, &StringArray, &MapArray)> {
    let [numbers, names, maps] = rows.columns() else { return None };
    Some((numbers.as_primitive_opt::<UInt32Type>()?, names.as_string_opt()?, maps.as_map_opt()?))
}

/// The label set of a row: its name and its map of labels.
pub(crate) fn labels_of(name: &str, maps: &MapArray, row: usize) -> Result<Labels, Error> {
    let entries = maps.value(row);
    let [keys, values] = entries.columns() else { return Err(Error::query("a label map without two columns")) };
    let (Some(keys), Some(values)) = (keys.as_string_opt::<i32>(), values.as_string_opt::<i32>()) else {
        return Err(Error::query("a label map that is not of texts"));
    };
    let mut builder = LabelsBuilder::default();
    builder.set(METRIC_NAME, name);
    for (key, value) in keys.iter().zip(values) {
        builder.set(key.unwrap_or(""), value.unwrap_or(""));
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_set_comes_back_as_it_was() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../../../../migrations/0001_head.sql")).unwrap();
        let mut sets = vec![
            Labels::empty(),
            Labels::from_pairs([("__name__", "up")]),
            Labels::from_pairs([("job", "no name")]),
            Labels::from_pairs([("__name__", "ünï.cödé"), ("quote\"d", "'; DROP TABLE head_samples; --")]),
            Labels::from_pairs([("nul\0", "a\0b"), ("new\nline", "\u{10ffff}"), ("", "empty name")]),
            Labels::from_pairs([("long", "x".repeat(100_000))]),
        ];
        sets.extend((0..5000).map(|i| Labels::from_pairs([("__name__", "m"), ("i", &i.to_string()), ("j", "1")])));
        let series: Vec<(u32, Labels)> = (3u32..).step_by(2).zip(sets).collect();
        let mut appender = connection.appender("head_series").unwrap();
        appender.append_record_batch(to_record_batch(&series).unwrap()).unwrap();
        appender.flush().unwrap();

        let index = load(&connection, |_| true).unwrap();
        assert_eq!(index.len(), series.len());
        for (number, labels) in &series {
            assert_eq!(index.get(*number), Some(labels));
            assert_eq!(index.find(labels), Some(*number));
        }
        let value: String = connection
            .query_row("SELECT labels['i'] FROM series WHERE name = 'm' ORDER BY series_id LIMIT 1", [], |r| r.get(0))
            .unwrap();
        assert_eq!(value, "0", "labels are asked for by name");
    }
}
