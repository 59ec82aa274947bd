//! What is known of a block's series and where their rows are: read on demand, the most recently used ones kept.

use super::file::{SamplesFile, SamplesReader, Stored};
use super::page_sums::check;
use super::series_file::read_series;
use super::{Block, NUMBER_SHIFT, SERIES_FILE};
use crate::Error;
use crate::head::Span;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;
use parquet::errors::{ParquetError, Result as ParquetResult};
use procession_openmetrics::Labels;
use procession_promql::{MatchOp, Matcher, matches_all};
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Blocks that are open at once, each with a file.
const MAX_OPEN: usize = 256;

/// Label sets, times and rows of a block's series by their place in the block: by metric name, then by labels.
#[derive(Debug)]
pub(crate) struct BlockIndex {
    labels: Vec<Labels>,
    spans: Vec<Span>,
    /// The first row of each series, and the number of rows.
    rows: Vec<u64>,
    stored: Vec<Stored>,
    places: OnceLock<HashMap<Labels, u32, RandomState>>,
    samples: SamplesFile,
}

impl BlockIndex {
    /// Opens a block. `known` gives the copy of a label set that is in memory anyway.
    fn read(block: &Block, known: impl Fn(&Labels) -> Option<Labels>) -> ParquetResult<BlockIndex> {
        let failed = |message: String| ParquetError::General(message);
        let mut index = BlockIndex {
            labels: Vec::new(),
            spans: Vec::new(),
            rows: vec![0],
            stored: Vec::new(),
            places: OnceLock::new(),
            samples: SamplesFile::open(&block.samples(), block.meta.samples, block.page_sums()?)?,
        };
        // It is read whole: that its bytes are right is soon told beside making labels of them.
        check(SERIES_FILE, File::open(block.series())?, &block.meta.series_file)?;
        let mut end = 0u64;
        read_series(&block.series(), |row| {
            let place = u64::from(block.meta.number) << NUMBER_SHIFT | index.labels.len() as u64;
            if row.series_id != place {
                return Err(failed(format!("series {} stands where {place} belongs", row.series_id)));
            }
            index.labels.push(known(&row.labels).unwrap_or(row.labels));
            index.spans.push(Span { first_ms: row.first_ms, last_ms: row.last_ms });
            end = end.saturating_add(row.samples);
            index.rows.push(end);
            index.stored.push(row.stored);
            Ok(())
        })?;
        if index.labels.len() as u64 != block.meta.series || end != block.meta.samples {
            let (series, samples) = (block.meta.series, block.meta.samples);
            let found = index.labels.len();
            return Err(failed(format!("{found} series with {end} samples instead of {series} with {samples}")));
        }
        Ok(index)
    }

    /// Opens a block for somebody who needs it once.
    pub(crate) fn open(block: &Block, known: impl Fn(&Labels) -> Option<Labels>) -> Result<BlockIndex, Error> {
        BlockIndex::read(block, known).map_err(|error| Error::block(block, error))
    }

    /// The number of series.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    pub(crate) fn labels(&self, place: u32) -> &Labels {
        &self.labels[place as usize]
    }

    /// The rows of a series.
    pub(crate) fn rows(&self, place: u32) -> Range<u64> {
        self.rows[place as usize]..self.rows[place as usize + 1]
    }

    /// About how many samples of a series have `start_ms < timestamp <= end_ms`, as if they were evenly spread.
    pub(crate) fn about(&self, place: u32, (start_ms, end_ms): (i64, i64)) -> usize {
        let (rows, span) = (self.rows(place), self.spans[place as usize]);
        let of_span = |ms: i64| ms.clamp(span.first_ms, span.last_ms).saturating_sub(span.first_ms) as f64;
        let length = of_span(span.last_ms);
        let share = if length > 0.0 { (of_span(end_ms) - of_span(start_ms)) / length } else { 1.0 };
        ((rows.end - rows.start) as f64 * share).ceil() as usize + 1
    }

    /// Whether a series may have samples with `start_ms < timestamp <= end_ms`.
    pub(crate) fn has_samples(&self, place: u32, (start_ms, end_ms): (i64, i64)) -> bool {
        self.spans[place as usize].meets(start_ms.saturating_add(1), end_ms)
    }

    /// Reads samples, cheapest in ascending order of places.
    pub(crate) fn reader(&self) -> BlockReader<'_> {
        BlockReader { index: self, samples: SamplesReader::new(&self.samples) }
    }

    /// The places of the series that satisfy every matcher and may have samples from `first_ms` to `last_ms`, ascending.
    pub(crate) fn resolve(&self, matchers: &[Matcher], first_ms: i64, last_ms: i64) -> Vec<u32> {
        self.within(matchers)
            .filter(|&at| self.spans[at].meets(first_ms, last_ms) && matches_all(matchers, &self.labels[at]))
            .map(|at| at as u32)
            .collect()
    }

    /// The first and last moment of a series, if it is in the block.
    pub(crate) fn span(&self, labels: &Labels) -> Option<Span> {
        let places = self.places.get_or_init(|| self.labels.iter().cloned().zip(0..).collect());
        places.get(labels).map(|&at| self.spans[at as usize])
    }

    /// Those with the metric name that the matchers ask for: they stand together.
    fn within(&self, matchers: &[Matcher]) -> Range<usize> {
        let name = matchers.iter().find_map(|m| match &m.op {
            MatchOp::Equal(name) if m.name == procession_openmetrics::METRIC_NAME => Some(name.as_str()),
            _ => None,
        });
        let Some(name) = name else { return 0..self.labels.len() };
        let begin = self.labels.partition_point(|labels| labels.metric_name() < name);
        let length = self.labels[begin..].partition_point(|labels| labels.metric_name() == name);
        begin..begin + length
    }

    /// What it takes in memory, counted in series: a footer of a few thousand bytes counts, too.
    fn cost(&self) -> usize {
        const BYTES_PER_SERIES: usize = 200;
        self.labels.len() + self.samples.memory_bytes() / BYTES_PER_SERIES
    }
}

/// Reads the samples of a block's series.
pub(crate) struct BlockReader<'a> {
    index: &'a BlockIndex,
    samples: SamplesReader<'a>,
}

impl BlockReader<'_> {
    /// Appends the samples of a series with `start_ms < timestamp <= end_ms`.
    pub(crate) fn series(
        &mut self,
        place: u32,
        bounds: (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) -> ParquetResult<()> {
        let stored = self.index.stored[place as usize];
        for (group, rows) in self.index.samples.groups(self.index.rows(place)) {
            self.samples.read(group, rows, stored, bounds, timestamps, values)?;
        }
        Ok(())
    }
}

/// The blocks that were read last, up to a number of series in all.
#[derive(Debug)]
pub(crate) struct IndexCache {
    /// The most recently used one stands last.
    kept: Mutex<Vec<(u32, Arc<BlockIndex>)>>,
    limit: usize,
}

impl IndexCache {
    pub(crate) fn new(limit: usize) -> IndexCache {
        IndexCache { kept: Mutex::new(Vec::new()), limit }
    }

    /// Whether the index of a block is kept.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.kept.lock().iter().any(|(n, _)| *n == number)
    }

    /// The index of a block, read where it is not kept.
    pub(crate) fn get(
        &self,
        block: &Block,
        known: impl Fn(&Labels) -> Option<Labels>,
    ) -> Result<Arc<BlockIndex>, Error> {
        let number = block.meta.number;
        {
            let mut kept = self.kept.lock();
            if let Some(at) = kept.iter().position(|(n, _)| *n == number) {
                let found = kept.remove(at);
                kept.push(found.clone());
                return Ok(found.1);
            }
        }
        // Without the lock: others may read theirs meanwhile, at worst the same one twice.
        let index = Arc::new(BlockIndex::open(block, known)?);
        let mut kept = self.kept.lock();
        kept.retain(|(n, _)| *n != number);
        kept.push((number, index.clone()));
        let mut cost: usize = kept.iter().map(|(_, index)| index.cost()).sum();
        while (cost > self.limit || kept.len() > MAX_OPEN) && kept.len() > 1 {
            cost -= kept.remove(0).1.cost();
        }
        Ok(index)
    }

    /// Lets go of the indexes of blocks that are no longer there, and of one that is larger than the limit by itself: it was
    /// kept for the queries that might follow.
    pub(crate) fn retain(&self, is_there: impl Fn(u32) -> bool) {
        self.kept.lock().retain(|(number, index)| is_there(*number) && index.cost() <= self.limit);
    }
}
