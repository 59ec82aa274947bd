//! Sums and means that keep their small parts (Kahan's summation with Neumaier's improvement).

/// Adds `value` to a sum with its compensation. The rounding error of the addition is found without asking which of
/// the two is greater (Knuth's TwoSum): it is the same exact number, without a branch.
#[inline]
pub(crate) fn increment(value: f64, sum: f64, compensation: f64) -> (f64, f64) {
    let total = sum + value;
    if total.is_infinite() {
        return (total, 0.0);
    }
    let added = total - sum;
    let error = (sum - (total - added)) + (value - added);
    (total, compensation + error)
}

/// A sum in the making.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    pub(crate) sum: f64,
    pub(crate) compensation: f64,
}

impl Sum {
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        (self.sum, self.compensation) = increment(value, self.sum, self.compensation);
    }

    pub(crate) fn value(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.compensation }
    }
}

/// How many sums are made side by side.
pub(crate) const LANES: usize = 4;

/// Adds to each sum the values of its lane, in their order. An addition has to wait for the one before it in the same
/// sum alone, so that several sums take hardly longer than one.
pub(crate) fn add_lanes(sums: &mut [Sum; LANES], lanes: [&[f64]; LANES]) {
    let common = lanes.iter().map(|lane| lane.len()).min().unwrap_or(0);
    let heads = lanes.map(|lane| &lane[..common]);
    let mut together = *sums;
    for i in 0..common {
        for (sum, lane) in together.iter_mut().zip(&heads) {
            sum.add(lane[i]);
        }
    }
    *sums = together;
    for (sum, lane) in sums.iter_mut().zip(lanes) {
        lane[common..].iter().for_each(|v| sum.add(*v));
    }
}

/// A mean in the making: sum by count, until the sum would overflow; from then on incremental.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mean {
    count: f64,
    /// The sum, or the mean once incremental.
    value: f64,
    compensation: f64,
    incremental: bool,
}

impl Mean {
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.value = value;
            return;
        }
        if !self.incremental {
            let (sum, compensation) = increment(value, self.value, self.compensation);
            if !sum.is_infinite() {
                (self.value, self.compensation) = (sum, compensation);
                return;
            }
            self.incremental = true;
            self.value /= self.count - 1.0;
            self.compensation /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        (self.value, self.compensation) = increment(value / self.count, share * self.value, share * self.compensation);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0.0
    }

    pub(crate) fn value(&self) -> f64 {
        if self.incremental {
            self.value + self.compensation
        } else {
            self.value / self.count + self.compensation / self.count
        }
    }
}

/// The mean of values whose sum is known, NaN where there are none.
pub(crate) fn mean(values: &[f64], Sum { sum, compensation }: Sum) -> f64 {
    if !sum.is_infinite() && !sum.is_nan() {
        let count = values.len() as f64;
        return sum / count + compensation / count;
    }
    // An overflow on the way: from there on the mean is incremental.
    let mut mean = Mean::default();
    values.iter().for_each(|v| mean.add(*v));
    if mean.is_empty() { f64::NAN } else { mean.value() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn error_is_that_of_neumaier(value in proptest::num::f64::NORMAL, sum in proptest::num::f64::NORMAL) {
            let total = sum + value;
            prop_assume!(total.is_finite());
            let expected = if sum.abs() >= value.abs() { (sum - total) + value } else { (value - total) + sum };
            prop_assert_eq!(increment(value, sum, 0.0), (total, expected));
        }

        #[test]
        fn mean_is_the_one_in_the_making(values in proptest::collection::vec(proptest::num::f64::ANY, 1..8)) {
            let mut making = Mean::default();
            values.iter().for_each(|v| making.add(*v));
            let (a, b) = (mean_of(&values), making.value());
            prop_assert!(a == b || (a.is_nan() && b.is_nan()), "{} {}", a, b);
        }

        #[test]
        fn lanes_are_sums_of_their_own(
            values in proptest::collection::vec(-1e9f64..1e9, 0..40),
            ends in proptest::array::uniform4(0usize..40),
        ) {
            let lanes = ends.map(|end| &values[..end.min(values.len())]);
            let mut sums = [Sum::default(); LANES];
            add_lanes(&mut sums, lanes);
            prop_assert_eq!(sums, lanes.map(sum_of));
        }
    }

    fn sum_of(values: &[f64]) -> Sum {
        let mut sum = Sum::default();
        values.iter().for_each(|v| sum.add(*v));
        sum
    }

    fn mean_of(values: &[f64]) -> f64 {
        mean(values, sum_of(values))
    }

    #[test]
    fn keeps_small_parts() {
        let sum = |values: &[f64]| sum_of(values).value();
        let mean = mean_of;
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(mean(&[f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert!(mean(&[]).is_nan());
    }
}
