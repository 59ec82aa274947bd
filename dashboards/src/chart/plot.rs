//! The plot itself: grid, areas, lines and dots, drawn by plotters onto a [`Canvas`].

use std::borrow::Cow;

use plotters::coord::cartesian::{Cartesian2d, MeshLine};
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon};
use plotters::style::{Color as _, ShapeStyle};

use super::axis::{TimeAxis, ValueAxis};
use super::canvas::{Canvas, ORIGIN, Pen, UNITS_PER_PX};
use super::mark::Mark;
use super::model::{Chart, Edges, Kind, Point, Range, Series, Threshold};
use super::runs::{band_runs, reduced, runs, stack};
use super::ticks::{TimeTick, ValueScale, log_scale, value_scale};

/// The rectangle of a plot in px.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    /// Where a moment lies, in px.
    pub(super) fn x_of(&self, chart: &Chart, at_ms: i64) -> f64 {
        self.x + self.width * (at_ms - chart.span.start_ms) as f64 / chart.span.length_ms().max(1) as f64
    }

    /// Where a value lies, in px.
    pub(super) fn y_of(&self, scale: &ValueScale, value: f64) -> f64 {
        self.y + self.height * (1.0 - scale.part(value))
    }
}

/// What is drawn of a chart: its series as the axis can show them, or as the edges of a stack.
pub(super) struct Drawing<'a> {
    chart: &'a Chart,
    series: Cow<'a, [Series]>,
    /// Dashed, over what is drawn of the others.
    earlier: Cow<'a, [Series]>,
    stacked: bool,
    log: bool,
}

type Area<'a> = DrawingArea<Pen<'a>, Cartesian2d<TimeAxis, ValueAxis>>;
type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl<'a> Drawing<'a> {
    pub(super) fn new(chart: &'a Chart) -> Self {
        let stacked = chart.kind == Kind::Stack;
        let log = chart.edges.log && !stacked;
        let (series, earlier) = chart.series.split_at(chart.series.partition_point(|series| !series.earlier));
        let shown = |series: &'a [Series]| match log {
            true => Cow::Owned(series.iter().map(above_zero).collect()),
            false => Cow::Borrowed(series),
        };
        let series = if stacked { Cow::Owned(stack(chart)) } else { shown(series) };
        Drawing { chart, series, earlier: shown(earlier), stacked, log }
    }

    /// The value axis for a plot of `height` px.
    pub(super) fn scale(&self, height: f64) -> ValueScale {
        let values = || {
            let all = || self.series.iter().chain(self.earlier.iter());
            let points = all().flat_map(|series| &series.points).map(|point| point.value);
            let bands = all().flat_map(|series| &series.band).flat_map(|range| [range.low, range.high]);
            let thresholds = self.chart.thresholds.iter().map(|threshold| threshold.value);
            points.chain(bands).chain(thresholds).filter(|value| value.is_finite() && (!self.log || *value > 0.0))
        };
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let Edges { min, max, fit, .. } = self.chart.edges;
        let most = (height / 34.0).floor().clamp(2.0, 10.0) as usize;
        if self.log {
            return log_scale(low, high, min, max, self.chart.unit, most);
        }
        value_scale(low, high, min, max, fit && !self.stacked, self.chart.unit, most)
    }

    /// Draws grid and series into `frame`.
    pub(super) fn draw(&self, canvas: &mut Canvas, frame: Frame, ticks: &[TimeTick], scale: &ValueScale) -> Drawn {
        let units = |px: f64| ORIGIN + (px * UNITS_PER_PX).round() as i32;
        let span = self.chart.span;
        let time = TimeAxis { start_ms: span.start_ms, end_ms: span.end_ms, ticks: ticks.to_vec() };
        let coordinates = Cartesian2d::<TimeAxis, ValueAxis>::new(
            time,
            ValueAxis(scale.clone()),
            (units(frame.x)..units(frame.x + frame.width), units(frame.y + frame.height)..units(frame.y)),
        );
        let root = Pen(canvas).into_drawing_area();
        let area: Area<'_> = root.apply_coord_spec(coordinates);
        let grid = ShapeStyle::from(Mark::Grid.colour());
        area.draw_mesh(
            |pen, line| match line {
                // The zero line is drawn as the baseline, once.
                MeshLine::YMesh(_, _, value) if *value == 0.0 => Ok(()),
                line => line.draw(pen, &grid),
            },
            usize::MAX,
            usize::MAX,
        )?;
        let zero = if scale.min <= 0.0 && scale.max >= 0.0 { 0.0 } else { scale.min };
        area.draw(&PathElement::new([(span.start_ms, zero), (span.end_ms, zero)], Mark::Baseline.colour()))?;
        // What each pixel pair can show; only charts with more points than that are reduced.
        let bucket_ms = (span.length_ms() as f64 / frame.width.max(1.0) * 2.0).ceil() as i64;
        if self.stacked {
            self.draw_stack(&area, bucket_ms, zero)?;
        } else {
            self.draw_lines(&area, bucket_ms, zero)?;
        }
        for (index, series) in self.earlier.iter().enumerate() {
            let ink = self.chart.ink(self.chart.series.len() - self.earlier.len() + index);
            for run in self.drawable(series, bucket_ms) {
                area.draw(&PathElement::new(line(&run), Mark::Earlier(ink).colour()))?;
            }
        }
        for Threshold { value, .. } in &self.chart.thresholds {
            area.draw(&PathElement::new([(span.start_ms, *value), (span.end_ms, *value)], Mark::Threshold.colour()))?;
        }
        Ok(())
    }

    fn draw_lines(&self, area: &Area<'_>, bucket_ms: i64, zero: f64) -> Drawn {
        let all: Vec<Vec<Vec<Point>>> = self.series.iter().map(|series| self.drawable(series, bucket_ms)).collect();
        if let [only] = all.as_slice() {
            for run in only.iter().filter(|run| run.len() > 1) {
                area.draw(&Polygon::new(closed(run, zero), Mark::Wash(self.chart.ink(0)).colour().filled()))?;
            }
        }
        for (index, series) in self.series.iter().enumerate().rev() {
            for run in band_runs(&series.band, self.chart.step_ms, bucket_ms) {
                area.draw(&Polygon::new(around(&run), Mark::Band(self.chart.ink(index)).colour().filled()))?;
            }
        }
        // Back to front: the first series of the legend is the one that must not be hidden.
        for (index, series) in all.iter().enumerate().rev() {
            let ink = self.chart.ink(index);
            for run in series.iter().filter(|run| run.len() > 1) {
                area.draw(&PathElement::new(line(run), Mark::Line(ink).colour()))?;
            }
            for run in series.iter().filter(|run| run.len() == 1) {
                area.draw(&Circle::new((run[0].at_ms, run[0].value), 1, Mark::Dot(ink).colour().filled()))?;
            }
        }
        Ok(())
    }

    /// From the top layer down to the bottom one, each from its upper edge to zero: the layers below cover what is not
    /// its own. So no edge is written twice, and no hairline of paper shows between two layers.
    fn draw_stack(&self, area: &Area<'_>, bucket_ms: i64, zero: f64) -> Drawn {
        for (index, series) in self.series.iter().enumerate().rev() {
            let style = Mark::Area(self.chart.ink(index)).colour().filled();
            for mut run in self.drawable(series, bucket_ms) {
                if let [only] = run.as_slice() {
                    // A moment on its own is as wide as the step that it stands for.
                    let (half, only, span) = (self.chart.step_ms / 2, *only, self.chart.span);
                    let ends = [only.at_ms - half, only.at_ms + half];
                    run = ends.map(|at_ms| Point { at_ms: at_ms.clamp(span.start_ms, span.end_ms), ..only }).to_vec();
                }
                area.draw(&Polygon::new(closed(&run, zero), style))?;
            }
        }
        Ok(())
    }

    fn drawable(&self, series: &Series, bucket_ms: i64) -> Vec<Vec<Point>> {
        let runs = runs(&series.points, self.chart.step_ms);
        runs.into_iter()
            .map(|run| if is_dense(run, bucket_ms) { reduced(run, bucket_ms) } else { run.to_vec() })
            .collect()
    }
}

/// More points than two for each bucket. They are counted: not every server keeps to the step that it was asked for.
fn is_dense(run: &[Point], bucket_ms: i64) -> bool {
    let [first, .., last] = run else { return false };
    let buckets = (last.at_ms - first.at_ms).max(0) / bucket_ms.max(1) + 1;
    i64::try_from(run.len()).is_ok_and(|count| count > 2 * buckets)
}

/// Forth along the highest values and back along the lowest.
fn around(run: &[Range]) -> Vec<(i64, f64)> {
    let back = run.iter().rev().map(|range| (range.at_ms, range.low));
    run.iter().map(|range| (range.at_ms, range.high)).chain(back).collect()
}

/// The series without what a logarithmic axis has no place for; a band that goes below leaves at the lower edge.
fn above_zero(series: &Series) -> Series {
    let above = |value: f64| if value > 0.0 { value } else { f64::NAN };
    let points = series.points.iter().map(|point| Point { value: above(point.value), ..*point });
    let band = series.band.iter().map(|range| Range {
        low: range.low.max(f64::MIN_POSITIVE),
        high: above(range.high),
        ..*range
    });
    Series { points: points.collect(), band: band.collect(), ..series.clone() }
}

fn line(run: &[Point]) -> Vec<(i64, f64)> {
    run.iter().map(|point| (point.at_ms, point.value)).collect()
}

fn closed(run: &[Point], zero: f64) -> Vec<(i64, f64)> {
    let first = run.first().map(|point| (point.at_ms, zero));
    let last = run.last().map(|point| (point.at_ms, zero));
    first.into_iter().chain(run.iter().map(|point| (point.at_ms, point.value))).chain(last).collect()
}
