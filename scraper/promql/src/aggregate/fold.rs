//! Aggregations that fold a group's members into one value per step, member after member, in Prometheus's order of
//! arithmetic (Kahan-Neumaier sums; means that switch to the incremental form before a sum overflows).

use crate::eval::{ABSENT, Column, is_absent};
use crate::functions::kahan::{self, Mean};
use crate::functions::quantile;

/// Calls `f(state, value)` for every value that is there, with the state of its step.
fn visit<S>(members: &[&Column], first: usize, states: &mut [S], mut f: impl FnMut(&mut S, f64)) {
    for column in members {
        let offset = column.first() - first;
        for (state, value) in states[offset..offset + column.len()].iter_mut().zip(column.values()) {
            if !is_absent(*value) {
                f(state, *value);
            }
        }
    }
}

/// Starts with the first value of a step, goes on with the others.
fn fold(
    members: &[&Column],
    first: usize,
    out: &mut [f64],
    start: impl Fn(f64) -> f64,
    next: impl Fn(f64, f64) -> f64,
) {
    visit(members, first, out, |state, value| {
        *state = if is_absent(*state) { start(value) } else { next(*state, value) }
    });
}

pub(super) fn sum(members: &[&Column], first: usize, out: &mut [f64]) {
    let mut compensation = vec![0.0; out.len()];
    for column in members {
        let offset = column.first() - first;
        let steps = offset..offset + column.len();
        for ((sum, c), value) in out[steps.clone()].iter_mut().zip(&mut compensation[steps]).zip(column.values()) {
            if is_absent(*value) {
            } else if is_absent(*sum) {
                *sum = *value;
            } else {
                (*sum, *c) = kahan::increment(*value, *sum, *c);
            }
        }
    }
    for (sum, c) in out.iter_mut().zip(&compensation).filter(|(sum, _)| !is_absent(**sum)) {
        *sum += c;
    }
}

pub(super) fn avg(members: &[&Column], first: usize, out: &mut [f64]) {
    let mut means = vec![Mean::default(); out.len()];
    visit(members, first, &mut means, Mean::add);
    for (out, mean) in out.iter_mut().zip(&means).filter(|(_, m)| !m.is_empty()) {
        *out = mean.value();
    }
}

pub(super) fn count(members: &[&Column], first: usize, out: &mut [f64]) {
    fold(members, first, out, |_| 1.0, |n, _| n + 1.0);
}

pub(super) fn group(members: &[&Column], first: usize, out: &mut [f64]) {
    fold(members, first, out, |_| 1.0, |n, _| n);
}

/// NaN only where there is nothing else.
pub(super) fn min(members: &[&Column], first: usize, out: &mut [f64]) {
    fold(members, first, out, |v| v, |min, v| if min > v || min.is_nan() { v } else { min });
}

/// NaN only where there is nothing else.
pub(super) fn max(members: &[&Column], first: usize, out: &mut [f64]) {
    fold(members, first, out, |v| v, |max, v| if max < v || max.is_nan() { v } else { max });
}

/// Welford's recurrence.
#[derive(Clone, Copy, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.mean = value;
            self.squares = if value.is_finite() { 0.0 } else { f64::NAN };
        } else {
            let delta = value - self.mean;
            self.mean += delta / self.count;
            self.squares += delta * (value - self.mean);
        }
    }
}

pub(super) fn stdvar(members: &[&Column], first: usize, out: &mut [f64]) {
    let mut spreads = vec![Spread::default(); out.len()];
    visit(members, first, &mut spreads, Spread::add);
    for (out, spread) in out.iter_mut().zip(&spreads).filter(|(_, s)| s.count > 0.0) {
        *out = spread.squares / spread.count;
    }
}

pub(super) fn stddev(members: &[&Column], first: usize, out: &mut [f64]) {
    stdvar(members, first, out);
    out.iter_mut().filter(|v| !is_absent(**v)).for_each(|v| *v = v.sqrt());
}

/// `q` has one value per step of the grid.
pub(super) fn quantile(members: &[&Column], q: &[f64], first: usize, out: &mut [f64]) {
    let mut values = Vec::with_capacity(members.len());
    for (i, out) in out.iter_mut().enumerate() {
        values.clear();
        values.extend(members.iter().map(|c| c.at(first + i)).filter(|v| !is_absent(*v)));
        *out = if values.is_empty() { ABSENT } else { quantile::of(q[first + i], &mut values) };
    }
}
