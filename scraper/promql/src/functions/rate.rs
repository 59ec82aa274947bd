//! How fast things grow: `rate`, `increase`, `delta`, `irate`, `idelta`, `resets`, `changes`.

use crate::eval::ABSENT;
use crate::eval::range::{Slice, Windows};

/// Which of the extrapolating functions.
#[derive(Clone, Copy)]
pub(super) struct Extrapolation {
    /// Falls are resets, and nothing is extrapolated below zero.
    pub(super) counter: bool,
    pub(super) per_second: bool,
}

/// `rate`, `increase`, `delta` with Prometheus's extrapolation to the bounds of the window: up to a bound that is
/// within 1.1 average sample distances, else by half of such a distance.
pub(super) fn extrapolated(windows: &Windows<'_>, kind: Extrapolation, out: &mut [f64]) {
    // Resets are rare: known in advance, windows without one need only their first and last samples.
    let resets: Vec<usize> = if kind.counter { resets_of(windows.values) } else { Vec::new() };
    let mut next_reset = 0;
    windows.each(|slice| {
        if slice.end - slice.first < 2 {
            return;
        }
        while resets.get(next_reset).is_some_and(|r| *r <= slice.first) {
            next_reset += 1;
        }
        let mut growth = windows.values[slice.end - 1] - windows.values[slice.first];
        for reset in resets[next_reset..].iter().take_while(|r| **r < slice.end) {
            growth += windows.values[reset - 1];
        }
        out[slice.step] = extrapolate(windows, slice, growth, kind);
    });
}

/// The samples that are smaller than the one before.
fn resets_of(values: &[f64]) -> Vec<usize> {
    let mut resets = Vec::new();
    let (later, earlier) = (values.get(1..).unwrap_or_default(), values);
    // Most hold none: many are compared at once before it is asked which it was.
    for (at, (later, earlier)) in later.chunks(MANY).zip(earlier.chunks(MANY)).enumerate() {
        let pairs = || later.iter().zip(earlier);
        if pairs().fold(false, |found, (later, earlier)| found | (later < earlier)) {
            let falls = pairs().enumerate().filter(|(_, (later, earlier))| later < earlier);
            resets.extend(falls.map(|(i, _)| at * MANY + i + 1));
        }
    }
    resets
}

const MANY: usize = 256;

#[inline]
fn extrapolate(windows: &Windows<'_>, slice: Slice, growth: f64, kind: Extrapolation) -> f64 {
    let ends = Ends {
        first_ms: windows.timestamps[slice.first],
        last_ms: windows.timestamps[slice.end - 1],
        first: windows.values[slice.first],
        samples: slice.end - slice.first,
        start_ms: slice.start_ms,
        end_ms: slice.end_ms,
    };
    extrapolate_between(&ends, growth, windows.window.range_ms, kind)
}

/// What extrapolation takes from the samples of a window `(start_ms, end_ms]`.
pub(super) struct Ends {
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    /// The value of the first sample.
    pub(super) first: f64,
    pub(super) samples: usize,
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
}

#[inline]
pub(super) fn extrapolate_between(ends: &Ends, growth: f64, range_ms: i64, kind: Extrapolation) -> f64 {
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let sampled = seconds(ends.last_ms - ends.first_ms);
    let average_distance = sampled / (ends.samples - 1) as f64;
    let threshold = average_distance * 1.1;
    let mut to_start = seconds(ends.first_ms - ends.start_ms);
    let mut to_end = seconds(ends.end_ms - ends.last_ms);
    if to_start >= threshold {
        to_start = average_distance / 2.0;
    }
    if kind.counter && growth > 0.0 && ends.first >= 0.0 {
        // Where the counter, at this pace, was zero: it did not exist before.
        to_start = to_start.min(sampled * (ends.first / growth));
    }
    if to_end >= threshold {
        to_end = average_distance / 2.0;
    }
    let mut factor = (sampled + to_start + to_end) / sampled;
    if kind.per_second {
        factor /= seconds(range_ms);
    }
    growth * factor
}

/// `irate` and `idelta`: the last two samples alone.
pub(super) fn instantaneous(windows: &Windows<'_>, per_second: bool, out: &mut [f64]) {
    windows.each(|slice| {
        if slice.end - slice.first < 2 {
            return;
        }
        let [before, last] = [windows.values[slice.end - 2], windows.values[slice.end - 1]];
        let distance_ms = windows.timestamps[slice.end - 1] - windows.timestamps[slice.end - 2];
        out[slice.step] = match per_second {
            false => last - before,
            // After a reset the counter has grown from zero.
            true => (if last < before { last } else { last - before }) / (distance_ms as f64 / 1000.0),
        };
    });
}

/// `resets`
pub(super) fn resets(windows: &Windows<'_>, out: &mut [f64]) {
    count_pairs(windows, out, |before, value| value < before);
}

/// `changes`; from NaN to NaN is none.
pub(super) fn changes(windows: &Windows<'_>, out: &mut [f64]) {
    count_pairs(windows, out, |before, value| value != before && !(value.is_nan() && before.is_nan()));
}

/// Counts, for each window, the neighbours of which the function is true, by a running count over the whole series.
fn count_pairs(windows: &Windows<'_>, out: &mut [f64], is_one: impl Fn(f64, f64) -> bool) {
    let mut total = 0u32;
    let mut upto = Vec::with_capacity(windows.values.len());
    for i in 0..windows.values.len() {
        total += u32::from(i > 0 && is_one(windows.values[i - 1], windows.values[i]));
        upto.push(total);
    }
    debug_assert!(out.iter().all(|v| v.to_bits() == ABSENT.to_bits()));
    windows.each(|slice| out[slice.step] = f64::from(upto[slice.end - 1] - upto[slice.first]));
}
