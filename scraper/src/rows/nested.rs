//! Nested values as text, for forms that have no place for them.

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, Field, Schema};
use std::sync::Arc;

/// The same rows with lists, maps and structures as JSON text.
pub(super) fn as_text(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    if rows.columns().iter().all(|column| !column.data_type().is_nested()) {
        return Ok(rows.clone());
    }
    let schema = rows.schema();
    let columns = rows.columns().iter().zip(schema.fields());
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = columns
        .map(|(column, field)| {
            if !column.data_type().is_nested() {
                return Ok((Field::clone(field), column.clone()));
            }
            let text: ArrayRef = Arc::new(json(column)?);
            Ok((Field::new(field.name(), text.data_type().clone(), true), text))
        })
        .collect::<Result<Vec<_>, ArrowError>>()?
        .into_iter()
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn json(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    // One object on each line, of which the value is what stands between `{"v":` and `}`.
    let field = Field::new("v", column.data_type().clone(), true);
    let rows = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column.clone()])?;
    let mut text = Vec::new();
    let mut writer = arrow_json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow_json::writer::LineDelimited>(&mut text);
    writer.write(&rows)?;
    writer.finish()?;
    drop(writer);
    let text = String::from_utf8(text).map_err(|e| ArrowError::JsonError(e.to_string()))?;
    let value = |line: &str| line.strip_prefix("{\"v\":")?.strip_suffix('}').map(str::to_owned);
    let lines = text.lines().enumerate();
    Ok(lines.map(|(row, line)| value(line).filter(|_| column.is_valid(row))).collect())
}
