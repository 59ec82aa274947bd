//! Reading the file of samples of a block: the pages that hold the wanted rows, and no others.

use super::columns::Located;
use super::numbers::{Form, to_values};
use super::page_sums::PageSums;
use super::parquet_file::ParquetFile;
use super::samples;
use parquet::basic::Type;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{BoolType, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result};
use procession_openmetrics::STALE_NAN;
use std::ops::Range;
use std::path::Path;

/// The file of samples, open, and what its footer says.
#[derive(Debug)]
pub(crate) struct SamplesFile {
    file: ParquetFile,
    /// The first row of each row group, and the number of rows.
    begins: Vec<u64>,
    columns: Columns,
}

/// Where the columns stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Columns {
    /// Format 1, as DuckDB wrote it: `value` is a double, or null where stale.
    Values { ts: usize, value: usize },
    /// Format 2, see `samples`.
    Numbers,
}

/// How a series stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its values.
    pub(crate) form: Form,
    /// Whether it has markers of staleness.
    pub(crate) stale: bool,
}

impl SamplesFile {
    /// Opens a file and reads its footer, which must tell of so many rows. Its pages are checked as they are read.
    pub(crate) fn open(path: &Path, rows: u64, sums: PageSums) -> Result<SamplesFile> {
        let file = ParquetFile::open(path, Some(sums))?;
        let mut begins = vec![0];
        let mut sum = 0u64;
        for group in file.metadata.row_groups() {
            sum += u64::try_from(group.num_rows()).unwrap_or(0);
            begins.push(sum);
        }
        if sum != rows {
            return Err(ParquetError::General(format!("{sum} rows instead of {rows}")));
        }
        let schema = file.metadata.file_metadata().schema_descr();
        let find = |name: &str| schema.columns().iter().position(|c| c.name() == name);
        let is = |at: usize, name: &str, kind: Type, level: i16| {
            schema.columns().get(at).is_some_and(|column| {
                column.name() == name && column.physical_type() == kind && column.max_def_level() == level
            })
        };
        let columns = match (find("ts"), find("value")) {
            (Some(ts), Some(value)) if is(value, "value", Type::DOUBLE, 1) => Columns::Values { ts, value },
            _ if is(samples::TS, "ts", Type::INT64, 0)
                && is(samples::NUMBER, "number", Type::INT64, 0)
                && is(samples::EXACT, "exact", Type::DOUBLE, 0)
                && is(samples::STALE, "stale", Type::BOOLEAN, 0) =>
            {
                Columns::Numbers
            }
            _ => return Err(ParquetError::General("unexpected columns".to_owned())),
        };
        Ok(SamplesFile { file, begins, columns })
    }

    /// What its footer takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.file.memory_bytes()
    }

    /// The row groups that rows lie in, with the rows in each.
    fn groups(&self, rows: Range<u64>) -> impl Iterator<Item = (usize, Range<u64>)> {
        let first = self.begins.partition_point(|begin| *begin <= rows.start).saturating_sub(1);
        (first..self.begins.len() - 1)
            .take_while({
                let end = rows.end;
                move |&group| self.begins[group] < end
            })
            .map(move |group| (group, rows.start.max(self.begins[group])..rows.end.min(self.begins[group + 1])))
            .filter(|(_, rows)| !rows.is_empty())
    }

    fn column<T: DataType>(&self, group: usize, column: usize) -> Result<Column<T>> {
        let optional = self.file.metadata.file_metadata().schema_descr().column(column).max_def_level() > 0;
        let reader = self.file.column(group, column)?;
        Ok(Column { reader, at: self.begins[group], levels: optional.then(Vec::new) })
    }
}

/// Reads rows of a file, cheapest in ascending order.
pub(crate) struct SamplesReader<'a> {
    file: &'a SamplesFile,
    group: Option<usize>,
    timestamps: Option<Column<Int64Type>>,
    numbers: Option<Column<Int64Type>>,
    doubles: Option<Column<DoubleType>>,
    stale: Option<Column<BoolType>>,
    number_buffer: Vec<i64>,
    stale_buffer: Vec<bool>,
}

impl<'a> SamplesReader<'a> {
    pub(crate) fn new(file: &'a SamplesFile) -> Self {
        SamplesReader {
            file,
            group: None,
            timestamps: None,
            numbers: None,
            doubles: None,
            stale: None,
            number_buffer: Vec::new(),
            stale_buffer: Vec::new(),
        }
    }

    /// Appends the samples of a series with `start_ms < timestamp <= end_ms`.
    pub(crate) fn series(
        &mut self,
        series: &Located,
        bounds: (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) -> Result<()> {
        let file = self.file;
        for (group, rows) in file.groups(series.rows.clone()) {
            self.read(group, rows, series.stored, bounds, timestamps, values)?;
        }
        Ok(())
    }

    /// Appends the samples of rows that are of one series and of one row group, those with
    /// `start_ms < timestamp <= end_ms`.
    fn read(
        &mut self,
        group: usize,
        rows: Range<u64>,
        stored: Stored,
        (start_ms, end_ms): (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) -> Result<()> {
        if self.group != Some(group) {
            self.group = Some(group);
            (self.timestamps, self.numbers, self.doubles, self.stale) = (None, None, None, None);
        }
        let file = self.file;
        let (ts, value) = match file.columns {
            Columns::Values { ts, value } => (ts, value),
            Columns::Numbers => (samples::TS, samples::NUMBER),
        };
        let begin = timestamps.len();
        column(&mut self.timestamps, file, group, ts, rows.start)?.read(rows.clone(), timestamps)?;
        // Most often all of them are wanted.
        let times = &timestamps[begin..];
        let skip = times.partition_point(|&t| t <= start_ms);
        let keep = times.partition_point(|&t| t <= end_ms);
        if skip >= keep {
            timestamps.truncate(begin);
            return Ok(());
        }
        timestamps.truncate(begin + keep);
        timestamps.drain(begin..begin + skip);
        let rows = rows.start + skip as u64..rows.start + keep as u64;

        let begin = values.len();
        if file.columns != Columns::Numbers {
            return self.nullable(group, value, rows, values);
        }
        match stored.form {
            Form::Numbers(exponent) => {
                self.number_buffer.clear();
                column(&mut self.numbers, file, group, samples::NUMBER, rows.start)?
                    .read(rows.clone(), &mut self.number_buffer)?;
                to_values(&self.number_buffer, exponent, values);
            }
            Form::Exact => {
                column(&mut self.doubles, file, group, samples::EXACT, rows.start)?.read(rows.clone(), values)?;
            }
        }
        if stored.stale {
            self.stale_buffer.clear();
            column(&mut self.stale, file, group, samples::STALE, rows.start)?.read(rows, &mut self.stale_buffer)?;
            for (value, _) in values[begin..].iter_mut().zip(&self.stale_buffer).filter(|(_, stale)| **stale) {
                *value = STALE_NAN;
            }
        }
        Ok(())
    }

    /// Doubles of which those that are null are markers of staleness.
    fn nullable(&mut self, group: usize, at: usize, rows: Range<u64>, values: &mut Vec<f64>) -> Result<()> {
        let (wanted, begin) = ((rows.end - rows.start) as usize, values.len());
        let column = column(&mut self.doubles, self.file, group, at, rows.start)?;
        column.read_some(rows, values)?;
        let levels = column.levels.as_deref().unwrap_or_default();
        let mut from = values.len();
        values.resize(begin + wanted, STALE_NAN);
        if from < values.len() {
            for to in (begin..values.len()).rev() {
                if levels.get(to - begin) == Some(&0) {
                    values[to] = STALE_NAN;
                } else {
                    from -= 1;
                    values[to] = values[from];
                }
            }
        }
        Ok(())
    }
}

/// The reader of a column that stands at this row or before it.
fn column<'a, T: DataType>(
    slot: &'a mut Option<Column<T>>,
    file: &SamplesFile,
    group: usize,
    at: usize,
    row: u64,
) -> Result<&'a mut Column<T>> {
    if slot.as_ref().is_some_and(|column| column.at > row) {
        *slot = None;
    }
    match slot {
        Some(column) => Ok(column),
        None => Ok(slot.insert(file.column(group, at)?)),
    }
}

/// A column of a row group, read up to a row of the file.
struct Column<T: DataType> {
    reader: ColumnReaderImpl<T>,
    at: u64,
    /// Where rows may be null: which of those that were read last are not.
    levels: Option<Vec<i16>>,
}

impl<T: DataType> Column<T> {
    fn seek(&mut self, row: u64) -> Result<()> {
        let skip = (row - self.at) as usize;
        let skipped = if skip == 0 { 0 } else { self.reader.skip_records(skip)? };
        self.at += skipped as u64;
        if skipped == skip { Ok(()) } else { Err(ParquetError::General("fewer rows than told".to_owned())) }
    }

    /// Appends the values of rows of which none is null.
    fn read(&mut self, rows: Range<u64>, into: &mut Vec<T::T>) -> Result<()> {
        let wanted = (rows.end - rows.start) as usize;
        let values = self.read_some(rows, into)?;
        if values == wanted {
            Ok(())
        } else {
            Err(ParquetError::General(format!("{values} values instead of {wanted}")))
        }
    }

    /// Appends the values of rows that are not null, and says how many they are.
    fn read_some(&mut self, rows: Range<u64>, into: &mut Vec<T::T>) -> Result<usize> {
        self.seek(rows.start)?;
        let wanted = (rows.end - rows.start) as usize;
        if let Some(levels) = &mut self.levels {
            levels.clear();
        }
        let (read, values, _) = self.reader.read_records(wanted, self.levels.as_mut(), None, into)?;
        self.at += read as u64;
        if read == wanted { Ok(values) } else { Err(ParquetError::General(format!("{read} rows instead of {wanted}"))) }
    }
}
