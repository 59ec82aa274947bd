//! Writes rows in one of the forms, as they come.

use super::{Format, nested};
use arrow_array::RecordBatch;
use arrow_json::writer::{JsonArray, LineDelimited};
use arrow_json::{Writer as Json, WriterBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::io::{self, Write};

/// Rows of a group in a Parquet file. They are in memory until it is written.
const ROW_GROUP_ROWS: usize = 122_880;

/// Writes rows to `W`. The first batch tells the columns, so there must be one.
pub(crate) enum RowWriter<W: Write + Send> {
    /// Nothing came yet.
    New(Format, W),
    Json(Json<W, JsonArray>),
    Ndjson(Json<W, LineDelimited>),
    Csv(Box<arrow_csv::Writer<W>>),
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<arrow_ipc::writer::StreamWriter<W>>),
    /// The beginning failed.
    Broken,
}

impl<W: Write + Send> RowWriter<W> {
    pub(crate) fn new(format: Format, out: W) -> RowWriter<W> {
        RowWriter::New(format, out)
    }

    /// Writes rows, which all have the same columns.
    ///
    /// # Errors
    /// `W` fails, or a column is of a type that has no form there.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        if matches!(self, RowWriter::New(..)) {
            *self = match std::mem::replace(self, RowWriter::Broken) {
                RowWriter::New(format, out) => begin(format, out, rows).map_err(io::Error::other)?,
                begun => begun,
            };
        }
        match self {
            RowWriter::Json(writer) => writer.write(rows).map_err(io::Error::other),
            RowWriter::Ndjson(writer) => writer.write(rows).map_err(io::Error::other),
            RowWriter::Csv(writer) => {
                nested::as_text(rows).and_then(|rows| writer.write(&rows)).map_err(io::Error::other)
            }
            RowWriter::Parquet(writer) => writer.write(rows).map_err(io::Error::other),
            RowWriter::Arrow(writer) => writer.write(rows).map_err(io::Error::other),
            RowWriter::New(..) | RowWriter::Broken => Err(io::Error::other("the rows could not be begun")),
        }
    }

    /// Writes what stands behind the last row, and gives `W` back.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            RowWriter::Json(mut writer) => {
                writer.finish().map_err(io::Error::other)?;
                Ok(writer.into_inner())
            }
            RowWriter::Ndjson(mut writer) => {
                writer.finish().map_err(io::Error::other)?;
                Ok(writer.into_inner())
            }
            RowWriter::Csv(writer) => Ok(writer.into_inner()),
            RowWriter::Parquet(writer) => writer.into_inner().map_err(io::Error::other),
            RowWriter::Arrow(mut writer) => {
                writer.finish().map_err(io::Error::other)?;
                writer.into_inner().map_err(io::Error::other)
            }
            RowWriter::New(_, out) => Ok(out),
            RowWriter::Broken => Err(io::Error::other("the rows could not be begun")),
        }
    }
}

fn begin<W: Write + Send>(
    format: Format,
    out: W,
    rows: &RecordBatch,
) -> Result<RowWriter<W>, Box<dyn std::error::Error + Send + Sync>> {
    let json = || WriterBuilder::new().with_explicit_nulls(true);
    Ok(match format {
        Format::Json => RowWriter::Json(json().build(out)),
        Format::Ndjson => RowWriter::Ndjson(json().build(out)),
        Format::Csv => RowWriter::Csv(Box::new(arrow_csv::WriterBuilder::new().with_header(true).build(out))),
        Format::Parquet => {
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
                .build();
            RowWriter::Parquet(Box::new(ArrowWriter::try_new(out, rows.schema(), Some(properties))?))
        }
        Format::Arrow => RowWriter::Arrow(Box::new(arrow_ipc::writer::StreamWriter::try_new(out, &rows.schema())?)),
    })
}
