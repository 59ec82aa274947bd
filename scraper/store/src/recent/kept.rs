//! The newest sealed samples, still in memory: a query over the last minutes opens no block.

use super::Generation;
use crate::Error;
use crate::blocks::{Block, BlockIndex, SamplesReader};
use procession_openmetrics::{Labels, LabelsBuilder, METRIC_NAME};
use procession_promql::{Cancel, MatchOp, Matcher, matches_all};
use std::sync::Arc;

/// How far back at most a start reads what was sealed.
pub(crate) const KEPT_MS: i64 = 1_800_000;

/// All samples of blocks that are newer than a moment.
#[derive(Debug)]
pub(crate) struct Kept {
    generation: Arc<Generation>,
    /// The series' numbers in the generation, by metric name and labels. They need not be those of the index: a series may
    /// have been forgotten there.
    order: Vec<u32>,
    after_ms: i64,
}

impl Kept {
    /// What was just sealed. `after_ms` is the last moment of all other blocks.
    pub(crate) fn new(generation: Arc<Generation>, after_ms: i64) -> Kept {
        let order = generation.sorted().into_iter().map(|(number, _)| number).collect();
        Kept { generation, order, after_ms }
    }

    /// Reads the newest samples of blocks: some minutes, and about so many samples at most.
    pub(crate) fn read(
        blocks: &[(Arc<Block>, Arc<BlockIndex>)],
        limit: u64,
        stop: &Cancel,
    ) -> Result<Option<Kept>, Error> {
        let Some(newest_ms) = blocks.iter().map(|(block, _)| block.meta.last_ms).max() else { return Ok(None) };
        // As if each block had the same number of samples at all times.
        let near = blocks.iter().filter(|(block, _)| block.meta.last_ms >= newest_ms - KEPT_MS);
        let per_ms: f64 = near.map(|(block, _)| rate(&block.meta)).sum();
        let length_ms = (limit as f64 / per_ms.max(1e-9)).min(KEPT_MS as f64) as i64;
        let after_ms = newest_ms.saturating_sub(length_ms);
        let mut generation = Generation::default();
        let (mut timestamps, mut values) = (Vec::new(), Vec::new());
        let mut sorted: Vec<_> = blocks.iter().filter(|(block, _)| block.meta.last_ms > after_ms).collect();
        sorted.sort_by_key(|(block, _)| block.meta.first_ms);
        let mut numbers = hashbrown::HashMap::<Labels, u32>::new();
        let mut builder = LabelsBuilder::default();
        for (block, index) in sorted {
            let file = index.samples(block)?;
            let mut reader = SamplesReader::new(&file);
            for place in index.resolve(&[], after_ms.saturating_add(1), i64::MAX) {
                if stop.is_canceled() {
                    return Ok(None);
                }
                timestamps.clear();
                values.clear();
                reader
                    .series(&index.located(place), (after_ms, i64::MAX), &mut timestamps, &mut values)
                    .map_err(|error| Error::block(block, error))?;
                let labels = index.labels(place, &mut builder);
                let next = numbers.len() as u32;
                let number = *numbers.entry_ref(&labels).or_insert(next);
                // Blocks may overlap where old samples came late; what is not in order is left to the blocks.
                if generation.span(number).is_some_and(|span| timestamps.first().is_some_and(|t| *t <= span.last_ms)) {
                    return Ok(None);
                }
                for (&timestamp, &value) in timestamps.iter().zip(&values) {
                    generation.push(number, timestamp, value, || Some(labels.clone()));
                }
            }
        }
        Ok(Some(Kept::new(Arc::new(generation), after_ms)))
    }

    /// What it takes in memory, but for the labels.
    pub(super) fn memory_bytes(&self) -> usize {
        self.generation.memory_bytes() + self.order.capacity() * size_of::<u32>()
    }

    /// Whether everything in blocks with `start_ms < timestamp` is here.
    pub(crate) fn covers(&self, start_ms: i64) -> bool {
        start_ms >= self.after_ms
    }

    /// The series that satisfy every matcher, by their numbers for [`samples`](Kept::samples).
    pub(crate) fn resolve(&self, matchers: &[Matcher]) -> impl Iterator<Item = (u32, &Labels)> {
        let labels = |number: &u32| self.generation.labels(*number);
        let name = matchers.iter().find_map(|m| match &m.op {
            MatchOp::Equal(name) if m.name == METRIC_NAME => Some(name.as_str()),
            _ => None,
        });
        let within = match name {
            None => &self.order[..],
            Some(name) => {
                let of = |number: &u32| labels(number).map_or("", Labels::metric_name);
                let begin = self.order.partition_point(|number| of(number) < name);
                let length = self.order[begin..].partition_point(|number| of(number) == name);
                &self.order[begin..begin + length]
            }
        };
        within
            .iter()
            .filter_map(move |number| Some((*number, self.generation.labels(*number)?)))
            .filter(|(_, labels)| matches_all(matchers, labels))
    }

    /// Appends the samples of a series with `start_ms < timestamp <= end_ms`, in order.
    pub(crate) fn samples(&self, number: u32, bounds: (i64, i64), timestamps: &mut Vec<i64>, values: &mut Vec<f64>) {
        self.generation.read(number, bounds, timestamps, values);
    }
}

fn rate(meta: &crate::blocks::Meta) -> f64 {
    meta.samples as f64 / (meta.last_ms - meta.first_ms).max(1) as f64
}
