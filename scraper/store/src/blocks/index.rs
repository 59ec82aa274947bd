//! What is known of a block's series, and its file of samples: both read when they are first asked for.

use super::columns::{Collect, Columns, LabelColumn, Located};
use super::file::SamplesFile;
use super::index_file::INDEX_FILE;
use super::page_sums::check;
use super::series_file::read_series;
use super::{Block, Meta, NUMBER_SHIFT, SERIES_FILE};
use crate::Error;
use crate::head::Span;
use parquet::errors::{ParquetError, Result as ParquetResult};
use procession_openmetrics::{Labels, LabelsBuilder};
use procession_promql::Matcher;
use std::fs::{self, File};
use std::sync::{Arc, OnceLock};

/// The index of a block: its series by their place in it, which is by metric name, then by labels.
#[derive(Debug)]
pub(crate) struct BlockIndex {
    columns: Columns,
    samples: OnceLock<Arc<SamplesFile>>,
}

impl BlockIndex {
    /// Reads the index of a block.
    pub(crate) fn open(block: &Block) -> Result<BlockIndex, Error> {
        let columns = read_columns(block).map_err(|error| Error::block(block, error))?;
        Ok(BlockIndex { columns, samples: OnceLock::new() })
    }

    /// The file of samples, opened where it is not yet.
    pub(crate) fn samples(&self, block: &Block) -> Result<Arc<SamplesFile>, Error> {
        if let Some(samples) = self.samples.get() {
            return Ok(samples.clone());
        }
        let sums = block.page_sums();
        let opened = sums.and_then(|sums| SamplesFile::open(&block.samples(), block.meta.samples, sums));
        let opened = Arc::new(opened.map_err(|error| Error::block(block, error))?);
        Ok(self.samples.get_or_init(|| opened).clone())
    }

    /// The number of series.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Makes the label set of a series.
    pub(crate) fn labels(&self, place: u32, builder: &mut LabelsBuilder) -> Labels {
        self.columns.labels(place as usize, builder)
    }

    /// Where the samples of a series are.
    pub(crate) fn located(&self, place: u32) -> Located {
        self.columns.located(place as usize)
    }

    /// Whether a series may have samples with `start_ms < timestamp <= end_ms`.
    pub(crate) fn has_samples(&self, place: u32, (start_ms, end_ms): (i64, i64)) -> bool {
        self.columns.span(place as usize).meets(start_ms.saturating_add(1), end_ms)
    }

    /// The places of the series that satisfy every matcher and may have samples from `first_ms` to `last_ms`, ascending.
    pub(crate) fn resolve(&self, matchers: &[Matcher], first_ms: i64, last_ms: i64) -> Vec<u32> {
        self.columns.resolve(matchers, first_ms, last_ms)
    }

    /// The first and last moment of a series, if it is in the block.
    pub(crate) fn span(&self, labels: &Labels) -> Option<Span> {
        self.columns.find(labels).map(|place| self.columns.span(place as usize))
    }

    /// The names of labels that at least one of these series has.
    pub(crate) fn names(&self, places: &[u32]) -> impl Iterator<Item = &str> {
        let has = |label: &&LabelColumn| places.iter().any(|&place| label.codes.get(place as usize) > 0);
        self.columns.labels.iter().filter(has).map(|label| &*label.name)
    }

    /// The values that a label has in these series, each once.
    pub(crate) fn values(&self, name: &str, places: &[u32]) -> impl Iterator<Item = &str> {
        let label = self.columns.label(name);
        let mut found = vec![false; label.map_or(0, |label| label.values.len() + 1)];
        for &place in places {
            let code = label.map_or(0, |label| label.codes.get(place as usize));
            if let Some(found) = found.get_mut(code as usize) {
                *found = true;
            }
        }
        let found = (0u64..).zip(found).skip(1).filter(|(_, found)| *found);
        found.filter_map(move |(code, _)| label.map(|label| label.value(code)))
    }

    /// What it takes in memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.columns.memory_bytes() + self.samples.get().map_or(0, |samples| samples.memory_bytes())
    }
}

/// The columns as their file has them; where there is none, or it cannot be read, they are made of the file of series.
fn read_columns(block: &Block) -> ParquetResult<Columns> {
    if let Some(expected) = &block.meta.index_file {
        let path = block.folder.join(INDEX_FILE);
        let read = fs::read(&path).map_err(ParquetError::from).and_then(|bytes| {
            check(INDEX_FILE, &*bytes, expected)?;
            fitting(Columns::from_bytes(&bytes)?, &block.meta)
        });
        match read {
            Ok(columns) => return Ok(columns),
            Err(error) => tracing::warn!(path = %path.display(), %error, "the series are read instead"),
        }
    }
    // It is read whole: that its bytes are right is soon told beside making labels of them.
    check(SERIES_FILE, File::open(block.series())?, &block.meta.series_file)?;
    let (mut collect, mut next) = (Collect::default(), u64::from(block.meta.number) << NUMBER_SHIFT);
    read_series(&block.series(), |row| {
        if row.series_id != next {
            return Err(ParquetError::General(format!("series {} stands where {next} belongs", row.series_id)));
        }
        next += 1;
        collect.add(&row.labels, Span { first_ms: row.first_ms, last_ms: row.last_ms }, row.samples, row.stored);
        Ok(())
    })?;
    fitting(collect.finish(), &block.meta)
}

/// Refuses what is of other series than the block has.
fn fitting(columns: Columns, Meta { series, samples, .. }: &Meta) -> ParquetResult<Columns> {
    let (found, rows) = (columns.len(), columns.rows(columns.len().saturating_sub(1)).end);
    if found as u64 == *series && rows == *samples {
        return Ok(columns);
    }
    Err(ParquetError::General(format!("{found} series with {rows} samples instead of {series} with {samples}")))
}
