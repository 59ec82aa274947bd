//! How far back samples are kept: counted from the newest one, so that an imported history is not too old on arrival;
//! and how much disk they may take.

use crate::RetentionRule;
use procession_openmetrics::Labels;
use procession_promql::matches_all;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest stretch of time that one deletion takes away. Commits go on between two of them.
const SLICE_MS: i64 = 300_000;

/// How much later than now the newest sample may claim to be. One from the year 2100 must not make everything else old.
const AHEAD_MS: i64 = 3_600_000;

/// The moment before which samples are to be deleted next, if there is enough of them to be worth it.
pub(crate) fn next_cut(oldest_ms: i64, newest_ms: i64, now_ms: i64, retention: Duration) -> Option<i64> {
    let retention_ms = i64::try_from(retention.as_millis()).ok()?;
    let slice_ms = SLICE_MS.min(retention_ms / 10).max(1);
    let limit_ms = limit_ms(newest_ms, now_ms, retention)?;
    let cut_ms = oldest_ms.saturating_add(slice_ms);
    (cut_ms <= limit_ms).then_some(cut_ms)
}

/// The moment before which nothing need be kept.
pub(super) fn limit_ms(newest_ms: i64, now_ms: i64, retention: Duration) -> Option<i64> {
    let retention_ms = i64::try_from(retention.as_millis()).ok()?;
    Some(newest_ms.min(now_ms.saturating_add(AHEAD_MS)).saturating_sub(retention_ms))
}

/// The same by the system's clock; `i64::MIN` where everything is kept.
pub(crate) fn oldest_kept_ms(newest_ms: i64, retention: Option<Duration>) -> i64 {
    retention.and_then(|retention| limit_ms(newest_ms, now_ms(), retention)).unwrap_or(i64::MIN)
}

/// For how long what is kept.
#[derive(Clone, Debug)]
pub(crate) struct Keep {
    rules: Vec<RetentionRule>,
    rest: Option<Duration>,
}

impl Keep {
    /// By rules, the first that fits a series, and for how long what none fits.
    pub(crate) fn new(rules: Vec<RetentionRule>, rest: Option<Duration>) -> Keep {
        Keep { rules, rest }
    }

    /// The longest time for which anything is kept; `None` is for ever.
    pub(crate) fn longest(&self) -> Option<Duration> {
        let mut longest = self.rest?;
        for rule in &self.rules {
            longest = longest.max(rule.keep?);
        }
        Some(longest)
    }

    /// What of a block is too old, whose newest sample is of `last_ms`. `None` where that is nothing.
    pub(super) fn overdue(&self, last_ms: i64, newest_ms: i64, now_ms: i64) -> Option<Overdue<'_>> {
        let is_over = |keep: Option<Duration>| {
            keep.and_then(|keep| limit_ms(newest_ms, now_ms, keep)).is_some_and(|limit| last_ms < limit)
        };
        let rules: Vec<bool> = self.rules.iter().map(|rule| is_over(rule.keep)).collect();
        let rest = is_over(self.rest);
        (rest || rules.contains(&true)).then_some(Overdue { keep: self, rules, rest })
    }
}

/// Which rules a block is too old for.
pub(super) struct Overdue<'a> {
    keep: &'a Keep,
    rules: Vec<bool>,
    rest: bool,
}

impl Overdue<'_> {
    /// Whether the samples of a series are too old.
    pub(super) fn has(&self, labels: &Labels) -> bool {
        let rule = self.keep.rules.iter().position(|rule| matches_all(&rule.matchers, labels));
        rule.map_or(self.rest, |at| self.rules[at])
    }

    /// The same text for the same judgement of every series.
    pub(super) fn name(&self) -> String {
        let mut name = String::new();
        for (rule, over) in self.keep.rules.iter().zip(&self.rules) {
            for matcher in &rule.matchers {
                // Writing into a String cannot fail.
                let _ = write!(name, "{matcher:?}");
            }
            name.push_str(if *over { " goes;" } else { " stays;" });
        }
        name + if self.rest { "rest goes" } else { "rest stays" }
    }
}

/// The share of all samples to delete where so many bytes are used and so many may be, if it is too much.
pub(crate) fn share_over(used_bytes: u64, limit_bytes: u64) -> Option<f64> {
    // A little more than the excess, so that it does not begin again at once.
    (used_bytes > limit_bytes).then(|| ((used_bytes - limit_bytes) as f64 / used_bytes as f64 + 0.02).min(1.0))
}

/// The system's clock, in milliseconds since the Unix epoch.
pub(super) fn now_ms() -> i64 {
    // A clock before 1970 deletes nothing.
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_back_from_the_newest_sample() {
        const DAY: i64 = 86_400_000;
        let day = Duration::from_secs(86_400);
        let check = |oldest, newest, now, expected| assert_eq!(next_cut(oldest, newest, now, day), expected);
        let now = 20_000 * DAY;
        check(now - DAY, now, now, None);
        check(now - DAY - SLICE_MS + 1, now, now, None);
        check(now - DAY - SLICE_MS, now, now, Some(now - DAY));
        check(now - 9 * DAY, now, now, Some(now - 9 * DAY + SLICE_MS));
        // Of 1970 alone: nothing is older than a day before its newest.
        check(0, DAY / 2, now, None);
        check(0, 2 * DAY, now, Some(SLICE_MS));
        // The newest one lies: the clock counts. And a clock that stands in 1970 deletes nothing.
        check(now + AHEAD_MS - DAY - SLICE_MS + 1, 50_000 * DAY, now, None);
        check(now - 9 * DAY, now, 0, None);
        assert_eq!(next_cut(i64::MIN, i64::MAX, i64::MAX, Duration::MAX), None);
        assert_eq!(next_cut(0, 1000, now, Duration::ZERO), Some(1));
    }

    #[test]
    fn takes_a_little_more_than_the_excess() {
        assert_eq!((share_over(100, 100), share_over(0, 0)), (None, None));
        assert_eq!((share_over(200, 100), share_over(100, 0)), (Some(0.52), Some(1.0)));
    }
}
