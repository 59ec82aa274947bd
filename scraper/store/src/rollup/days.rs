//! Which days have rollups that may be used: `rollups.json`.
//!
//! A sample that comes for a day that was rolled up already makes its rows wrong. Such a day is rolled up again where its
//! rows have blocks of their own, else its rows are used no more.

use crate::blocks::Block;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A day's rollups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    /// The number of the last block sealed from the hot table whose samples are in them.
    pub(crate) upto: u32,
    /// The numbers of the blocks that were made of it, one for each width; none where the day has no samples.
    pub(crate) blocks: Vec<u32>,
    /// Samples came that are not in them.
    #[serde(default)]
    pub(crate) outdated: bool,
    /// Retention took samples of it: its rows know more than can be read again, so they stay as they are.
    #[serde(default)]
    pub(crate) samples_gone: bool,
}

/// By the number of the day since 1970. A day is `(begin, end]`, as windows of queries are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Days(pub(crate) BTreeMap<i64, Day>);

/// The days in which samples from `first_ms` to `last_ms` lie.
pub(crate) fn days_of(first_ms: i64, last_ms: i64) -> std::ops::RangeInclusive<i64> {
    (first_ms - 1).div_euclid(DAY_MS)..=(last_ms - 1).div_euclid(DAY_MS)
}

impl Days {
    /// Notes that a block was sealed. Returns whether that made a day outdated.
    pub(crate) fn sealed(&mut self, block: &Block) -> bool {
        let mut changed = false;
        for (number, day) in self.0.range_mut(days_of(block.meta.first_ms, block.meta.last_ms)) {
            if block.meta.has_day(*number) && block.meta.number > day.upto && !day.outdated && !day.samples_gone {
                day.outdated = true;
                changed = true;
            }
        }
        changed
    }

    /// Notes that samples of a block go. Returns whether that is news for a day.
    pub(crate) fn removed(&mut self, block: &Block) -> bool {
        let mut changed = false;
        for (_, day) in self.0.range_mut(days_of(block.meta.first_ms, block.meta.last_ms)) {
            changed |= !day.samples_gone;
            (day.samples_gone, day.outdated) = (true, false);
        }
        changed
    }

    /// The stretches `(start, end]` of the days that may be used and for which `is_wanted`.
    pub(crate) fn stretches(&self, is_wanted: impl Fn(i64, &Day) -> bool) -> Vec<(i64, i64)> {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        for (day, about) in &self.0 {
            let (start, end) = (day * DAY_MS, (day + 1) * DAY_MS);
            if about.outdated || !is_wanted(*day, about) {
                continue;
            }
            match stretches.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                _ => stretches.push((start, end)),
            }
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_at_midnight() {
        assert_eq!(days_of(1, DAY_MS), 0..=0);
        assert_eq!(days_of(0, DAY_MS + 1), -1..=1);
        let day = Day { upto: 7, blocks: vec![1, 2], outdated: false, samples_gone: false };
        let mut days = Days((0..4).map(|n| (n, day.clone())).collect());
        assert_eq!(days.stretches(|day, _| day != 2), [(0, 2 * DAY_MS), (3 * DAY_MS, 4 * DAY_MS)]);
        let block = |number, first, last| Block::new("x".into(), crate::blocks::meta(number, &[number], first, last));
        assert!(!days.sealed(&block(7, DAY_MS + 5, DAY_MS + 6)) && !days.sealed(&block(8, -9, 0)));
        assert!(days.sealed(&block(8, DAY_MS + 5, DAY_MS + 6)));
        assert_eq!(days.stretches(|_, _| true), [(0, DAY_MS), (2 * DAY_MS, 4 * DAY_MS)]);
        // Of a day whose samples go the rows are all there is.
        assert!(days.removed(&block(3, DAY_MS + 5, DAY_MS + 6)) && !days.removed(&block(4, DAY_MS + 7, DAY_MS + 9)));
        assert!(!days.sealed(&block(9, DAY_MS + 5, DAY_MS + 6)) && days.stretches(|_, _| true) == [(0, 4 * DAY_MS)]);
    }
}
