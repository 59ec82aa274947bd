//! The part of a selection that lies in blocks: which series of which, and reading them on several threads.

use super::pieces::Pieces;
use crate::Error;
use crate::blocks::{Block, BlockList, Blocks, Located, SamplesFile, SamplesReader};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parquet::errors::ParquetError;
use procession_openmetrics::{Labels, LabelsBuilder};
use procession_promql::Selection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that one thread reads at a time.
const JOB_ROWS: u64 = 200_000;

/// Series that one selection finds in blocks at most: each takes some hundred bytes, and in each block that has it some more.
const MAX_SERIES: u64 = 5_000_000;

/// The series that are asked for in one block, in the order of the block, with their places in the result.
struct Part {
    block: Arc<Block>,
    samples: Arc<SamplesFile>,
    series: Vec<(Located, u32)>,
}

/// What is asked for of all blocks.
pub(crate) struct Parts(Vec<Part>);

/// Some series of a part.
struct Job<'a> {
    part: &'a Part,
    series: &'a [(Located, u32)],
}

impl Parts {
    /// Finds the series in every block that may have samples of them. `labels` names the places of the result; it grows by
    /// those that only blocks have.
    pub(crate) fn resolve(
        blocks: &Blocks,
        list: &BlockList,
        selection: &Selection,
        labels: &mut Vec<Labels>,
    ) -> Result<Parts, Error> {
        let (first_ms, last_ms) = (selection.start_ms.saturating_add(1), selection.end_ms);
        let mut parts = Vec::new();
        let mut slots: Option<HashMap<Labels, u32, RandomState>> = None;
        let (mut builder, mut found) = (LabelsBuilder::default(), 0);
        for block in list.blocks.iter().filter(|b| b.meta.meets(first_ms, last_ms)) {
            if selection.cancel.is_due() {
                return Err(Error::GivenUp);
            }
            let index = guarded(block, || blocks.indexes.get(block))?;
            let places = index.resolve(&selection.matchers, first_ms, last_ms);
            if places.is_empty() {
                continue;
            }
            found += places.len() as u64;
            if found > MAX_SERIES {
                return Err(Error::TooManySeries { limit: MAX_SERIES });
            }
            let samples = guarded(block, || index.samples(block))?;
            let slots = slots.get_or_insert_with(|| labels.iter().cloned().zip(0..).collect());
            let series = places.into_iter().map(|place| {
                let set = index.labels(place, &mut builder);
                let slot = *slots.entry_ref(&set).or_insert_with(|| {
                    labels.push(set.clone());
                    labels.len() as u32 - 1
                });
                (index.located(place), slot)
            });
            parts.push(Part { block: block.clone(), series: series.collect(), samples });
        }
        blocks.indexes.limit();
        Ok(Parts(parts))
    }

    /// In how many blocks they are, and about how many samples `start_ms < timestamp <= end_ms` they have.
    pub(crate) fn about(&self, bounds: (i64, i64)) -> (usize, usize) {
        let of = |part: &Part| part.series.iter().map(|(series, _)| series.about(bounds)).sum::<usize>();
        (self.0.len(), self.0.iter().map(of).sum())
    }

    /// Reads them all. `limit` is how many samples there may be.
    pub(crate) fn read(&self, selection: &Selection, limit: usize, threads: usize) -> Result<Vec<Pieces>, Error> {
        let jobs: Vec<Job<'_>> = self.0.iter().flat_map(jobs).collect();
        let (next, samples) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || -> Result<Vec<Pieces>, Error> {
            let mut read = Vec::new();
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let pieces = guarded(&job.part.block, || job.read(selection)).inspect_err(|_| {
                    // The others need not go on.
                    next.store(jobs.len(), Ordering::Relaxed);
                })?;
                let count = pieces.timestamps.len();
                if samples.fetch_add(count, Ordering::Relaxed) + count > limit {
                    next.store(jobs.len(), Ordering::Relaxed);
                    let series = self.0.iter().map(|part| part.series.len()).max().unwrap_or(0);
                    return Err(Error::TooManySamples { limit, series });
                }
                read.push(pieces);
            }
            Ok(read)
        };
        let helpers = threads.min(jobs.len()).saturating_sub(1);
        std::thread::scope(|scope| {
            let helping: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for helper in helping {
                let read = helper.join().unwrap_or_else(|_| Err(Error::query("a thread that reads blocks panicked")));
                all = all.and_then(|mut all| {
                    all.extend(read?);
                    Ok(all)
                });
            }
            all
        })
    }
}

fn jobs(part: &Part) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    let (mut begin, mut rows) = (0, 0);
    for (at, (series, _)) in part.series.iter().enumerate() {
        rows += series.rows.end - series.rows.start;
        if rows >= JOB_ROWS || at + 1 == part.series.len() {
            jobs.push(Job { part, series: &part.series[begin..=at] });
            (begin, rows) = (at + 1, 0);
        }
    }
    jobs
}

impl Job<'_> {
    fn read(&self, selection: &Selection) -> Result<Pieces, Error> {
        let bounds = (selection.start_ms, selection.end_ms);
        let samples = self.series.iter().map(|(series, _)| series.about(bounds)).sum();
        // The timestamps of a series are read whole before those that are not wanted go.
        let rows = self.series.iter().map(|(series, _)| (series.rows.end - series.rows.start) as usize);
        let mut pieces = Pieces::of_block(self.part.block.meta.number, samples, rows.max().unwrap_or(0));
        let mut reader = SamplesReader::new(&self.part.samples);
        for (series, slot) in self.series {
            if selection.cancel.is_due() {
                return Err(Error::GivenUp);
            }
            reader
                .series(series, bounds, &mut pieces.timestamps, &mut pieces.values)
                .map_err(|error| Error::block(&self.part.block, error))?;
            pieces.end(*slot);
        }
        Ok(pieces)
    }
}

/// The library that reads Parquet may panic over a file that was damaged after it was checked.
fn guarded<T>(block: &Block, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Error::block(block, ParquetError::General(text.unwrap_or("the file is damaged").to_owned())))
    })
}
