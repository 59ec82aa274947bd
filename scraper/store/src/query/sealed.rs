//! What a selection asks of the blocks: which series of which, and the SQL that reads little more than them.

use super::look_up::known;
use crate::Error;
use crate::blocks::{Block, BlockList, NUMBER_SHIFT, path_literal};
use crate::head::Shared;
use duckdb::Connection;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use procession_openmetrics::Labels;
use procession_promql::Selection;
use std::fmt::Write;
use std::sync::Arc;

/// How many ranges of series a condition lists at most; beyond it neighbours are read together.
const MAX_RANGES: usize = 32;

const NONE: u32 = u32::MAX;

/// The series that are asked for in one block.
pub(super) struct Part {
    pub(super) block: Arc<Block>,
    /// The first place that is asked for, and from it on the place of each in the result.
    first: u32,
    slots: Vec<u32>,
}

/// What is asked for of all blocks, by the number of the block.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    /// The list of blocks that these are of holds what was sealed up to this block.
    pub(super) sealed: u32,
}

impl Parts {
    /// Finds the series in every block that may have samples of them. `labels` names the places of the result; it grows by
    /// those that only blocks have.
    pub(super) fn resolve(
        connection: &Connection,
        shared: &Shared,
        list: &BlockList,
        selection: &Selection,
        labels: &mut Vec<Labels>,
    ) -> Result<Parts, Error> {
        let (first_ms, last_ms) = (selection.start_ms.saturating_add(1), selection.end_ms);
        let mut parts = Vec::new();
        let mut slots: Option<HashMap<Labels, u32, RandomState>> = None;
        for block in list.blocks.iter().filter(|b| b.meta.meets(first_ms, last_ms)) {
            let index = shared.blocks.indexes.get(connection, block, |labels| known(shared, labels))?;
            let places = index.resolve(&selection.matchers, first_ms, last_ms);
            let (Some(&first), Some(&last)) = (places.first(), places.last()) else { continue };
            let slots = slots.get_or_insert_with(|| labels.iter().cloned().zip(0..).collect());
            let mut of_places = vec![NONE; (last - first) as usize + 1];
            for place in places {
                let set = index.labels(place);
                let slot = *slots.entry_ref(set).or_insert_with(|| {
                    labels.push(set.clone());
                    labels.len() as u32 - 1
                });
                of_places[(place - first) as usize] = slot;
            }
            parts.push(Part { block: block.clone(), first, slots: of_places });
        }
        Ok(Parts { parts, sealed: list.sealed })
    }

    /// The place in the result of a series by its number in the files.
    pub(super) fn slot(&self, series_id: u64) -> Option<u32> {
        let number = (series_id >> NUMBER_SHIFT) as u32;
        let at = self.parts.binary_search_by_key(&number, |part| part.block.meta.number).ok()?;
        let part = &self.parts[at];
        let slot = part.slots.get((series_id as u32).wrapping_sub(part.first) as usize)?;
        Some(*slot).filter(|&slot| slot != NONE)
    }
}

impl Part {
    /// How many series are asked for.
    pub(super) fn len(&self) -> usize {
        self.slots.iter().filter(|&&slot| slot != NONE).count()
    }

    /// The rows of (series_id, ts, value).
    pub(super) fn sql(&self, selection: &Selection) -> String {
        let base = u64::from(self.block.meta.number) << NUMBER_SHIFT;
        let asked: Vec<u32> = (self.first..).zip(&self.slots).filter(|(_, s)| **s != NONE).map(|(p, _)| p).collect();
        let mut condition = String::new();
        for (i, (a, b)) in ranges(&asked, MAX_RANGES).into_iter().enumerate() {
            let or = if i == 0 { "" } else { " OR " };
            // Writing into a String cannot fail.
            let _ = write!(
                condition,
                "{or}series_id BETWEEN {}::UBIGINT AND {}::UBIGINT",
                base + u64::from(a),
                base + u64::from(b)
            );
        }
        let mut sql = format!(
            "SELECT series_id, ts, value FROM read_parquet({}) WHERE ({condition})",
            path_literal(&self.block.samples())
        );
        // What the whole block fulfils need not be looked at in every row.
        if self.block.meta.first_ms <= selection.start_ms {
            let _ = write!(sql, " AND ts > {}", selection.start_ms);
        }
        if self.block.meta.last_ms > selection.end_ms {
            let _ = write!(sql, " AND ts <= {}", selection.end_ms);
        }
        sql
    }
}

/// Ranges that hold all numbers, which ascend: at most so many, with the narrowest gaps between them filled.
fn ranges(numbers: &[u32], limit: usize) -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> =
        numbers.chunk_by(|a, b| a + 1 == *b).map(|run| (run[0], run[run.len() - 1])).collect();
    if ranges.len() > limit.max(1) {
        let mut gaps: Vec<u32> = ranges.windows(2).map(|w| w[1].0 - w[0].1).collect();
        let at = gaps.len() + 1 - limit.max(1);
        gaps.sort_unstable();
        // Gaps up to this width go; where many have this width, more than need be.
        let width = gaps[at - 1];
        ranges = ranges.into_iter().fold(Vec::new(), |mut wide: Vec<(u32, u32)>, (a, b)| {
            match wide.last_mut() {
                Some(last) if a - last.1 <= width => last.1 = b,
                _ => wide.push((a, b)),
            }
            wide
        });
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_is_near() {
        let check = |numbers: &[u32], limit, expected: &[(u32, u32)]| assert_eq!(ranges(numbers, limit), expected);
        check(&[], 3, &[]);
        check(&[1, 2, 3, 7, 9, 10], 3, &[(1, 3), (7, 7), (9, 10)]);
        check(&[1, 2, 3, 7, 9, 10], 2, &[(1, 3), (7, 10)]);
        check(&[1, 2, 3, 7, 9, 10], 1, &[(1, 10)]);
        check(&[1, 3, 5, 100], 3, &[(1, 5), (100, 100)]);
    }
}
