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

/// How many sums are made side by side: as many as the processor has use for.
pub(crate) const LANES: usize = 4;

/// Sums in the making, side by side. Infinities are not looked for on the way: they leave a compensation that is NaN.
#[derive(Default)]
pub(crate) struct Unchecked {
    sums: [f64; LANES],
    compensations: [f64; LANES],
}

impl Unchecked {
    /// One value for each.
    #[inline(always)]
    pub(crate) fn add(&mut self, values: [f64; LANES]) {
        for ((sum, compensation), value) in self.sums.iter_mut().zip(&mut self.compensations).zip(values) {
            let total = *sum + value;
            let added = total - *sum;
            *compensation += (*sum - (total - added)) + (value - added);
            *sum = total;
        }
    }

    /// How far each sum is below a value.
    #[inline(always)]
    pub(crate) fn below(&self, values: [f64; LANES]) -> [f64; LANES] {
        std::array::from_fn(|i| values[i] - (self.sums[i] + self.compensations[i]))
    }

    /// `None` where one of them has to be made with care.
    pub(crate) fn finish(&self) -> Option<[Sum; LANES]> {
        let all_finite = self.sums.iter().chain(&self.compensations).all(|v| v.is_finite());
        all_finite.then(|| std::array::from_fn(|i| Sum { sum: self.sums[i], compensation: self.compensations[i] }))
    }
}

/// The sums of as many lists of one length.
pub(crate) fn sums(lists: [&[f64]; LANES]) -> [Sum; LANES] {
    let length = lists.iter().map(|list| list.len()).min().unwrap_or(0);
    let heads = lists.map(|list| &list[..length]);
    let mut unchecked = Unchecked::default();
    for i in 0..length {
        unchecked.add(heads.map(|list| list[i]));
    }
    let finished = unchecked.finish().filter(|_| lists.iter().all(|list| list.len() == length));
    finished.unwrap_or_else(|| lists.map(sum))
}

/// The sum of a list.
pub(crate) fn sum(values: &[f64]) -> Sum {
    let mut sum = Sum::default();
    values.iter().for_each(|v| sum.add(*v));
    sum
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
        fn lists_are_summed_one_by_one(
            values in proptest::collection::vec(-1e9f64..1e9, 0..40),
            ends in proptest::array::uniform4(0usize..40),
        ) {
            let lists = ends.map(|end| &values[..end.min(values.len())]);
            prop_assert_eq!(sums(lists), lists.map(sum));
        }

        #[test]
        fn infinities_are_found_afterwards(values in proptest::array::uniform4(proptest::collection::vec(
            prop_oneof![8 => -10f64..10.0, 1 => proptest::num::f64::ANY], 6,
        ))) {
            let lists = values.each_ref().map(Vec::as_slice);
            let bits = |sums: [Sum; LANES]| sums.map(|s| if s.value().is_nan() { 0 } else { s.value().to_bits() });
            prop_assert_eq!(bits(sums(lists)), bits(lists.map(sum)));
        }
    }

    fn mean_of(values: &[f64]) -> f64 {
        mean(values, sum(values))
    }

    #[test]
    fn keeps_small_parts() {
        let sum = |values: &[f64]| sum(values).value();
        let mean = mean_of;
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(mean(&[f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert!(mean(&[]).is_nan());
    }
}
