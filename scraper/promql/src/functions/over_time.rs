//! Aggregations over the samples of a window: `*_over_time`.

use super::kahan::{self, LANES, Sum, Unchecked};
use super::quantile::{self, Sorted};
use crate::eval::range::{Slice, Windows};
use std::collections::VecDeque;

/// Calls a function with the values of each window.
pub(super) fn each(windows: &Windows<'_>, out: &mut [f64], f: impl Fn(&[f64]) -> f64) {
    windows.each(|slice| out[slice.step] = f(&windows.values[slice.first..slice.end]));
}

pub(super) fn avg(windows: &Windows<'_>, out: &mut [f64]) {
    several(windows, out, |lists| {
        let sums = kahan::sums(lists);
        std::array::from_fn(|i| kahan::mean(lists[i], sums[i]))
    });
}

pub(super) fn sum(windows: &Windows<'_>, out: &mut [f64]) {
    several(windows, out, |lists| kahan::sums(lists).map(Sum::value));
}

/// Calls a function with the values of several windows at a time. What depends on the order of all its additions can't
/// be kept from one window for the next, but for several at once it takes hardly longer than for one.
fn several(windows: &Windows<'_>, out: &mut [f64], f: impl Fn([&[f64]; LANES]) -> [f64; LANES]) {
    let mut waiting: Vec<Slice> = Vec::with_capacity(LANES);
    let mut run = |slices: &[Slice]| {
        // The first one also takes the places that are left at the end.
        let of = |i: usize| slices.get(i).or(slices.first()).map_or(&[][..], |s| &windows.values[s.first..s.end]);
        for (slice, value) in slices.iter().zip(f(std::array::from_fn(of))) {
            out[slice.step] = value;
        }
    };
    windows.each(|slice| {
        if waiting.first().is_some_and(|other| other.end - other.first != slice.end - slice.first) {
            run(&waiting);
            waiting.clear();
        }
        waiting.push(slice);
        if waiting.len() == LANES {
            run(&waiting);
            waiting.clear();
        }
    });
    run(&waiting);
}

pub(super) fn count(windows: &Windows<'_>, out: &mut [f64]) {
    each(windows, out, |values| values.len() as f64);
}

pub(super) fn stdvar(windows: &Windows<'_>, out: &mut [f64]) {
    several(windows, out, variances);
}

pub(super) fn stddev(windows: &Windows<'_>, out: &mut [f64]) {
    several(windows, out, |lists| variances(lists).map(f64::sqrt));
}

/// Welford's recurrence with compensated sums, for lists of one length.
fn variances(lists: [&[f64]; LANES]) -> [f64; LANES] {
    let length = lists[0].len();
    if lists.iter().any(|list| list.len() != length) {
        return lists.map(variance);
    }
    let (mut means, mut squares) = (Unchecked::default(), Unchecked::default());
    for i in 0..length {
        let values = lists.map(|list| list[i]);
        let deltas = means.below(values);
        means.add(deltas.map(|delta| delta / (i + 1) as f64));
        let distances = means.below(values);
        squares.add(std::array::from_fn(|lane| deltas[lane] * distances[lane]));
    }
    match (means.finish(), squares.finish()) {
        (Some(_), Some(squares)) => squares.map(|s| (s.sum + s.compensation) / length as f64),
        _ => lists.map(variance),
    }
}

fn variance(values: &[f64]) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, Sum::default(), Sum::default());
    for value in values {
        count += 1.0;
        let delta = value - (mean.sum + mean.compensation);
        mean.add(delta / count);
        squares.add(delta * (value - (mean.sum + mean.compensation)));
    }
    (squares.sum + squares.compensation) / count
}

/// The greatest value, NaN only where there is nothing else.
pub(super) fn max(windows: &Windows<'_>, out: &mut [f64]) {
    extreme(windows, out, |candidate, value| candidate <= value);
}

/// The least value, NaN only where there is nothing else.
pub(super) fn min(windows: &Windows<'_>, out: &mut [f64]) {
    extreme(windows, out, |candidate, value| candidate >= value);
}

/// Keeps the candidates of the sliding window in a queue, each better than those behind it, so that a sample is looked
/// at once and not once per window. `loses(a, b)`: `a` is of no use once `b` has come.
fn extreme(windows: &Windows<'_>, out: &mut [f64], loses: impl Fn(f64, f64) -> bool) {
    let mut candidates: VecDeque<(usize, f64)> = VecDeque::new();
    let mut seen = 0;
    windows.each(|slice| {
        for (i, value) in windows.values[..slice.end].iter().enumerate().skip(seen.max(slice.first)) {
            if !value.is_nan() {
                while candidates.back().is_some_and(|(_, c)| loses(*c, *value)) {
                    candidates.pop_back();
                }
                candidates.push_back((i, *value));
            }
        }
        seen = slice.end;
        while candidates.front().is_some_and(|(i, _)| *i < slice.first) {
            candidates.pop_front();
        }
        out[slice.step] = candidates.front().map_or(f64::NAN, |(_, v)| *v);
    });
}

/// `quantile_over_time`; `q` has one value per step. What neighbouring windows share stays sorted.
pub(super) fn quantile(windows: &Windows<'_>, q: &[f64], out: &mut [f64]) {
    let mut sorted = Sorted::default();
    let mut held = 0usize..0;
    let mut values = Vec::new();
    windows.each(|slice| {
        let window = &windows.values[slice.first..slice.end];
        let shared = held.end.saturating_sub(slice.first);
        out[slice.step] = if shared * 2 > window.len() {
            if sorted.is_empty() {
                sorted.replace(&windows.values[held.clone()]);
            }
            sorted.slide(&windows.values[held.start..slice.first], &windows.values[held.end..slice.end]);
            sorted.quantile(q[slice.step])
        } else {
            // Hardly anything in common: to find one rank is quicker than to sort.
            sorted.clear();
            values.clear();
            values.extend_from_slice(window);
            quantile::of(q[slice.step], &mut values)
        };
        held = slice.first..slice.end;
    });
}

/// `mad_over_time`: the median of the distances from the median.
pub(super) fn mad(windows: &Windows<'_>, out: &mut [f64]) {
    each(windows, out, |values| {
        if values.iter().any(|v| v.is_nan()) {
            return f64::NAN;
        }
        let mut values = values.to_vec();
        let median = quantile::of(0.5, &mut values);
        values.iter_mut().for_each(|v| *v = (*v - median).abs());
        quantile::of(0.5, &mut values)
    });
}

/// The time in seconds of the last sample that is the best; of NaN any other is better.
pub(super) fn time_of_extreme(windows: &Windows<'_>, out: &mut [f64], as_good: fn(&f64, &f64) -> bool) {
    windows.each(|slice| {
        let mut best = slice.first;
        for i in slice.first..slice.end {
            if as_good(&windows.values[i], &windows.values[best]) || windows.values[best].is_nan() {
                best = i;
            }
        }
        out[slice.step] = windows.timestamps[best] as f64 / 1000.0;
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Asked, Grid, Window};
    use crate::expr::Shift;
    use proptest::prelude::*;
    use std::cell::Cell;

    proptest! {
        #[test]
        fn queue_finds_what_scanning_finds(
            values in proptest::collection::vec(prop_oneof![8 => (0..6i32).prop_map(f64::from), 1 => Just(f64::NAN)], 1..60),
            range_ms in 1..12i64,
            step_ms in 1..7i64,
        ) {
            let timestamps: Vec<i64> = (0..values.len() as i64).map(|i| i * 2).collect();
            let window = Window::new(Shift::default(), range_ms, &Asked { start_ms: 0, end_ms: 0, step_ms: 0 });
            let grid = Grid::range(-3, 130, step_ms, 200).unwrap();
            let windows = Windows { timestamps: &timestamps, values: &values, window, grid, seen: Cell::default() };
            let run = |f: &dyn Fn(&Windows<'_>, &mut [f64])| {
                let mut out = vec![-1.0; grid.len()];
                f(&windows, &mut out);
                out.into_iter().map(f64::to_bits).collect::<Vec<_>>()
            };
            let scan = |better: fn(f64, f64) -> f64| move |w: &Windows<'_>, out: &mut [f64]| {
                each(w, out, |v| v.iter().copied().fold(f64::NAN, better));
            };
            prop_assert_eq!(run(&max), run(&scan(f64::max)));
            prop_assert_eq!(run(&min), run(&scan(f64::min)));
            for q in [0.0, 0.3, 1.0] {
                let q = vec![q; grid.len()];
                let one_by_one = |w: &Windows<'_>, out: &mut [f64]| each(w, out, |v| quantile::of(q[0], &mut v.to_vec()));
                prop_assert_eq!(run(&|w, out| quantile(w, &q, out)), run(&one_by_one));
            }
            prop_assert_eq!(run(&sum), run(&|w, out| each(w, out, |v| kahan::sum(v).value())));
            prop_assert_eq!(run(&avg), run(&|w, out| each(w, out, |v| kahan::mean(v, kahan::sum(v)))));
            prop_assert_eq!(run(&stdvar), run(&|w, out| each(w, out, variance)));
        }
    }
}
