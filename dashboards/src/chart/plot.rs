//! The plot itself: grid, areas, lines and dots, drawn by plotters onto a [`Canvas`].

use plotters::coord::cartesian::{Cartesian2d, MeshLine};
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon};
use plotters::style::{Color as _, ShapeStyle};

use super::axis::{TimeAxis, ValueAxis};
use super::canvas::{Canvas, ORIGIN, Pen, UNITS_PER_PX};
use super::mark::Mark;
use super::model::{Chart, Kind, Point, Range, Series};
use super::runs::{band_runs, reduced, runs, stack};
use super::ticks::{TimeTick, ValueScale, value_scale};

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
        self.y + self.height * (1.0 - (value - scale.min) / (scale.max - scale.min))
    }
}

/// What is drawn of a chart: its series as they are, or as the edges of a stack.
pub(super) struct Drawing<'a> {
    chart: &'a Chart,
    edges: Option<Vec<Series>>,
}

type Area<'a> = DrawingArea<Pen<'a>, Cartesian2d<TimeAxis, ValueAxis>>;
type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl<'a> Drawing<'a> {
    pub(super) fn new(chart: &'a Chart) -> Self {
        Drawing { chart, edges: (chart.kind == Kind::Stack).then(|| stack(chart)) }
    }

    fn series(&self) -> &[Series] {
        self.edges.as_deref().unwrap_or(&self.chart.series)
    }

    /// The value axis for a plot of `height` px.
    pub(super) fn scale(&self, height: f64) -> ValueScale {
        let values = || {
            let points = self.series().iter().flat_map(|series| &series.points).map(|point| point.value);
            let bands = self.series().iter().flat_map(|series| &series.band).flat_map(|range| [range.low, range.high]);
            points.chain(bands).filter(|value| value.is_finite())
        };
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let edges = self.chart.edges;
        let most = (height / 34.0).floor().clamp(2.0, 10.0) as usize;
        value_scale(low, high, edges.min, edges.max, edges.fit && self.chart.kind != Kind::Stack, self.chart.unit, most)
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
        if self.edges.is_some() {
            self.draw_stack(&area, bucket_ms, zero)
        } else {
            self.draw_lines(&area, bucket_ms, zero)
        }
    }

    fn draw_lines(&self, area: &Area<'_>, bucket_ms: i64, zero: f64) -> Drawn {
        let all: Vec<Vec<Vec<Point>>> = self.series().iter().map(|series| self.drawable(series, bucket_ms)).collect();
        if let [only] = all.as_slice() {
            for run in only.iter().filter(|run| run.len() > 1) {
                area.draw(&Polygon::new(closed(run, zero), Mark::Wash(self.chart.ink(0)).colour().filled()))?;
            }
        }
        for (index, series) in self.series().iter().enumerate().rev() {
            for run in band_runs(&series.band, self.chart.step_ms, bucket_ms) {
                area.draw(&Polygon::new(around(&run), Mark::Band(self.chart.ink(index)).colour().filled()))?;
            }
        }
        // Back to front: the first series of the legend is the one that must not be hidden.
        for (index, series) in all.iter().enumerate().rev() {
            let ink = self.chart.ink(index);
            for run in series.iter().filter(|run| run.len() > 1) {
                let line: Vec<(i64, f64)> = run.iter().map(|point| (point.at_ms, point.value)).collect();
                area.draw(&PathElement::new(line, Mark::Line(ink).colour()))?;
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
        for (index, series) in self.series().iter().enumerate().rev() {
            let style = Mark::Area(self.chart.ink(index)).colour().filled();
            for mut run in self.drawable(series, bucket_ms) {
                if let [only] = run.as_slice() {
                    // A moment on its own is as wide as the step that it stands for.
                    let (half, only) = (self.chart.step_ms / 2, *only);
                    run = vec![Point { at_ms: only.at_ms - half, ..only }, Point { at_ms: only.at_ms + half, ..only }];
                }
                area.draw(&Polygon::new(closed(&run, zero), style))?;
            }
        }
        Ok(())
    }

    fn drawable(&self, series: &Series, bucket_ms: i64) -> Vec<Vec<Point>> {
        let runs = runs(&series.points, self.chart.step_ms);
        if self.chart.step_ms * 2 > bucket_ms {
            return runs.into_iter().map(<[Point]>::to_vec).collect();
        }
        runs.into_iter().map(|run| reduced(run, bucket_ms)).collect()
    }
}

/// Forth along the highest values and back along the lowest.
fn around(run: &[Range]) -> Vec<(i64, f64)> {
    let back = run.iter().rev().map(|range| (range.at_ms, range.low));
    run.iter().map(|range| (range.at_ms, range.high)).chain(back).collect()
}

fn closed(run: &[Point], zero: f64) -> Vec<(i64, f64)> {
    let first = run.first().map(|point| (point.at_ms, zero));
    let last = run.last().map(|point| (point.at_ms, zero));
    first.into_iter().chain(run.iter().map(|point| (point.at_ms, point.value))).chain(last).collect()
}
