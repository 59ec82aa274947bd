//! When a target is scraped. Pure.
//!
//! Moments are fixed on the wall clock: every target has an offset within its interval that depends on the target alone,
//! so that a fleet spreads out, and a restart scrapes at the same moments as before.

use std::time::Duration;

/// How late a scrape may begin and still be stored under its due moment. Equal distances are worth more than a
/// millisecond of truth: they compress, and rates do not jitter.
const TOLERANCE: Duration = Duration::from_millis(2);

/// The moments of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    interval_ns: i128,
    offset_ns: i128,
}

impl Schedule {
    /// A schedule for a target's hash ([`crate::target::Target::hash`]).
    pub(crate) fn new(interval: Duration, hash: u64) -> Self {
        let interval_ns = interval.as_nanos().max(1) as i128;
        // Whole milliseconds, which is what timestamps are.
        let offset_ns = i128::from(hash) % interval_ns / 1_000_000 * 1_000_000;
        Schedule { interval_ns, offset_ns }
    }

    /// The next due moment strictly after a moment, both in nanoseconds since the Unix epoch: at most one interval away,
    /// whatever the clock did in between.
    pub(crate) fn next_after(&self, now_ns: i128) -> i128 {
        let past = (now_ns - self.offset_ns).rem_euclid(self.interval_ns);
        now_ns - past + self.interval_ns
    }

    /// Due moments that lie after `due` and before `next`: scrapes that did not happen.
    pub(crate) fn missed(&self, due_ns: i128, next_ns: i128) -> u64 {
        u64::try_from((next_ns - due_ns) / self.interval_ns - 1).unwrap_or(0)
    }

    /// The timestamp in milliseconds of a scrape that was due at one moment and began at another: the due one where it
    /// began within 2 ms or 1 % of the interval, as in Prometheus.
    pub(crate) fn timestamp_ms(&self, due_ns: i128, began_ns: i128) -> i64 {
        let tolerance = (self.interval_ns / 100).min(TOLERANCE.as_nanos() as i128);
        let aligned = (0..=tolerance).contains(&(began_ns - due_ns));
        i64::try_from((if aligned { due_ns } else { began_ns }).div_euclid(1_000_000)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: i128 = 1_000_000;

    #[test]
    fn due_moments_are_the_offset_and_whole_intervals() {
        let schedule = Schedule::new(Duration::from_secs(15), 4_000_000_123);
        for (now, due) in [(0, 4_000), (3_999, 4_000), (4_000, 19_000), (4_001, 19_000), (18_999, 19_000)] {
            assert_eq!(schedule.next_after(now * MS), due * MS, "{now}");
        }
        assert_eq!(schedule.missed(4_000 * MS, 19_000 * MS), 0);
        assert_eq!(schedule.missed(4_000 * MS, 49_000 * MS), 2);
        // The clock was set back by an hour.
        assert_eq!(schedule.missed(3_604_000 * MS, 4_000 * MS), 0);
    }

    #[test]
    fn a_slightly_late_scrape_counts_as_punctual() {
        let schedule = Schedule::new(Duration::from_secs(15), 0);
        for (late_us, want) in
            [(0, 15_000), (1_999, 15_000), (2_000, 15_000), (2_001, 15_002), (700_000, 15_700), (-1_000, 14_999)]
        {
            assert_eq!(schedule.timestamp_ms(15_000 * MS, 15_000 * MS + late_us * 1_000), want, "{late_us}");
        }
        // One percent of 100 ms.
        let quick = Schedule::new(Duration::from_millis(100), 0);
        assert_eq!(quick.timestamp_ms(100 * MS, 101 * MS + 1), 101);
        assert_eq!(quick.timestamp_ms(100 * MS, 101 * MS), 100);
    }

    proptest! {
        #[test]
        fn the_next_moment_is_near_and_on_the_grid(interval_ms in 1..100_000_000u64, hash: u64, now in -1_000_000_000_000_000_000i64..4_000_000_000_000_000_000) {
            let schedule = Schedule::new(Duration::from_millis(interval_ms), hash);
            let (now, interval) = (i128::from(now), i128::from(interval_ms) * MS);
            let due = schedule.next_after(now);
            prop_assert!(due > now && due <= now + interval);
            prop_assert_eq!(schedule.next_after(due), due + interval);
            // A restart at any moment before it finds the same one.
            prop_assert_eq!(schedule.next_after(due - 1), due);
        }
    }
}
