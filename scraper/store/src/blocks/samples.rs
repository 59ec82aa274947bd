//! The file of samples of a block: its columns, and writing them.

use super::numbers::{Form, to_numbers};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use procession_openmetrics::is_stale;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The columns. All are required: a row's value is `number / divisor`, or `exact` where the divisor is 0, or nothing where
/// the row is stale.
const SCHEMA: &str = "message samples {
    required int64 series_id (integer(64, false));
    required int64 ts;
    required int64 number;
    required int64 divisor;
    required double exact;
    required boolean stale;
}";

/// Where the columns that queries read stand in the schema.
pub(super) const TS: usize = 1;
pub(super) const NUMBER: usize = 2;
pub(super) const EXACT: usize = 4;
pub(super) const STALE: usize = 5;

/// Rows of a row group: what other engines skip, and share among their threads.
pub(super) const GROUP_ROWS: usize = 122_880;

/// Rows of a page, which is the least that is read: a series of a day with a sample every 15 seconds has 5,760.
const PAGE_ROWS: usize = 8_192;

/// Writes rows in their order: by series, each ascending in time.
pub(super) struct SamplesWriter {
    file: SerializedFileWriter<File>,
    series_ids: Vec<i64>,
    timestamps: Vec<i64>,
    numbers: Vec<i64>,
    divisors: Vec<i64>,
    exact: Vec<f64>,
    stale: Vec<bool>,
    rows: u64,
}

impl SamplesWriter {
    pub(super) fn create(path: &Path) -> Result<SamplesWriter> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let column = |name: &str| ColumnPath::from(name);
        let delta = Encoding::DELTA_BINARY_PACKED;
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_dictionary_enabled(false)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_encoding(column("series_id"), delta)
            .set_column_encoding(column("ts"), delta)
            .set_column_encoding(column("number"), delta)
            .set_column_encoding(column("divisor"), delta)
            .set_column_encoding(column("stale"), Encoding::RLE)
            .set_created_by("procession".to_owned())
            .build();
        Ok(SamplesWriter {
            file: SerializedFileWriter::new(File::create_new(path)?, schema, Arc::new(properties))?,
            series_ids: Vec::new(),
            timestamps: Vec::new(),
            numbers: Vec::new(),
            divisors: Vec::new(),
            exact: Vec::new(),
            stale: Vec::new(),
            rows: 0,
        })
    }

    /// Appends the samples of the next series, and says how its values stand in the file.
    pub(super) fn series(&mut self, series_id: u64, timestamps_ms: &[i64], values: &[f64]) -> Result<Form> {
        let rows = timestamps_ms.len();
        let form = to_numbers(values, &mut self.numbers);
        match form {
            Form::Numbers(_) => self.exact.extend(std::iter::repeat_n(0.0, rows)),
            Form::Exact => {
                self.numbers.extend(std::iter::repeat_n(0, rows));
                self.exact.extend(values.iter().map(|&v| if is_stale(v) { 0.0 } else { v }));
            }
        }
        self.series_ids.extend(std::iter::repeat_n(series_id as i64, rows));
        self.divisors.extend(std::iter::repeat_n(form.divisor(), rows));
        self.timestamps.extend_from_slice(timestamps_ms);
        self.stale.extend(values.iter().map(|&v| is_stale(v)));
        self.rows += rows as u64;
        while self.timestamps.len() >= GROUP_ROWS {
            self.group(GROUP_ROWS)?;
        }
        Ok(form)
    }

    /// Writes what is left. Returns the number of rows.
    pub(super) fn finish(mut self) -> Result<u64> {
        if !self.timestamps.is_empty() {
            self.group(self.timestamps.len())?;
        }
        self.file.close()?;
        Ok(self.rows)
    }

    fn group(&mut self, rows: usize) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        for column in 0.. {
            let Some(mut writer) = group.next_column()? else { break };
            let whole = match column {
                0 => Some(&mut self.series_ids),
                TS => Some(&mut self.timestamps),
                NUMBER => Some(&mut self.numbers),
                3 => Some(&mut self.divisors),
                _ => None,
            };
            match (writer.untyped(), whole) {
                (ColumnWriter::Int64ColumnWriter(w), Some(column)) => {
                    w.write_batch(&column[..rows], None, None)?;
                    column.drain(..rows);
                }
                (ColumnWriter::DoubleColumnWriter(w), None) => {
                    w.write_batch(&self.exact[..rows], None, None)?;
                    self.exact.drain(..rows);
                }
                (ColumnWriter::BoolColumnWriter(w), None) => {
                    w.write_batch(&self.stale[..rows], None, None)?;
                    self.stale.drain(..rows);
                }
                _ => return Err(ParquetError::General("a column that the schema does not have".to_owned())),
            }
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }
}
