//! What raw samples of `up` tell: the scrape interval and the state of a target.

use crate::chart::Point;

/// The interval that is assumed where no samples tell it.
const USUAL_INTERVAL_MS: i64 = 15_000;

/// The median distance between samples in order of time.
pub(super) fn interval_ms(samples: &[Point]) -> Option<i64> {
    let mut distances: Vec<i64> = samples.windows(2).map(|pair| pair[1].at_ms - pair[0].at_ms).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().filter(|distance| *distance > 0)
}

/// The longest usual interval of several targets, in whole seconds.
pub(super) fn slowest_interval_ms<'a>(targets: impl IntoIterator<Item = &'a [Point]>) -> i64 {
    let slowest = targets.into_iter().filter_map(interval_ms).max().unwrap_or(USUAL_INTERVAL_MS);
    ((slowest + 500) / 1000 * 1000).clamp(1000, 600_000)
}

/// The window of `rate()` for points `step_ms` apart: never below four scrapes, so that a missed one leaves no gap, and
/// as long as the step and one scrape more, so that no increase falls between two windows.
pub(super) fn rate_window_ms(step_ms: i64, interval_ms: i64) -> i64 {
    (step_ms + interval_ms).max(4 * interval_ms)
}

/// Since when the value has been as it is at the end, if it ever was otherwise.
pub(super) fn since_ms(samples: &[Point]) -> Option<i64> {
    let last = samples.last()?.value;
    let change = samples.iter().rposition(|sample| sample.value != last)?;
    samples.get(change + 1).map(|sample| sample.at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[(i64, f64)]) -> Vec<Point> {
        values.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect()
    }

    #[test]
    fn the_interval_is_the_usual_distance() {
        let one = samples(&[(0, 1.0), (15_001, 1.0), (30_000, 1.0), (75_000, 1.0), (90_000, 1.0)]);
        assert_eq!(interval_ms(&one), Some(15_001));
        assert_eq!(slowest_interval_ms([one.as_slice()]), 15_000);
        assert_eq!(slowest_interval_ms([samples(&[(0, 1.0)]).as_slice()]), 15_000);
        assert_eq!(interval_ms(&samples(&[(5, 1.0), (5, 1.0)])), None);
    }

    #[test]
    fn windows_fit_the_step() {
        assert_eq!(rate_window_ms(15_000, 15_000), 60_000);
        assert_eq!(rate_window_ms(300_000, 15_000), 315_000);
    }

    #[test]
    fn states_have_a_beginning() {
        assert_eq!(since_ms(&samples(&[(0, 1.0), (1, 1.0), (2, 0.0), (3, 0.0)])), Some(2));
        assert_eq!(since_ms(&samples(&[(0, 1.0), (1, 1.0)])), None);
        assert_eq!(since_ms(&[]), None);
    }
}
