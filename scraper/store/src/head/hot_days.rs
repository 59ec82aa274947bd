//! The days of which the hot tables have samples: their rollups are not made yet, or lack something.

use crate::rollup::{DAY_MS, days_of};
use std::collections::BTreeSet;

/// Days that are told apart. An import may bring more before they are sealed: then all from the first day on count.
const MAX_DAYS: usize = 1_000;

/// Some days, by their number since 1970.
#[derive(Clone, Debug, Default)]
pub(crate) struct HotDays {
    days: BTreeSet<i64>,
    /// From this one on every day counts.
    from: Option<i64>,
    /// The stretch `(begin, end]` of the day that was added last: most samples are of it.
    last: (i64, i64),
}

impl HotDays {
    /// Adds the day of a sample.
    pub(super) fn add(&mut self, timestamp_ms: i64) {
        if timestamp_ms <= self.last.0 || timestamp_ms > self.last.1 {
            let day = *days_of(timestamp_ms, timestamp_ms).start();
            self.last = (day * DAY_MS, (day + 1) * DAY_MS);
            self.insert(day);
        }
    }

    /// Adds the days of all samples that may be in a stretch.
    pub(super) fn add_all(&mut self, first_ms: i64, last_ms: i64) {
        for day in days_of(first_ms, last_ms) {
            if self.from.is_some_and(|from| day >= from) {
                return;
            }
            self.insert(day);
        }
    }

    fn insert(&mut self, day: i64) {
        match &mut self.from {
            Some(from) => *from = day.min(*from),
            None => _ = self.days.insert(day),
        }
        if self.days.len() > MAX_DAYS {
            self.from = self.days.pop_first();
            self.days.clear();
        }
    }

    /// The same with the days of others.
    pub(super) fn and(&self, others: &HotDays) -> HotDays {
        let mut all = self.clone();
        others.days.iter().chain(&others.from).for_each(|day| all.insert(*day));
        if others.from.is_some() && all.from.is_none() {
            all.from = all.days.pop_first();
            all.days.clear();
        }
        all
    }

    /// The samples before a moment were deleted.
    pub(super) fn cut(&mut self, cut_ms: i64) {
        let first = *days_of(cut_ms, cut_ms).start();
        self.days = self.days.split_off(&first);
        self.from = self.from.map(|from| from.max(first));
        self.last = (0, 0);
    }

    /// Whether there may be samples of a day.
    pub(crate) fn has(&self, day: i64) -> bool {
        self.days.contains(&day) || self.from.is_some_and(|from| day >= from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(days: &HotDays, expected: &[i64]) {
        assert_eq!((-3..12).filter(|day| days.has(*day)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn tells_days_apart() {
        let mut days = HotDays::default();
        check(&days, &[]);
        // A sample at midnight is of the day before.
        [DAY_MS, DAY_MS + 1, DAY_MS, 5 * DAY_MS + 7, 0].iter().for_each(|t| days.add(*t));
        check(&days, &[-1, 0, 1, 5]);
        days.cut(DAY_MS + 9);
        check(&days, &[1, 5]);
        days.add(DAY_MS);
        days.add_all(7 * DAY_MS, 8 * DAY_MS + 1);
        check(&days, &[0, 1, 5, 6, 7, 8]);
    }

    #[test]
    fn too_many_days_are_all_that_follow() {
        let mut days = HotDays::default();
        days.add_all(9 * DAY_MS, i64::MAX / 2);
        check(&days, &[8, 9, 10, 11]);
        let mut others = HotDays::default();
        others.add(4 * DAY_MS);
        check(&others.and(&days), &[3, 4, 5, 6, 7, 8, 9, 10, 11]);
        check(&days.and(&others), &[3, 4, 5, 6, 7, 8, 9, 10, 11]);
        days.cut(10 * DAY_MS);
        check(&days, &[9, 10, 11]);
    }
}
