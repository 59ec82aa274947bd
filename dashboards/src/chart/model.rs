//! What a chart shows, before anything is drawn.

use jiff::tz::TimeZone;

use super::event::Event;
use super::palette::{INKS, OTHERS};
use super::unit::Unit;
use crate::time::Span;

/// A value at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// Any `f64`; NaN and the infinities leave a gap.
    pub value: f64,
}

/// One line, or one layer of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What the legend calls it: any text at all.
    pub name: String,
    /// In order of time.
    pub points: Vec<Point>,
    /// True for the rest that was gathered into one series: it is drawn grey, and on top of a stack.
    pub others: bool,
    /// Its ink in the palette, where something else on the page has the same; otherwise its place decides.
    pub ink: Option<u8>,
    /// True for what was asked of a time before, moved to the time of the chart: it is drawn dashed, and never part of
    /// a stack. Stands behind the series that are not.
    pub earlier: bool,
    /// Between which values it went around its points, where a point stands for many; may be empty.
    pub band: Vec<Range>,
}

/// The lowest and the highest value behind a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Unix milliseconds of the point.
    pub at_ms: i64,
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
}

/// How the series of a chart are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Each as a line.
    #[default]
    Lines,
    /// On top of each other: parts of a whole.
    Stack,
    /// Each as a row of shades.
    Heatmap,
}

/// Every kind with the name that parameters use.
pub const KINDS: [(&str, Kind); 3] = [("lines", Kind::Lines), ("stack", Kind::Stack), ("heatmap", Kind::Heatmap)];

impl Kind {
    /// The kind of that name, see [`KINDS`].
    pub fn parse(name: &str) -> Option<Kind> {
        KINDS.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind)
    }

    /// Its name, see [`KINDS`].
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("lines", |(name, _)| name)
    }

    /// A stack, or lines.
    pub fn stacked(stacked: bool) -> Kind {
        if stacked { Kind::Stack } else { Kind::Lines }
    }
}

/// The edges of the value axis.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Edges {
    /// The lower edge, where it is fixed.
    pub min: Option<f64>,
    /// The upper edge, where it is fixed.
    pub max: Option<f64>,
    /// True to use the whole height for the data; otherwise the axis holds zero.
    pub fit: bool,
    /// True for a logarithmic axis: it has no place for values of zero and below, which become gaps. A stack has none.
    pub log: bool,
}

/// A value that matters: a line across the chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// In the unit of the chart.
    pub value: f64,
    /// What it means; where it is empty, the value is written.
    pub label: String,
}

/// A chart: series over one span of time.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The heading; may be empty.
    pub title: String,
    /// What the values are.
    pub unit: Unit,
    /// The span of the time axis.
    pub span: Span,
    /// The distance of neighbouring points; more than one and a half of it is a gap.
    pub step_ms: i64,
    /// The time zone of the ticks.
    pub zone: TimeZone,
    /// In the order of the legend; a stack grows upwards in this order.
    pub series: Vec<Series>,
    /// How they are drawn.
    pub kind: Kind,
    /// The edges of the value axis.
    pub edges: Edges,
    /// Values that matter. The axis holds them, where its edges are not fixed.
    pub thresholds: Vec<Threshold>,
    /// What happened in the span.
    pub events: Vec<Event>,
    /// A remark for the reader (series left out, a warning of the server); may be empty.
    pub note: String,
}

impl Range {
    /// What holds both, at the time of the second.
    pub(super) fn hull(self, other: Range) -> Range {
        Range { at_ms: other.at_ms, low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The ranges of those points that both have; each in order of time.
    pub fn between(low: &[Point], high: &[Point]) -> Vec<Range> {
        let mut high = high.iter().peekable();
        let mut ranges = Vec::new();
        for low in low {
            while high.next_if(|point| point.at_ms < low.at_ms).is_some() {}
            if let Some(high) = high.next_if(|point| point.at_ms == low.at_ms) {
                ranges.push(Range { at_ms: low.at_ms, low: low.value, high: high.value });
            }
        }
        ranges
    }
}

impl Series {
    /// Its figures; what a band knows of the lowest and the highest value counts.
    pub fn summary(&self) -> Summary {
        let Summary { last, min, avg, max } = Summary::of(&self.points);
        let min = self.band.iter().map(|range| range.low).fold(min, f64::min);
        let max = self.band.iter().map(|range| range.high).fold(max, f64::max);
        Summary { last, min, avg, max }
    }
}

impl Chart {
    /// A chart without series, title and remarks; points will stand `step_ms` apart.
    pub fn new(unit: Unit, span: Span, step_ms: i64, zone: TimeZone) -> Chart {
        Chart {
            title: String::new(),
            unit,
            span,
            step_ms,
            zone,
            series: Vec::new(),
            kind: Kind::default(),
            edges: Edges::default(),
            thresholds: Vec::new(),
            events: Vec::new(),
            note: String::new(),
        }
    }

    /// The ink of the series at `index`, see [`super::palette`].
    pub fn ink(&self, index: usize) -> u8 {
        match self.series.get(index) {
            Some(series) if series.others => OTHERS,
            Some(Series { ink: Some(ink), .. }) => *ink % INKS as u8,
            _ => (index % INKS) as u8,
        }
    }

    /// True where no series has a value that can be drawn.
    pub fn is_empty(&self) -> bool {
        !self.series.iter().any(|series| series.points.iter().any(|point| point.value.is_finite()))
    }
}

/// The figures of a legend, over the values that are numbers; NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The newest value.
    pub last: f64,
    /// The smallest value.
    pub min: f64,
    /// The mean of the points.
    pub avg: f64,
    /// The largest value.
    pub max: f64,
}

impl Summary {
    /// The figures of `points`.
    pub fn of(points: &[Point]) -> Summary {
        let mut summary = Summary { last: f64::NAN, min: f64::NAN, avg: f64::NAN, max: f64::NAN };
        let mut mean = 0.0;
        let mut count = 0.0;
        for value in points.iter().map(|point| point.value).filter(|value| !value.is_nan()) {
            count += 1.0;
            // A running mean cannot overflow where a sum would; infinities add up as they do.
            let all_finite = f64::is_finite(mean) && value.is_finite();
            mean += if all_finite { value / count - mean / count } else { value };
            summary.last = value;
            summary.min = summary.min.min(value);
            summary.max = summary.max.max(value);
        }
        if count > 0.0 {
            summary.avg = mean;
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().zip(0..).map(|(value, at)| Point { at_ms: at * 1000, value: *value }).collect()
    }

    #[test]
    fn ranges_are_of_moments_that_both_have() {
        let (low, high) = (points(&[1.0, 2.0, 3.0, 4.0]), points(&[5.0, 6.0, 7.0, 8.0]));
        let ranges = Range::between(&low[1..], &[high[0], high[1], high[3]]);
        assert_eq!(ranges, [Range { at_ms: 1000, low: 2.0, high: 6.0 }, Range { at_ms: 3000, low: 4.0, high: 8.0 }]);
        let series = Series { points: points(&[5.0]), band: ranges, ..Series::default() };
        assert_eq!(series.summary(), Summary { last: 5.0, min: 2.0, avg: 5.0, max: 8.0 });
    }

    #[test]
    fn figures_of_a_legend() {
        let summary = Summary::of(&points(&[1.0, f64::NAN, 3.0, 2.0]));
        assert_eq!(summary, Summary { last: 2.0, min: 1.0, avg: 2.0, max: 3.0 });
        assert!(Summary::of(&[]).avg.is_nan());
        let infinite = Summary::of(&points(&[1.0, f64::INFINITY, 2.0]));
        assert_eq!((infinite.max, infinite.avg), (f64::INFINITY, f64::INFINITY));
        let huge = Summary::of(&points(&[f64::MAX, f64::MAX]));
        assert!(huge.avg.is_finite(), "{huge:?}");
    }
}
