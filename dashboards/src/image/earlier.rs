//! The same of a time before, moved to the time of the chart.

use std::collections::{BTreeMap, HashMap};

use crate::chart::palette::INKS;
use crate::chart::{Kind, Point, Series};

/// Adds the series of a time before to those of a chart: `before` are named as theirs are, `by_ms` tells how far they are
/// moved, and `text` says it (`1w`). A line is compared with the line of its name, a stack with the sum.
pub(crate) fn add(series: &mut Vec<Series>, before: Vec<Series>, kind: Kind, by_ms: i64, text: &str) {
    let moved =
        |points: Vec<Point>| points.into_iter().map(|point| Point { at_ms: point.at_ms + by_ms, ..point }).collect();
    let name = |name: &str| format!("{name}, {text} before");
    if kind == Kind::Stack {
        let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
        for point in before.iter().flat_map(|series| &series.points).filter(|point| point.value.is_finite()) {
            *sums.entry(point.at_ms).or_default() += point.value;
        }
        let points: Vec<Point> = sums.into_iter().map(|(at_ms, value)| Point { at_ms, value }).collect();
        if !points.is_empty() {
            series.push(Series {
                name: name("all"),
                points: moved(points),
                others: true,
                earlier: true,
                ..Series::default()
            });
        }
        return;
    }
    let mut before: HashMap<String, Vec<Point>> =
        before.into_iter().map(|series| (series.name, series.points)).collect();
    let compared: Vec<Series> = series
        .iter()
        .enumerate()
        .filter_map(|(index, now)| {
            let points = moved(before.remove(&now.name)?);
            let ink = now.ink.or(Some((index % INKS) as u8));
            Some(Series { name: name(&now.name), points, ink, earlier: true, ..Series::default() })
        })
        .collect();
    series.extend(compared);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, points: &[(i64, f64)]) -> Series {
        let points = points.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect();
        Series { name: name.to_owned(), points, ..Series::default() }
    }

    #[test]
    fn lines_have_the_line_of_their_name_and_a_stack_has_the_sum() {
        let now = || vec![series("a", &[(100, 1.0)]), series("b", &[(100, 2.0)])];
        let before = || vec![series("c", &[(10, 9.0)]), series("b", &[(10, 3.0), (20, f64::NAN)])];
        let mut lines = now();
        add(&mut lines, before(), Kind::Lines, 90, "1w");
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[2].name.as_str(), lines[2].ink, lines[2].earlier), ("b, 1w before", Some(1), true));
        assert_eq!(lines[2].points[0], Point { at_ms: 100, value: 3.0 });
        let mut inked = now();
        inked[1].ink = Some(5);
        add(&mut inked, before(), Kind::Lines, 90, "1w");
        assert_eq!(inked[2].ink, Some(5));
        let mut stack = now();
        add(&mut stack, before(), Kind::Stack, 90, "1w");
        assert_eq!(
            (stack[2].name.as_str(), stack[2].points.as_slice()),
            ("all, 1w before", &[Point { at_ms: 100, value: 12.0 }][..])
        );
        let mut alone = now();
        add(&mut alone, Vec::new(), Kind::Stack, 90, "1w");
        assert_eq!(alone.len(), 2);
    }
}
