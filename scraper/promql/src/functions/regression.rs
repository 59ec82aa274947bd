//! Lines and trends through samples: `deriv`, `predict_linear`, `double_exponential_smoothing`.

use super::kahan::{Sum, Unchecked};
use crate::Error;
use crate::eval::range::Windows;

struct Line {
    slope: f64,
    /// The value at the time asked for.
    intercept: f64,
}

/// Least squares; x in seconds from a time.
fn line(timestamps: &[i64], values: &[f64], at_ms: i64) -> Line {
    let initial = values[0];
    if values.iter().all(|v| *v == initial) {
        return match initial.is_infinite() {
            true => Line { slope: f64::NAN, intercept: f64::NAN },
            false => Line { slope: 0.0, intercept: initial },
        };
    }
    let terms = || {
        timestamps.iter().zip(values).map(|(time, y)| {
            let x = (time - at_ms) as f64 / 1e3;
            [x, *y, x * y, x * x]
        })
    };
    let mut unchecked = Unchecked::default();
    terms().for_each(|terms| unchecked.add(terms));
    let sums = unchecked.finish().unwrap_or_else(|| {
        let mut sums = [Sum::default(); 4];
        terms().for_each(|terms| sums.iter_mut().zip(terms).for_each(|(sum, term)| sum.add(term)));
        sums
    });
    let n = values.len() as f64;
    let [x, y, xy, xx] = sums.map(|s| s.sum + s.compensation);
    let slope = (xy - x * y / n) / (xx - x * x / n);
    Line { slope, intercept: y / n - slope * x / n }
}

/// `deriv`
pub(super) fn deriv(windows: &Windows<'_>, out: &mut [f64]) {
    windows.each(|slice| {
        let samples = slice.first..slice.end;
        if samples.len() > 1 {
            let times = &windows.timestamps[samples.clone()];
            out[slice.step] = line(times, &windows.values[samples], times[0]).slope;
        }
    });
}

/// `predict_linear`: the line's value some seconds after each step.
pub(super) fn predict_linear(windows: &Windows<'_>, ahead_seconds: &[f64], out: &mut [f64]) {
    windows.each(|slice| {
        let samples = slice.first..slice.end;
        if samples.len() > 1 {
            let now = windows.grid.time(slice.step);
            let line = line(&windows.timestamps[samples.clone()], &windows.values[samples], now);
            out[slice.step] = line.slope * ahead_seconds[slice.step] + line.intercept;
        }
    });
}

/// `double_exponential_smoothing` (Holt's linear trend): both factors between 0 and 1, exclusive.
pub(super) fn smoothing(windows: &Windows<'_>, smoothing: &[f64], trend: &[f64], out: &mut [f64]) -> Result<(), Error> {
    let mut result = Ok(());
    windows.each(|slice| {
        let (sf, tf) = (smoothing[slice.step], trend[slice.step]);
        for (name, factor, short) in [("smoothing", sf, "sf"), ("trend", tf, "tf")] {
            if (factor <= 0.0 || factor >= 1.0) && result.is_ok() {
                let message = format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}");
                result = Err(Error::Execution(message));
            }
        }
        if slice.end - slice.first > 1 {
            out[slice.step] = smooth(&windows.values[slice.first..slice.end], sf, tf);
        }
    });
    result
}

fn smooth(values: &[f64], sf: f64, tf: f64) -> f64 {
    let (mut before, mut level) = (0.0, values[0]);
    let mut trend = values[1] - values[0];
    for (i, value) in values.iter().enumerate().skip(1) {
        if i > 1 {
            trend = tf * (level - before) + (1.0 - tf) * trend;
        }
        let next = sf * value + (1.0 - sf) * (level + trend);
        (before, level) = (level, next);
    }
    level
}
