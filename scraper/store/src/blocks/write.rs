//! Writing a block: from what is to be sealed or from other blocks, in the order of metric name, labels and time.

use super::columns::Collect;
use super::file::{SamplesReader, Stored};
use super::in_order::{each_series, stop};
use super::index::BlockIndex;
use super::index_file::INDEX_FILE;
use super::label_file::{LABELS_FILE, LabelValues};
use super::meta::FORMAT;
use super::numbers::Form;
use super::page_sums::PAGES_FILE;
use super::parquet_file::ParquetFile;
use super::samples::SamplesWriter;
use super::views::FINGERPRINT;
use super::{Block, Meta, NUMBER_SHIFT, SAMPLES_FILE, SERIES_FILE, sync};
use crate::error::one_line;
use crate::head::Span;
use crate::recent::Generation;
use crate::rollup::{self, DAY_MS, days_of};
use crate::series::to_record_batch;
use duckdb::Connection;
use duckdb::arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt64Array};
use duckdb::arrow::datatypes::{DataType, Field, Schema};
use procession_openmetrics::{Labels, LabelsBuilder, is_stale};
use procession_promql::Cancel;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Days that a block names: an import may bring more at once.
const MAX_DAYS: usize = 1_000;

/// Series that are collected before they are handed to DuckDB.
const SERIES_AT_ONCE: usize = 8_192;

/// Where the rows of a new block come from.
pub(crate) enum Source<'a> {
    /// What was in the hot table when it was closed.
    Closed(&'a Generation),
    /// Other blocks, with what is known of their series.
    Blocks(&'a [(Arc<Block>, Arc<BlockIndex>)]),
    /// The series at these places of one block.
    Kept(&'a (Arc<Block>, Arc<BlockIndex>), &'a [u32]),
    /// What a block has of other days than these.
    Outside(&'a (Arc<Block>, Arc<BlockIndex>), &'a [i64]),
    /// Rows of this width for the samples of other blocks with `window.0 < timestamp <= window.1`.
    Folded { blocks: &'a [(Arc<Block>, Arc<BlockIndex>)], window: (i64, i64), width_ms: i64 },
}

impl Source<'_> {
    fn sources(&self, number: u32) -> Vec<u32> {
        match self {
            Source::Closed(_) | Source::Folded { .. } => vec![number],
            Source::Blocks(blocks) => {
                let mut all: Vec<u32> = blocks.iter().flat_map(|(b, _)| b.meta.sources.iter().copied()).collect();
                all.sort_unstable();
                all
            }
            Source::Kept((block, _), _) | Source::Outside((block, _), _) => block.meta.sources.clone(),
        }
    }
}

/// Writes a block under `folder`. When this returns it is there whole, also after a power cut; after an error there is
/// nothing of it, or something that the next start removes. `connection` is for what only DuckDB knows: how it numbers
/// label sets.
pub(crate) fn write(
    connection: &Connection,
    folder: &Path,
    number: u32,
    source: &Source<'_>,
    cancel: &Cancel,
) -> Result<Arc<Block>, String> {
    let name = format!("{number:010}");
    let unfinished = folder.join(format!("{}{name}", sync::UNFINISHED));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(one_line)?;
    }
    fs::create_dir(&unfinished).map_err(one_line)?;
    let result = fill(connection, &unfinished, number, source, cancel);
    // Of this connection only, and of no use any more.
    let _ = connection.execute_batch("DROP TABLE IF EXISTS temp.block_series");
    let finished = folder.join(name);
    let meta = result.and_then(|meta| {
        fs::rename(&unfinished, &finished).and_then(|()| sync::folder(folder)).map_err(one_line)?;
        Ok(meta)
    });
    if meta.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    Ok(Arc::new(Block::new(finished, meta?)))
}

fn fill(
    connection: &Connection,
    folder: &Path,
    number: u32,
    source: &Source<'_>,
    cancel: &Cancel,
) -> Result<Meta, String> {
    let (samples_file, series_file) = (folder.join(SAMPLES_FILE), folder.join(SERIES_FILE));
    connection
        .execute_batch(
            "CREATE OR REPLACE TEMP TABLE block_series (place UINTEGER, name VARCHAR, labels MAP(VARCHAR, VARCHAR), \
             first_ts BIGINT, last_ts BIGINT, samples UBIGINT, divisor BIGINT, stale_samples BIGINT)",
        )
        .map_err(one_line)?;
    let mut filling = Filling {
        connection,
        samples: SamplesWriter::create(&samples_file).map_err(one_line)?,
        base: u64::from(number) << NUMBER_SHIFT,
        places: 0,
        span: Span::NONE,
        days: BTreeSet::new(),
        collected: Collect::default(),
        series: Vec::new(),
        about: Vec::new(),
    };
    let expected = match source {
        Source::Closed(generation) => filling.seal(generation, cancel)?,
        Source::Blocks(blocks) => filling.merge(blocks, cancel)?,
        Source::Folded { blocks, window, width_ms } => filling.fold(blocks, *window, *width_ms, cancel)?,
        Source::Kept((block, index), places) => filling.keep(block, index, places, cancel)?,
        Source::Outside(block, days) => filling.outside(block, days, cancel)?,
    };
    filling.hand_over()?;
    let (series, span) = (u64::from(filling.places), filling.span);
    let base = filling.base;
    let columns = filling.collected.finish();
    let labels_file = folder.join(LABELS_FILE);
    fs::write(&labels_file, serde_json::to_vec(&LabelValues::of(&columns)).map_err(one_line)?).map_err(one_line)?;
    let index_file = match columns.to_bytes().map_err(one_line)? {
        Some(bytes) => {
            let path = folder.join(INDEX_FILE);
            fs::write(&path, bytes).map_err(one_line)?;
            Some(sync::seal_file(&path).map_err(one_line)?)
        }
        None => None,
    };
    drop(columns);
    let days = if filling.days.len() <= MAX_DAYS { filling.days.into_iter().collect() } else { Vec::new() };
    let written = filling.samples.finish().map_err(one_line)?;
    if written != expected || written == 0 {
        return Err(format!("{written} samples were written instead of {expected}"));
    }
    let copy = format!(
        "COPY (SELECT ({base}::UBIGINT + place)::UBIGINT AS series_id, name, labels, first_ts, last_ts, samples, \
         divisor, stale_samples, {FINGERPRINT} AS fingerprint FROM temp.block_series ORDER BY place) \
         TO {} (FORMAT parquet, COMPRESSION zstd)",
        literal(&series_file)
    );
    let series_written = connection.execute(&copy, []).map_err(one_line)? as u64;
    if series_written != series {
        return Err(format!("{series_written} series were written instead of {series}"));
    }
    let pages_file = folder.join(PAGES_FILE);
    let sums = ParquetFile::open(&samples_file, None).and_then(|file| file.page_sums()).map_err(one_line)?;
    fs::write(&pages_file, sums.to_bytes()).map_err(one_line)?;
    let meta = Meta {
        format: FORMAT,
        number,
        sources: source.sources(number),
        first_ms: span.first_ms,
        last_ms: span.last_ms,
        days,
        samples: written,
        series,
        samples_file: sync::seal_file(&samples_file).map_err(one_line)?,
        series_file: sync::seal_file(&series_file).map_err(one_line)?,
        labels_file: Some(sync::seal_file(&labels_file).map_err(one_line)?),
        pages_file: Some(sync::seal_file(&pages_file).map_err(one_line)?),
        index_file,
    };
    let text = serde_json::to_vec_pretty(&meta).map_err(one_line)?;
    sync::write_file(&folder.join(super::open::META_FILE), &text).map_err(one_line)?;
    Ok(meta)
}

/// A block that is being written.
struct Filling<'a> {
    connection: &'a Connection,
    samples: SamplesWriter,
    base: u64,
    places: u32,
    span: Span,
    /// The days of which there are samples; beyond [`MAX_DAYS`] not all.
    days: BTreeSet<i64>,
    collected: Collect,
    /// What DuckDB was not yet told of: place and labels, and the other columns.
    series: Vec<(u32, Labels)>,
    about: Vec<About>,
}

struct About {
    span: Span,
    samples: u64,
    form: Form,
    stale: u64,
}

impl Filling<'_> {
    /// Adds the next series, whose samples ascend in time.
    fn add(&mut self, labels: &Labels, timestamps: &[i64], values: &[f64]) -> Result<(), String> {
        let (Some(&first_ms), Some(&last_ms)) = (timestamps.first(), timestamps.last()) else { return Ok(()) };
        let form = self.samples.series(self.base + u64::from(self.places), timestamps, values).map_err(one_line)?;
        let span = Span { first_ms, last_ms };
        let stale = values.iter().filter(|&&v| is_stale(v)).count() as u64;
        self.span.include(span);
        self.note_days(timestamps);
        self.collected.add(labels, span, timestamps.len() as u64, Stored { form, stale: stale > 0 });
        self.series.push((self.places, labels.clone()));
        self.about.push(About { span, samples: timestamps.len() as u64, form, stale });
        self.places += 1;
        if self.series.len() >= SERIES_AT_ONCE { self.hand_over() } else { Ok(()) }
    }

    fn note_days(&mut self, timestamps: &[i64]) {
        let mut rest = timestamps;
        while let Some(&first_ms) = rest.first() {
            let day = *days_of(first_ms, first_ms).start();
            if self.days.len() <= MAX_DAYS {
                self.days.insert(day);
            }
            rest = &rest[rest.partition_point(|t| *t <= (day + 1) * DAY_MS)..];
        }
    }

    /// Everything of a generation. Returns how many samples that is.
    fn seal(&mut self, generation: &Generation, cancel: &Cancel) -> Result<u64, String> {
        let (mut timestamps, mut values, mut sum) = (Vec::new(), Vec::new(), 0);
        for (number, labels) in generation.sorted() {
            stop(cancel)?;
            timestamps.clear();
            values.clear();
            generation.read(number, (i64::MIN, i64::MAX), &mut timestamps, &mut values);
            sum += timestamps.len() as u64;
            self.add(labels, &timestamps, &values)?;
        }
        Ok(sum)
    }

    /// Everything of other blocks. Returns how many samples they say they have.
    fn merge(&mut self, blocks: &[(Arc<Block>, Arc<BlockIndex>)], cancel: &Cancel) -> Result<u64, String> {
        let whole = (i64::MIN, i64::MAX);
        each_series(blocks, whole, cancel, |labels, timestamps, values| self.add(labels, timestamps, values))?;
        Ok(blocks.iter().map(|(block, _)| block.meta.samples).sum())
    }

    /// Rows for the samples of other blocks in a window. Returns how many samples the rows are.
    fn fold(
        &mut self,
        blocks: &[(Arc<Block>, Arc<BlockIndex>)],
        window: (i64, i64),
        width_ms: i64,
        cancel: &Cancel,
    ) -> Result<u64, String> {
        let (mut row_times, mut row_values, mut sum) = (Vec::new(), Vec::new(), 0);
        each_series(blocks, window, cancel, |labels, timestamps, values| {
            row_times.clear();
            row_values.clear();
            rollup::encode(&rollup::fold(timestamps, values, width_ms), width_ms, &mut row_times, &mut row_values);
            sum += row_times.len() as u64;
            self.add(labels, &row_times, &row_values)
        })?;
        Ok(sum)
    }

    /// Some series of a block. Returns how many samples they have.
    fn keep(&mut self, block: &Block, index: &BlockIndex, places: &[u32], cancel: &Cancel) -> Result<u64, String> {
        let (mut timestamps, mut values, mut sum) = (Vec::new(), Vec::new(), 0);
        let file = index.samples(block).map_err(one_line)?;
        let (mut reader, mut builder) = (SamplesReader::new(&file), LabelsBuilder::default());
        for &place in places {
            stop(cancel)?;
            timestamps.clear();
            values.clear();
            let series = index.located(place);
            reader
                .series(&series, (i64::MIN, i64::MAX), &mut timestamps, &mut values)
                .map_err(|error| format!("block {}: {error}", block.folder.display()))?;
            sum += series.rows.end - series.rows.start;
            self.add(&index.labels(place, &mut builder), &timestamps, &values)?;
        }
        Ok(sum)
    }

    /// What a block has of other days. Returns how many samples that is.
    fn outside(&mut self, block: &(Arc<Block>, Arc<BlockIndex>), days: &[i64], cancel: &Cancel) -> Result<u64, String> {
        let mut sum = 0;
        each_series(std::slice::from_ref(block), (i64::MIN, i64::MAX), cancel, |labels, timestamps, values| {
            let rest = timestamps.iter().zip(values).filter(|(t, _)| !days.contains(days_of(**t, **t).start()));
            let (timestamps, values): (Vec<i64>, Vec<f64>) = rest.unzip();
            sum += timestamps.len() as u64;
            self.add(labels, &timestamps, &values)
        })?;
        Ok(sum)
    }

    /// Tells DuckDB of the series that were collected.
    fn hand_over(&mut self) -> Result<(), String> {
        let named = to_record_batch(&self.series).map_err(one_line)?;
        let int = |of: fn(&About) -> i64| -> ArrayRef { Arc::new(self.about.iter().map(of).collect::<Int64Array>()) };
        let samples: UInt64Array = self.about.iter().map(|about| about.samples).collect();
        let (mut fields, mut columns) = (named.schema().fields().to_vec(), named.columns().to_vec());
        for (name, column) in [
            ("first_ts", int(|about| about.span.first_ms)),
            ("last_ts", int(|about| about.span.last_ms)),
            ("samples", Arc::new(samples)),
            ("divisor", int(|about| about.form.divisor())),
            ("stale_samples", int(|about| about.stale as i64)),
        ] {
            let kind = if name == "samples" { DataType::UInt64 } else { DataType::Int64 };
            fields.push(Arc::new(Field::new(name, kind, false)));
            columns.push(column);
        }
        self.series.clear();
        self.about.clear();
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(one_line)?;
        let append = || -> duckdb::Result<()> {
            let mut appender = self.connection.appender_to_catalog_and_db("block_series", "temp", "main")?;
            appender.append_record_batch(rows)?;
            appender.flush()
        };
        append().map_err(one_line)
    }
}

/// A path that is written to is no pattern.
fn literal(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}
