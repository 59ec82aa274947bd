//! The series of several blocks, one after the other in the order of blocks.

use super::file::SamplesReader;
use super::index::BlockIndex;
use super::{Block, order};
use crate::error::one_line;
use procession_openmetrics::{Labels, LabelsBuilder};
use procession_promql::Cancel;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Calls `visit` with the samples of each series in blocks with `start_ms < timestamp <= end_ms`, in the order of series.
pub(super) fn each_series(
    blocks: &[(Arc<Block>, Arc<BlockIndex>)],
    bounds: (i64, i64),
    cancel: &Cancel,
    mut visit: impl FnMut(&Labels, &[i64], &[f64]) -> Result<(), String>,
) -> Result<(), String> {
    let files: Result<Vec<_>, _> = blocks.iter().map(|(block, index)| index.samples(block)).collect();
    let files = files.map_err(one_line)?;
    let mut readers: Vec<_> = files.iter().map(|file| SamplesReader::new(file)).collect();
    let mut builder = LabelsBuilder::default();
    // Each block is in order already: of each only the next series is in memory.
    let mut next = |block: usize, from: u32| {
        let index = &blocks[block].1;
        let place = (from..index.len() as u32).find(|&place| index.has_samples(place, bounds))?;
        Some(Next { labels: index.labels(place, &mut builder), block, place })
    };
    let mut waiting: BinaryHeap<Next> = (0..blocks.len()).filter_map(|block| next(block, 0)).collect();
    let (mut timestamps, mut values) = (Vec::new(), Vec::new());
    while let Some(Next { labels, mut block, mut place }) = waiting.pop() {
        stop(cancel)?;
        timestamps.clear();
        values.clear();
        loop {
            readers[block]
                .series(&blocks[block].1.located(place), bounds, &mut timestamps, &mut values)
                .map_err(|error| format!("block {}: {error}", blocks[block].0.folder.display()))?;
            waiting.extend(next(block, place + 1));
            match waiting.pop() {
                Some(same) if same.labels == labels => (block, place) = (same.block, same.place),
                other => {
                    waiting.extend(other);
                    break;
                }
            }
        }
        if !timestamps.is_sorted() {
            let mut rows: Vec<(i64, f64)> = timestamps.drain(..).zip(values.drain(..)).collect();
            rows.sort_by_key(|(timestamp, _)| *timestamp);
            (timestamps, values) = rows.into_iter().unzip();
        }
        visit(&labels, &timestamps, &values)?;
    }
    Ok(())
}

/// The next series of a block. The greatest is the first one in the order of series, of one series that of the first block.
struct Next {
    labels: Labels,
    block: usize,
    place: u32,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&other.labels, &self.labels).then_with(|| other.block.cmp(&self.block))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Next {}

/// Fails where the store is being closed.
pub(super) fn stop(cancel: &Cancel) -> Result<(), String> {
    if cancel.is_canceled() { Err("the store is being closed".to_owned()) } else { Ok(()) }
}
