//! Rolling up days that are over.
//!
//! A crash may leave a block of rows that `rollups.json` does not name yet; its day is rolled up again and the new block
//! takes its place.

use super::days::{DAY_MS, Day, days_of};
use super::{Rollups, WIDTHS_MS};
use crate::blocks::{Block, BlockIndex, SamplesReader, Source, next_merge};
use crate::head::{HotDays, Work};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Blocks of rows are merged by 4 and by 32 days.
const MERGE_WINDOWS_MS: [i64; 2] = [4 * DAY_MS, 32 * DAY_MS];

/// Days that one pass makes at most. The next pass goes on.
const MAX_DAYS: usize = 1_000;

impl Work {
    /// Makes the rollups of days that are over, merges them, and removes those that are too old.
    pub(crate) fn roll_up(&self) -> Result<(), String> {
        let rollups = &self.shared.rollups;
        let list = self.shared.blocks.list();
        let Some(newest_ms) = list.newest_ms() else { return Ok(()) };
        // What is not sealed yet is in no rollup.
        let hot = self.shared.queue.lock().times.hot_days();
        let kept_ms = self.oldest_rollup_ms();
        self.remove_old(kept_ms)?;

        let due = due(rollups, &list.blocks, &hot, newest_ms, kept_ms);
        self.take_out(&due)?;
        let mut opened: BTreeMap<u32, (Arc<Block>, Arc<BlockIndex>)> = BTreeMap::new();
        for day in due {
            if self.is_ending() {
                return Ok(());
            }
            let window = (day * DAY_MS, (day + 1) * DAY_MS);
            let of_day: Vec<&Arc<Block>> =
                list.blocks.iter().filter(|b| b.meta.meets(window.0 + 1, window.1)).collect();
            opened.retain(|number, _| of_day.iter().any(|b| b.meta.number == *number));
            for block in &of_day {
                if let Entry::Vacant(entry) = opened.entry(block.meta.number) {
                    entry.insert(self.open_whole(None, std::slice::from_ref(*block))?.remove(0));
                }
            }
            let sources: Vec<(Arc<Block>, Arc<BlockIndex>)> = opened.values().cloned().collect();
            self.roll_up_day(day, &sources, list.sealed)?;
        }
        drop(opened);
        for (at, blocks) in rollups.blocks.iter().enumerate() {
            while !self.is_ending()
                && let list = blocks.list()
                && let Some(group) =
                    next_merge(&list.blocks, &MERGE_WINDOWS_MS, newest_ms, self.options.max_block_samples)
            {
                self.merge_rows(at, &group)?;
            }
        }
        Ok(())
    }

    /// Takes the rows of days that are made again out of the blocks that have those of other days, too.
    fn take_out(&self, due: &[i64]) -> Result<(), String> {
        for (at, blocks) in self.shared.rollups.blocks.iter().enumerate() {
            for block in &blocks.list().blocks {
                let all = days_of(block.meta.first_ms, block.meta.last_ms);
                let (gone, rest): (Vec<i64>, Vec<i64>) =
                    all.clone().filter(|day| block.meta.has_day(*day)).partition(|day| due.contains(day));
                if gone.is_empty() || all.count() == 1 {
                    continue;
                }
                if self.is_ending() {
                    return Ok(());
                }
                let rest = if rest.is_empty() {
                    None
                } else {
                    let opened = self.open_whole(Some(at), std::slice::from_ref(block))?.remove(0);
                    let source = Source::Outside(&opened, &gone);
                    Some(self.write_to(blocks, blocks.take_number(), &source, block.meta.bytes().saturating_mul(2))?)
                };
                self.replace_in(blocks, std::slice::from_ref(block), rest)?;
            }
        }
        Ok(())
    }

    fn roll_up_day(&self, day: i64, sources: &[(Arc<Block>, Arc<BlockIndex>)], upto: u32) -> Result<(), String> {
        let rollups = &self.shared.rollups;
        let window = (day * DAY_MS, (day + 1) * DAY_MS);
        let is_empty = !has_samples(sources, window)?;
        let mut numbers = Vec::new();
        if !is_empty {
            for (blocks, width_ms) in rollups.blocks.iter().zip(WIDTHS_MS) {
                // Rows of this day that were made before: of an earlier try, or outdated and alone.
                let old: Vec<Arc<Block>> = blocks.list().blocks.iter().filter(|b| is_of_day(b, day)).cloned().collect();
                let number = blocks.take_number();
                let source = Source::Folded { blocks: sources, window, width_ms };
                let bytes: u64 = sources.iter().map(|(b, _)| b.meta.bytes()).sum();
                let block = self.write_to(blocks, number, &source, bytes)?;
                self.replace_in(blocks, &old, Some(block))?;
                numbers.push(number);
            }
        }
        rollups.days.write().0.insert(day, Day { upto, blocks: numbers, outdated: false, samples_gone: false });
        rollups.save()?;
        tracing::info!(day, blocks = sources.len(), "rolled up a day");
        Ok(())
    }

    fn merge_rows(&self, at: usize, group: &[Arc<Block>]) -> Result<(), String> {
        let blocks = &self.shared.rollups.blocks[at];
        let opened = self.open_whole(Some(at), group)?;
        let bytes: u64 = group.iter().map(|b| b.meta.bytes()).sum();
        let block = self.write_to(blocks, blocks.take_number(), &Source::Blocks(&opened), bytes.saturating_mul(2))?;
        self.replace_in(blocks, group, Some(block))
    }

    fn remove_old(&self, kept_ms: i64) -> Result<(), String> {
        let rollups = &self.shared.rollups;
        let before = rollups.days.read().0.len();
        rollups.days.write().0.retain(|day, _| (day + 1) * DAY_MS > kept_ms);
        if rollups.days.read().0.len() != before {
            rollups.save()?;
        }
        for blocks in &rollups.blocks {
            let old: Vec<Arc<Block>> =
                blocks.list().blocks.iter().filter(|b| b.meta.last_ms < kept_ms).cloned().collect();
            if !old.is_empty() {
                self.replace_in(blocks, &old, None)?;
            }
        }
        Ok(())
    }
}

/// Whether there is any sample in the window.
fn has_samples(sources: &[(Arc<Block>, Arc<BlockIndex>)], window: (i64, i64)) -> Result<bool, String> {
    let (mut timestamps, mut values) = (Vec::new(), Vec::new());
    for (block, index) in sources {
        let file = index.samples(block).map_err(|error| error.to_string())?;
        let mut reader = SamplesReader::new(&file);
        for place in (0..index.len() as u32).filter(|&place| index.has_samples(place, window)) {
            reader
                .series(&index.located(place), window, &mut timestamps, &mut values)
                .map_err(|error| format!("block {}: {error}", block.folder.display()))?;
            if !timestamps.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether all rows of a block are of one day.
fn is_of_day(block: &Block, day: i64) -> bool {
    days_of(block.meta.first_ms, block.meta.last_ms) == (day..=day)
}

/// The days that are to be rolled up: those that are over and have no rows, or outdated ones that can be made again.
fn due(rollups: &Rollups, blocks: &[Arc<Block>], hot: &HotDays, newest_ms: i64, kept_ms: i64) -> Vec<i64> {
    let days = rollups.days.read();
    let mut due: Vec<i64> = Vec::new();
    for block in blocks {
        for day in days_of(block.meta.first_ms, block.meta.last_ms) {
            let end_ms = (day + 1) * DAY_MS;
            if end_ms >= newest_ms || due.len() >= MAX_DAYS {
                break;
            }
            if hot.has(day) {
                continue;
            }
            let wanted = match days.0.get(&day) {
                None => end_ms > kept_ms,
                Some(about) => about.outdated,
            };
            if wanted && !due.contains(&day) {
                due.push(day);
            }
        }
    }
    due.sort_unstable();
    due
}
