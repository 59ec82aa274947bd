//! From points to what can be drawn: runs without gaps, no more points than pixels, stacks.

use super::model::{Chart, Point, Range, Series};

/// The parts of `points` that have no gap: neighbours at most one and a half steps apart, every value finite.
pub(super) fn runs(points: &[Point], step_ms: i64) -> Vec<&[Point]> {
    let widest = step_ms.saturating_add(step_ms / 2).max(1);
    let mut runs = Vec::new();
    let mut start = 0;
    for i in 0..points.len() {
        let gap = i > start && points[i].at_ms.saturating_sub(points[i - 1].at_ms) > widest;
        if !points[i].value.is_finite() {
            runs.push(&points[start..i]);
            start = i + 1;
        } else if gap {
            runs.push(&points[start..i]);
            start = i;
        }
    }
    runs.push(points.get(start..).unwrap_or(&[]));
    runs.retain(|run| !run.is_empty());
    runs
}

/// At most two points (the lowest and the highest, in order of time) for each `bucket_ms`, so that a peak stays
/// a peak however many points stand behind one pixel. The first and the last point stay.
pub(super) fn reduced(run: &[Point], bucket_ms: i64) -> Vec<Point> {
    let Some(first) = run.first() else { return Vec::new() };
    let mut out: Vec<Point> = Vec::new();
    let buckets =
        run.chunk_by(|a, b| (a.at_ms - first.at_ms) / bucket_ms.max(1) == (b.at_ms - first.at_ms) / bucket_ms.max(1));
    for bucket in buckets {
        let low = bucket.iter().enumerate().min_by(|a, b| a.1.value.total_cmp(&b.1.value));
        let high = bucket.iter().enumerate().max_by(|a, b| a.1.value.total_cmp(&b.1.value));
        if let (Some((low_at, low)), Some((high_at, high))) = (low, high) {
            match low_at.cmp(&high_at) {
                std::cmp::Ordering::Less => out.extend([*low, *high]),
                std::cmp::Ordering::Equal => out.push(*low),
                std::cmp::Ordering::Greater => out.extend([*high, *low]),
            }
        }
    }
    if let Some(last) = run.last()
        && out.last().is_some_and(|kept| kept.at_ms < last.at_ms)
    {
        out.push(*last);
    }
    if out.first().is_some_and(|kept| kept.at_ms > first.at_ms) {
        out.insert(0, *first);
    }
    out
}

/// The parts of a band that have no gap, with no more ranges than one for each `bucket_ms`. A range on its own is as
/// wide as the step that it stands for.
pub(super) fn band_runs(band: &[Range], step_ms: i64, bucket_ms: i64) -> Vec<Vec<Range>> {
    let widest = step_ms.saturating_add(step_ms / 2).max(1);
    let drawable: Vec<Range> = band.iter().copied().filter(|r| r.low.is_finite() && r.high.is_finite()).collect();
    let run = |run: &[Range]| match run {
        [only] => vec![Range { at_ms: only.at_ms - step_ms, ..*only }, *only],
        run => {
            let first_ms = run.first().map_or(0, |first| first.at_ms);
            let bucket = |range: &Range| (range.at_ms - first_ms) / bucket_ms.max(1);
            run.chunk_by(|a, b| bucket(a) == bucket(b))
                .filter_map(|ranges| ranges.iter().copied().reduce(Range::hull))
                .collect()
        }
    };
    drawable.chunk_by(|a, b| b.at_ms.saturating_sub(a.at_ms) <= widest).map(run).collect()
}

/// The upper edges of a stack, one for each series from the bottom up; a moment at which no series has a value is a gap.
///
/// Points are put on the grid of the chart's step first: an answer of a query API lies on one already.
pub(super) fn stack(chart: &Chart) -> Vec<Series> {
    let step = chart.step_ms.max(1);
    let slot = |point: &Point| (point.at_ms + step / 2).div_euclid(step);
    let parts = || chart.series.iter().filter(|series| !series.earlier);
    let present = || parts().flat_map(|s| &s.points).filter(|p| p.value.is_finite());
    let mut slots: Vec<i64> = present().map(slot).collect();
    slots.sort_unstable();
    slots.dedup();
    let mut heights: Vec<Point> = slots.iter().map(|s| Point { at_ms: s.saturating_mul(step), value: 0.0 }).collect();
    parts()
        .map(|series| {
            let mut at = 0;
            for point in series.points.iter().filter(|p| p.value.is_finite()) {
                while at < slots.len() && slots[at] < slot(point) {
                    at += 1;
                }
                if let Some(height) = heights.get_mut(at) {
                    height.value = (height.value + point.value).clamp(f64::MIN, f64::MAX);
                }
            }
            Series { points: heights.clone(), ..Series::default() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(values: &[(i64, f64)]) -> Vec<Point> {
        values.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect()
    }

    #[test]
    fn gaps_come_from_missing_points_and_from_what_is_no_number() {
        let points =
            points(&[(0, 1.0), (10, 2.0), (30, 3.0), (40, f64::NAN), (50, 4.0), (60, f64::INFINITY), (70, 1.0)]);
        let lengths: Vec<usize> = runs(&points, 10).iter().map(|run| run.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 1]);
        assert!(runs(&[], 10).is_empty());
    }

    #[test]
    fn peaks_survive() {
        let mut run = points(&(0..1000).map(|i| (i, 1.0)).collect::<Vec<_>>());
        run[517].value = 99.0;
        let few = reduced(&run, 100);
        assert!(few.len() <= 22 && few.iter().any(|p| p.value == 99.0), "{few:?}");
        assert_eq!((few[0].at_ms, few[few.len() - 1].at_ms), (0, 999));
    }

    #[test]
    fn bands_have_gaps_and_keep_their_extremes() {
        let band: Vec<Range> = [(0, 1.0), (10, 2.0), (20, 9.0), (50, 3.0), (60, f64::NAN), (70, 1.0), (80, 1.0)]
            .map(|(at_ms, high)| Range { at_ms, low: 0.5, high })
            .to_vec();
        let runs = band_runs(&band, 10, 10);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 2]);
        assert_eq!((runs[1][0].at_ms, runs[1][1].at_ms), (40, 50));
        let few = band_runs(&band, 10, 30);
        assert_eq!((few[0].len(), few[0][0].high), (1, 9.0));
    }

    proptest! {
        #[test]
        fn reducing_keeps_order_and_extremes(values in prop::collection::vec(-1e6..1e6f64, 1..300), bucket in 1i64..50) {
            let run: Vec<Point> = values.iter().zip(0..).map(|(value, at_ms)| Point { at_ms, value: *value }).collect();
            let few = reduced(&run, bucket);
            prop_assert!(few.windows(2).all(|w| w[0].at_ms < w[1].at_ms));
            let extreme = |points: &[Point]| points.iter().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p.value), h.max(p.value)));
            prop_assert_eq!(extreme(&few), extreme(&run));
        }
    }
}
