//! Functions of a range vector whose samples stand for many: the same answers from counts, sums and ends.
//!
//! They are exactly those of the samples themselves, but for the last digits of sums (`sum_over_time`, `avg_over_time`),
//! whose parts are added in another order, and of `rate` and `increase` where one fold holds several resets.

use super::kahan;
use super::range::RangeFunction;
use super::rate::{Ends, Extrapolation, extrapolate_between};
use crate::Fold;
use crate::eval::range::{Slice, Windows};
use crate::select::SeriesView;
use procession_openmetrics::is_stale;

/// Evaluates a function at every step. `windows` holds the columns of the view as they are.
pub(super) fn run(function: &RangeFunction, view: &SeriesView<'_>, windows: &Windows<'_>, out: &mut [f64]) {
    let mut folds = Vec::new();
    windows.each(|slice| {
        folds.clear();
        folds.extend((slice.first..slice.end).filter_map(|at| fold(view, at)));
        if let Some(value) = value(function, &folds, slice, windows.window.range_ms) {
            out[slice.step] = value;
        }
    });
}

fn fold(view: &SeriesView<'_>, at: usize) -> Option<Fold> {
    match view.fold(at) {
        Some(fold) => (fold.samples > 0).then_some(*fold),
        None => (!is_stale(view.values[at])).then(|| Fold::of(view.timestamps[at], view.values[at])),
    }
}

fn value(function: &RangeFunction, folds: &[Fold], slice: Slice, range_ms: i64) -> Option<f64> {
    let (first, last) = (folds.first()?, folds.last()?);
    let samples = || folds.iter().map(|f| f.samples).sum::<u64>();
    let sum = || {
        let mut sum = kahan::Sum::default();
        folds.iter().for_each(|f| sum.add(f.sum));
        sum.value()
    };
    let extrapolated =
        |counter, per_second| extrapolated(folds, slice, range_ms, Extrapolation { counter, per_second });
    Some(match function {
        RangeFunction::Rate => return extrapolated(true, true),
        RangeFunction::Increase => return extrapolated(true, false),
        RangeFunction::Delta => return extrapolated(false, false),
        RangeFunction::Avg => sum() / samples() as f64,
        RangeFunction::Sum => sum(),
        RangeFunction::Count => samples() as f64,
        RangeFunction::Min => folds.iter().map(|f| f.min).fold(f64::NAN, f64::min),
        RangeFunction::Max => folds.iter().map(|f| f.max).fold(f64::NAN, f64::max),
        RangeFunction::First => first.first,
        RangeFunction::Last => last.last,
        RangeFunction::TimeOfFirst => first.first_ms as f64 / 1000.0,
        RangeFunction::TimeOfLast => last.last_ms as f64 / 1000.0,
        RangeFunction::Present => 1.0,
        // Never asked for in folds, see `RangeFunction::takes_folds`.
        _ => return None,
    })
}

fn extrapolated(folds: &[Fold], slice: Slice, range_ms: i64, kind: Extrapolation) -> Option<f64> {
    let (first, last) = (folds.first()?, folds.last()?);
    let samples = folds.iter().map(|f| f.samples).sum::<u64>();
    if samples < 2 {
        return None;
    }
    let mut growth = last.last - first.first;
    if kind.counter {
        let mut before = f64::NAN;
        for fold in folds {
            if fold.first < before {
                growth += before;
            }
            if fold.resets != 0.0 {
                growth += fold.resets;
            }
            before = fold.last;
        }
    }
    let ends = Ends {
        first_ms: first.first_ms,
        last_ms: last.last_ms,
        first: first.first,
        samples: samples as usize,
        start_ms: slice.start_ms,
        end_ms: slice.end_ms,
    };
    Some(extrapolate_between(&ends, growth, range_ms, kind))
}
