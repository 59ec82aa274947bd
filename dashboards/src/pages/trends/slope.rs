//! Does something grow? A straight line through points, and whether it means anything.

use crate::chart::Point;

/// A steady change: the line that fits the points best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slope {
    /// Change in a second.
    pub(super) per_second: f64,
    /// Where the line is at the last point.
    pub(super) end: f64,
    /// How much time the points cover, in seconds.
    pub(super) seconds: f64,
}

/// Fewer points, or less time in seconds, tell nothing.
const LEAST_POINTS: usize = 20;
const LEAST_SECONDS: f64 = 300.0;
/// A change of less than this part of the mean, over all points, is no growth.
const LEAST_CHANGE: f64 = 0.01;
/// The parts of time that are compared, and how many of them need points.
const PARTS: usize = 12;
const LEAST_PARTS: usize = 8;
/// What Student's t of the changes has to be at least. Above the usual 2 to 3: whoever reads it looks at many.
const LEAST_T: f64 = 4.0;

/// The steady change of `points`, by linear regression; none where there is none to be sure of.
///
/// Neighbouring points of memory are no independent observations: after a single step up, or in a random walk, the
/// test that goes with a regression is certain of a slope. So the time is cut into parts, and the changes from one
/// part's mean to the next, which are independent in a random walk too, have to differ from zero.
pub(super) fn slope(points: &[Point]) -> Option<Slope> {
    let (first, last) = (points.first()?, points.last()?);
    let seconds = (last.at_ms - first.at_ms) as f64 / 1000.0;
    let known: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| point.value.is_finite())
        .map(|point| ((point.at_ms - first.at_ms) as f64 / 1000.0, point.value))
        .collect();
    if known.len() < LEAST_POINTS || seconds < LEAST_SECONDS || !is_steady(&known, seconds) {
        return None;
    }
    let (mean_t, mean_v) = mean(&known);
    let spread: f64 = known.iter().map(|(t, _)| (t - mean_t).powi(2)).sum();
    let per_second = known.iter().map(|(t, v)| (t - mean_t) * (v - mean_v)).sum::<f64>() / spread;
    let end = mean_v + per_second * (seconds - mean_t);
    let is_growth = (per_second * seconds).abs() >= LEAST_CHANGE * mean_v.abs() && per_second != 0.0;
    (is_growth && per_second.is_finite() && end.is_finite()).then_some(Slope { per_second, end, seconds })
}

/// The means of moments and of values.
fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    points.iter().fold((0.0, 0.0), |(mean_t, mean_v), (t, v)| (mean_t + t / n, mean_v + v / n))
}

/// True where the changes from part to part have one direction.
fn is_steady(points: &[(f64, f64)], seconds: f64) -> bool {
    let part = |t: f64| ((t / seconds * PARTS as f64) as usize).min(PARTS - 1);
    let means: Vec<(f64, f64)> = points.chunk_by(|a, b| part(a.0) == part(b.0)).map(mean).collect();
    let changes: Vec<f64> = means.windows(2).map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0)).collect();
    let n = changes.len() as f64;
    let mean = changes.iter().sum::<f64>() / n;
    let variance = changes.iter().map(|change| (change - mean).powi(2)).sum::<f64>() / (n - 1.0);
    means.len() >= LEAST_PARTS && mean.abs() >= LEAST_T * (variance / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(values: impl IntoIterator<Item = f64>) -> Vec<Point> {
        values.into_iter().zip(0..).map(|(value, at)| Point { at_ms: at * 15_000, value }).collect()
    }

    /// Numbers that look random and are the same each time, from -0.5 to 0.5.
    fn noise(seed: u64) -> impl Iterator<Item = f64> {
        std::iter::successors(Some(seed), |x| {
            Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
        })
        .skip(1)
        .map(|x| (x >> 33) as f64 / (1u64 << 31) as f64 - 0.5)
    }

    #[test]
    fn steady_growth_is_found() {
        let line = slope(&points((0..240).map(|n| 1e6 + 100.0 * f64::from(n)))).unwrap();
        assert!((line.per_second - 100.0 / 15.0).abs() < 1e-6 && (line.end - 1_023_900.0).abs() < 1e-3, "{line:?}");
        let noisy = slope(&points((0..240).zip(noise(1)).map(|(n, e)| 1e6 + 1000.0 * f64::from(n) + 2e4 * e))).unwrap();
        assert!((noisy.per_second - 1000.0 / 15.0).abs() < 5.0, "{noisy:?}");
        // A cache that is filled a step at a time.
        let stairs = slope(&points((0..240).map(|n| 1e6 + 1e5 * f64::from(n / 20)))).unwrap();
        assert!((stairs.per_second - 1e5 / 300.0).abs() < 20.0, "{stairs:?}");
        assert!(slope(&points((0..240).map(|n| 1e6 - 100.0 * f64::from(n)))).unwrap().per_second < 0.0);
    }

    #[test]
    fn what_is_not_sure_is_not_claimed() {
        for (what, values) in [
            ("noise", noise(7).take(240).map(|e| 1e6 + 1e4 * e).collect::<Vec<_>>()),
            ("one step", (0..240).map(|n| if n < 120 { 1e6 } else { 3e6 }).collect()),
            ("a saw", (0..240).map(|n| 1e6 + f64::from(n % 60) * 1e4).collect()),
            ("a flat line", vec![5.0; 240]),
            ("zero", vec![0.0; 240]),
            ("few points", (0..10).map(f64::from).collect()),
            ("a short time", (0..19).map(f64::from).collect()),
            ("less than a hundredth", (0..240).map(|n| 1e9 + f64::from(n)).collect()),
            ("nothing", vec![f64::NAN; 240]),
        ] {
            assert_eq!(slope(&points(values)), None, "{what}");
        }
    }

    #[test]
    fn a_random_walk_is_seldom_taken_for_growth() {
        let walk = |seed| {
            let steps = noise(seed).take(240).scan(0.0, |at, e| {
                *at += 1e4 * e;
                Some(1e6 + *at)
            });
            points(steps.collect::<Vec<_>>())
        };
        let wrong = (0..300).filter(|seed| slope(&walk(*seed)).is_some()).count();
        assert!(wrong <= 6, "{wrong} of 300");
    }

    proptest! {
        #[test]
        fn any_points_are_taken(values in prop::collection::vec(any::<f64>(), 0..100)) {
            if let Some(slope) = slope(&points(values)) {
                prop_assert!(slope.per_second.is_finite() && slope.end.is_finite() && slope.seconds > 0.0);
            }
        }
    }
}
