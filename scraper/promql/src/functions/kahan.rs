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

/// The sum of values.
pub(crate) fn sum(values: &[f64]) -> f64 {
    let (mut sum, mut compensation) = (0.0, 0.0);
    for value in values {
        (sum, compensation) = increment(*value, sum, compensation);
    }
    if sum.is_infinite() { sum } else { sum + compensation }
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

/// The mean of values, NaN where there are none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let Some((first, rest)) = values.split_first() else { return f64::NAN };
    let (mut sum, mut compensation) = (*first, 0.0);
    for value in rest {
        (sum, compensation) = increment(*value, sum, compensation);
    }
    if !sum.is_infinite() && !sum.is_nan() {
        let count = values.len() as f64;
        return sum / count + compensation / count;
    }
    // An overflow on the way: from there on the mean is incremental.
    let mut mean = Mean::default();
    values.iter().for_each(|v| mean.add(*v));
    mean.value()
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
            let (a, b) = (mean(&values), making.value());
            prop_assert!(a == b || (a.is_nan() && b.is_nan()), "{} {}", a, b);
        }
    }

    #[test]
    fn keeps_small_parts() {
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(mean(&[f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert!(mean(&[]).is_nan());
    }
}
