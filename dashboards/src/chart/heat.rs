//! A heat map: a row for each series, time across, and how much it was as a shade.

use super::canvas::Canvas;
use super::mark::Mark;
use super::model::{Chart, Point};
use super::palette::SHADES;
use super::plot::Frame;

/// Height of a row where nothing presses, in px.
const ROW: f64 = 14.0;

/// What the lightest and the darkest shades stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shading {
    pub(super) min: f64,
    pub(super) max: f64,
}

/// One value for a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    from_ms: i64,
    until_ms: i64,
    value: f64,
}

impl Shading {
    /// From zero (or the lowest value, where that is below, or where the edges fit the data) to the highest value.
    pub(super) fn of(chart: &Chart) -> Shading {
        let values = || chart.series.iter().flat_map(|series| &series.points).map(|point| point.value);
        let low = values().filter(|value| value.is_finite()).fold(f64::INFINITY, f64::min);
        let high = values().filter(|value| value.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let min = chart.edges.min.unwrap_or(if chart.edges.fit { low } else { low.min(0.0) });
        let max = chart.edges.max.unwrap_or(high);
        Shading { min, max: if max > min { max } else { min + min.abs().max(1.0) } }
    }

    /// The shade of a value: 0 is the lightest.
    fn shade(self, value: f64) -> u8 {
        // Halves: the difference of two values may be beyond f64.
        let part = (value / 2.0 - self.min / 2.0) / (self.max / 2.0 - self.min / 2.0);
        ((part * SHADES as f64) as usize).min(SHADES - 1) as u8
    }
}

/// The height at which the rows of a chart are easy to read, in px.
pub(super) fn natural_height(chart: &Chart) -> f64 {
    ROW * chart.series.len().max(1) as f64
}

/// The stretches of time that points stand for: the step before each, none shorter than `least_ms`; of several points
/// in one the highest stands.
fn cells(points: &[Point], step_ms: i64, least_ms: i64) -> Vec<Cell> {
    let finite: Vec<Point> = points.iter().copied().filter(|point| point.value.is_finite()).collect();
    if step_ms >= least_ms {
        let cell = |Point { at_ms, value }| Cell { from_ms: at_ms - step_ms, until_ms: at_ms, value };
        return finite.into_iter().map(cell).collect();
    }
    let place = |point: &Point| point.at_ms.div_euclid(least_ms.max(1));
    let cell = |points: &[Point]| {
        let from_ms = points.first().map_or(0, place) * least_ms;
        let value = points.iter().map(|point| point.value).fold(f64::NEG_INFINITY, f64::max);
        Cell { from_ms, until_ms: from_ms + least_ms, value }
    };
    finite.chunk_by(|a, b| place(a) == place(b)).map(cell).collect()
}

/// Draws the rows into `frame`, the first series at the top. Neighbours of one shade are one shape.
pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, frame: Frame, shading: Shading) {
    let height = row_height(chart, frame);
    // A hairline of paper tells rows apart where there is room for one.
    let gap = if height >= 6.0 { 1.0 } else { 0.0 };
    let least_ms = (chart.span.length_ms() as f64 / frame.width.max(1.0) * 2.0).ceil() as i64;
    let mut by_shade: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new(); SHADES];
    for (row, series) in chart.series.iter().enumerate() {
        let top = frame.y + height * row as f64;
        let cells = cells(&series.points, chart.step_ms, least_ms);
        for alike in cells.chunk_by(|a, b| a.until_ms == b.from_ms && shading.shade(a.value) == shading.shade(b.value))
        {
            let (Some(first), Some(last)) = (alike.first(), alike.last()) else { continue };
            let edge = |ms| frame.x_of(chart, ms).clamp(frame.x, frame.x + frame.width);
            let (left, right) = (edge(first.from_ms), edge(last.until_ms));
            if right > left {
                by_shade[usize::from(shading.shade(first.value))].push((left, right, top));
            }
        }
    }
    for (shade, cells) in by_shade.into_iter().enumerate() {
        for (left, right, top) in cells {
            canvas.rectangle(Mark::Shade(shade as u8), (left, top), (right, top + height - gap));
        }
    }
}

/// The height of a row in px.
pub(super) fn row_height(chart: &Chart, frame: Frame) -> f64 {
    frame.height / chart.series.len().max(1) as f64
}

/// The rows that have room for a name, with the baselines of those names in px.
pub(super) fn named_rows(chart: &Chart, frame: Frame) -> impl Iterator<Item = (usize, f64)> {
    let height = row_height(chart, frame);
    let every = (12.0 / height).ceil().max(1.0) as usize;
    (0..chart.series.len()).step_by(every).map(move |row| (row, frame.y + height * (row as f64 + 0.5) + 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, f64)]) -> Vec<Point> {
        values.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect()
    }

    #[test]
    fn cells_are_the_time_before_a_point() {
        let found = cells(&points(&[(10, 1.0), (20, f64::NAN), (30, 2.0)]), 10, 5);
        assert_eq!(
            found,
            [Cell { from_ms: 0, until_ms: 10, value: 1.0 }, Cell { from_ms: 20, until_ms: 30, value: 2.0 }]
        );
        let few = cells(&points(&[(10, 1.0), (20, 9.0), (30, 2.0), (40, 3.0)]), 10, 20);
        assert_eq!(few.iter().map(|cell| cell.value).collect::<Vec<_>>(), [1.0, 9.0, 3.0]);
    }

    #[test]
    fn shades_go_from_the_least_to_the_most() {
        let shading = Shading { min: 0.0, max: 8.0 };
        for (value, shade) in [(-1.0, 0), (0.0, 0), (0.9, 0), (1.0, 1), (7.9, 7), (8.0, 7), (1e300, 7)] {
            assert_eq!(shading.shade(value), shade, "{value}");
        }
        assert_eq!(Shading { min: f64::MIN, max: f64::MAX }.shade(f64::MAX), 7);
    }
}
