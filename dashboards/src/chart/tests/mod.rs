//! What holds for every chart: nothing leaves the frame, no labels overlap, the document is well-formed.

mod geometry;
mod golden;
mod hostile;
mod strange;

use jiff::tz::TimeZone;

use super::palette::Theme;
use super::standalone::{LegendPlace, Look};
use super::{Chart, Point, Series, Unit};
use crate::time::Span;

/// 2026-11-23T12:00:00Z.
const NOON_MS: i64 = 1_795_435_200_000;

fn look(width: u32, height: u32) -> Look {
    Look { width, height, theme: Theme::Auto, legend: LegendPlace::Auto }
}

/// The value of a series at the point of that number.
type Values<'a> = &'a dyn Fn(i64) -> Option<f64>;

/// A chart of the hours before noon, with a point every `step_s`; `None` is a missing point.
fn chart(hours: i64, step_s: i64, series: &[(&str, Values<'_>)]) -> Chart {
    let span = Span { start_ms: NOON_MS - hours * 3_600_000, end_ms: NOON_MS };
    let step_ms = step_s * 1000;
    let points = |value: &dyn Fn(i64) -> Option<f64>| {
        let count = span.length_ms() / step_ms;
        let point = |i: i64| value(i).map(|value| Point { at_ms: span.start_ms + i * step_ms, value });
        (0..=count).filter_map(point).collect()
    };
    let series = series.iter().map(|(name, value)| Series {
        name: (*name).to_owned(),
        points: points(*value),
        ..Series::default()
    });
    Chart {
        title: "CPU by group".to_owned(),
        series: series.collect(),
        ..Chart::new(Unit::Cores, span, step_ms, TimeZone::UTC)
    }
}

/// A wave that is the same on every machine.
fn wave(i: i64, period: i64, height: f64) -> f64 {
    let part = (i.rem_euclid(period) as f64) / period as f64;
    height * (1.0 + (if part < 0.5 { part } else { 1.0 - part }) * 3.0)
}
