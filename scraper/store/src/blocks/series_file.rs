//! Reading the file of series of a block.

use super::file::Stored;
use super::numbers::Form;
use super::parquet_file::ParquetFile;
use parquet::basic::Type;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::{ParquetError, Result};
use procession_openmetrics::{Labels, LabelsBuilder, METRIC_NAME};
use std::path::Path;

/// Rows that are in memory at once, beside what is made of them.
const CHUNK_ROWS: usize = 4_096;

/// A series as its row tells of it.
pub(super) struct SeriesRow {
    pub(super) series_id: u64,
    pub(super) labels: Labels,
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    pub(super) samples: u64,
    pub(super) stored: Stored,
}

/// Calls `visit` for every row, in the order of the file.
pub(super) fn read_series(path: &Path, mut visit: impl FnMut(SeriesRow) -> Result<()>) -> Result<()> {
    let file = ParquetFile::open(path, None)?;
    let metadata = &file.metadata;
    let schema = metadata.file_metadata().schema_descr();
    let leaf = |path: &str| schema.columns().iter().position(|c| c.path().string() == path);
    let find = |path: &str, kind: Type| {
        let found = leaf(path).filter(|&at| schema.column(at).physical_type() == kind);
        found.ok_or_else(|| ParquetError::General(format!("no column {path} of the expected type")))
    };
    let ids = find("series_id", Type::INT64)?;
    let names = find("name", Type::BYTE_ARRAY)?;
    let keys = find("labels.key_value.key", Type::BYTE_ARRAY)?;
    let values = find("labels.key_value.value", Type::BYTE_ARRAY)?;
    let numbers = [ids, find("first_ts", Type::INT64)?, find("last_ts", Type::INT64)?, find("samples", Type::INT64)?];
    // The first format has neither.
    let forms = match (leaf("divisor"), leaf("stale_samples")) {
        (Some(_), Some(_)) => Some([find("divisor", Type::INT64)?, find("stale_samples", Type::INT64)?]),
        _ => None,
    };

    let mut builder = LabelsBuilder::default();
    for group in 0..metadata.num_row_groups() {
        let int = |at: usize| {
            Ok::<_, ParquetError>(Plain::<Int64Type>::new(file.column(group, at)?, schema.column(at).max_def_level()))
        };
        let mut numbers = numbers.into_iter().map(int).collect::<Result<Vec<_>>>()?;
        let mut forms = forms.into_iter().flatten().map(int).collect::<Result<Vec<_>>>()?;
        let mut names = Plain::<ByteArrayType>::new(file.column(group, names)?, schema.column(names).max_def_level());
        let mut labels = [
            Listed::new(file.column(group, keys)?, schema.column(keys).max_def_level()),
            Listed::new(file.column(group, values)?, schema.column(values).max_def_level()),
        ];
        let mut left = usize::try_from(metadata.row_group(group).num_rows()).unwrap_or(0);
        while left > 0 {
            let rows = left.min(CHUNK_ROWS);
            left -= rows;
            numbers.iter_mut().chain(&mut forms).try_for_each(|column| column.read(rows))?;
            names.read(rows)?;
            labels.iter_mut().try_for_each(|column| column.read(rows))?;
            let [keys, values] = &labels;
            let mut texts = keys.values.iter().zip(&values.values);
            let mut entries = keys.entries();
            for row in 0..rows {
                builder.set(METRIC_NAME, text(&names.values[row])?);
                for _ in 0..entries.next().unwrap_or(0) {
                    let Some((key, value)) = texts.next() else { return Err(uneven()) };
                    builder.set(text(key)?, text(value)?);
                }
                let number = |column: usize| numbers[column].values[row];
                let stored = match &forms[..] {
                    [divisors, stale] => Stored {
                        form: Form::of_divisor(divisors.values[row])
                            .ok_or_else(|| ParquetError::General("a divisor that is no power of ten".to_owned()))?,
                        stale: stale.values[row] != 0,
                    },
                    _ => Stored { form: Form::Exact, stale: true },
                };
                visit(SeriesRow {
                    series_id: number(0) as u64,
                    labels: builder.take(),
                    first_ms: number(1),
                    last_ms: number(2),
                    samples: number(3) as u64,
                    stored,
                })?;
            }
        }
    }
    Ok(())
}

fn text(bytes: &ByteArray) -> Result<&str> {
    bytes.as_utf8()
}

fn uneven() -> ParquetError {
    ParquetError::General("columns of different lengths".to_owned())
}

/// A column with a value in every row.
struct Plain<T: DataType> {
    reader: ColumnReaderImpl<T>,
    level: i16,
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Plain<T> {
    fn new(reader: ColumnReaderImpl<T>, level: i16) -> Self {
        Plain { reader, level, values: Vec::new(), levels: Vec::new() }
    }

    fn read(&mut self, rows: usize) -> Result<()> {
        self.values.clear();
        self.levels.clear();
        let levels = (self.level > 0).then_some(&mut self.levels);
        let (_, values, _) = self.reader.read_records(rows, levels, None, &mut self.values)?;
        if values == rows { Ok(()) } else { Err(uneven()) }
    }
}

/// The texts of a map, some in each row.
struct Listed {
    reader: ColumnReaderImpl<ByteArrayType>,
    /// From which definition level on there is a text.
    level: i16,
    values: Vec<ByteArray>,
    defined: Vec<i16>,
    repeated: Vec<i16>,
}

impl Listed {
    fn new(reader: ColumnReaderImpl<ByteArrayType>, level: i16) -> Self {
        Listed { reader, level, values: Vec::new(), defined: Vec::new(), repeated: Vec::new() }
    }

    fn read(&mut self, rows: usize) -> Result<()> {
        self.values.clear();
        self.defined.clear();
        self.repeated.clear();
        let (defined, repeated) = (Some(&mut self.defined), Some(&mut self.repeated));
        let (read, ..) = self.reader.read_records(rows, defined, repeated, &mut self.values)?;
        if read == rows { Ok(()) } else { Err(uneven()) }
    }

    /// How many texts each row has.
    fn entries(&self) -> impl Iterator<Item = usize> {
        let mut at = 0;
        std::iter::from_fn(move || {
            (at < self.repeated.len()).then(|| {
                let begin = at;
                at += 1;
                while self.repeated.get(at).is_some_and(|level| *level > 0) {
                    at += 1;
                }
                self.defined[begin..at].iter().filter(|level| **level == self.level).count()
            })
        })
    }
}
