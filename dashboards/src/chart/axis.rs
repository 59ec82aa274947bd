//! plotters' coordinates for our axes: Unix milliseconds across, values up, ticks from [`super::ticks`].

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};

use super::ticks::{TimeTick, ValueScale};

/// Maps without clamping to the axis: what lies outside is clipped by the document. The bound only keeps clear of
/// the whole numbers' limits.
fn place(part: f64, (from, to): (i32, i32)) -> i32 {
    let at = f64::from(from) + part * f64::from(to - from);
    if at.is_nan() { from } else { at.round().clamp(-2e9, 2e9) as i32 }
}

/// The time axis.
#[derive(Debug, Clone)]
pub(super) struct TimeAxis {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) ticks: Vec<TimeTick>,
}

impl Ranged for TimeAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i64;

    fn map(&self, at_ms: &i64, limit: (i32, i32)) -> i32 {
        let length = (self.end_ms - self.start_ms).max(1) as f64;
        place(at_ms.saturating_sub(self.start_ms) as f64 / length, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<i64> {
        self.ticks.iter().map(|tick| tick.at_ms).collect()
    }

    fn range(&self) -> Range<i64> {
        self.start_ms..self.end_ms
    }
}

/// The value axis.
#[derive(Debug, Clone)]
pub(super) struct ValueAxis(pub(super) ValueScale);

impl Ranged for ValueAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        place(self.0.part(*value), limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.0.ticks.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.0.min..self.0.max
    }
}
