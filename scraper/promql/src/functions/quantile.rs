//! Quantiles of values.

use crate::eval::Context;
use crate::number::format_short;
use std::cmp::Ordering;

/// NaN before every number.
fn order(a: &f64, b: &f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
        (a, b) => b.cmp(&a),
    }
}

/// The q-quantile by linear interpolation between neighbours; the values are reordered. NaN where there are none or q
/// is NaN, an infinity where q is outside of [0, 1].
pub(crate) fn of(q: f64, values: &mut [f64]) -> f64 {
    at_rank(q, values.len(), |lower, _| {
        let (_, low, above) = values.select_nth_unstable_by(lower, order);
        let low = *low;
        // The neighbour is the least of those above.
        (low, above.iter().copied().min_by(order).unwrap_or(low))
    })
}

/// `neighbours` gives the values at two ranks that are one apart, or one at the end.
fn at_rank(q: f64, count: usize, neighbours: impl FnOnce(usize, usize) -> (f64, f64)) -> f64 {
    if count == 0 || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let last = count - 1;
    let rank = q * last as f64;
    let weight = rank - rank.floor();
    let lower = (rank.floor() as usize).min(last);
    let (low, high) = neighbours(lower, (lower + 1).min(last));
    low * (1.0 - weight) + high * weight
}

/// The values of a sliding window in their order.
#[derive(Default)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn replace(&mut self, values: &[f64]) {
        self.0.clear();
        self.0.extend_from_slice(values);
        self.0.sort_unstable_by(order);
    }

    /// Takes values out, which must be there, and puts others in.
    pub(crate) fn slide(&mut self, out: &[f64], into: &[f64]) {
        // One that takes the place of another moves only what lies between the two.
        let replaced = out.len().min(into.len());
        for (old, new) in out.iter().zip(into) {
            let (from, to) = (self.place(*old), self.place(*new));
            if from < to {
                self.0[from..to].rotate_left(1);
                self.0[to - 1] = *new;
            } else {
                self.0[to..=from].rotate_right(1);
                self.0[to] = *new;
            }
        }
        for old in &out[replaced..] {
            self.0.remove(self.place(*old));
        }
        for new in &into[replaced..] {
            self.0.insert(self.place(*new), *new);
        }
    }

    /// The place of the first value that is not before this one.
    fn place(&self, value: f64) -> usize {
        self.0.partition_point(|v| order(v, &value) == Ordering::Less)
    }

    /// As [`of`].
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        at_rank(q, self.0.len(), |lower, upper| (self.0[lower], self.0[upper]))
    }
}

/// Notes a quantile that is none.
pub(crate) fn warn_unless_valid(context: &Context<'_>, q: f64) {
    if !(0.0..=1.0).contains(&q) {
        context.warn(format_args!("quantile value should be between 0 and 1, got {}", format_short(q)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert!(of(0.5, &mut []).is_nan() && of(f64::NAN, &mut [1.0]).is_nan());
        assert_eq!(of(-0.1, &mut [1.0]), f64::NEG_INFINITY);
        assert_eq!(of(1.1, &mut [1.0]), f64::INFINITY);
        assert_eq!(of(1.0, &mut [3.0, f64::NAN, 1.0]), 3.0);
        assert!(of(0.0, &mut [3.0, f64::NAN, 1.0]).is_nan());
    }

    proptest! {
        #[test]
        fn is_what_sorting_gives(q in 0.0f64..=1.0, mut values in proptest::collection::vec(-1e6f64..1e6, 1..40)) {
            let found = of(q, &mut values.clone());
            values.sort_by(f64::total_cmp);
            let rank = q * (values.len() - 1) as f64;
            let (low, weight) = (rank.floor() as usize, rank - rank.floor());
            let high = (low + 1).min(values.len() - 1);
            prop_assert_eq!(found, values[low] * (1.0 - weight) + values[high] * weight);
        }
    }
}
