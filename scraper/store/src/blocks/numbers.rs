//! Values as whole numbers over a power of ten, where that is exact: their differences are small, so they pack far
//! better than doubles.

use procession_openmetrics::is_stale;

/// The highest power of ten that is a divisor.
const MAX_EXPONENT: u8 = 15;

/// Whole numbers up to here, either side of zero, are exact as doubles, and so is their quotient rounded.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// How the values of a series stand in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Whole numbers to be divided by ten to this power.
    Numbers(u8),
    /// Doubles as they are.
    Exact,
}

impl Form {
    /// The divisor that the file names; 0 where the doubles stand there.
    pub(crate) fn divisor(self) -> i64 {
        match self {
            Form::Numbers(exponent) => 10i64.pow(u32::from(exponent)),
            Form::Exact => 0,
        }
    }

    /// The form that a divisor in a file stands for.
    pub(crate) fn of_divisor(divisor: i64) -> Option<Form> {
        if divisor == 0 {
            return Some(Form::Exact);
        }
        (0..=MAX_EXPONENT).map(Form::Numbers).find(|form| form.divisor() == divisor)
    }
}

/// Finds the form of a series' values, and appends the numbers where there are some: exactly these values come back when
/// they are divided. A marker of staleness repeats the number before it.
pub(crate) fn to_numbers(values: &[f64], numbers: &mut Vec<i64>) -> Form {
    let mut exponent = 0;
    // Ten times a number over ten times the divisor is the same double: what fits goes on fitting.
    for &value in values.iter().filter(|value| !is_stale(**value)) {
        while number(value, exponent).is_none() {
            if exponent == MAX_EXPONENT {
                return Form::Exact;
            }
            exponent += 1;
        }
    }
    let (begin, mut last) = (numbers.len(), 0);
    for &value in values {
        if !is_stale(value) {
            match number(value, exponent) {
                Some(number) => last = number,
                None => {
                    // It has grown too large for the exponent of another one.
                    numbers.truncate(begin);
                    return Form::Exact;
                }
            }
        }
        numbers.push(last);
    }
    Form::Numbers(exponent)
}

/// The whole number that gives exactly this value when divided.
fn number(value: f64, exponent: u8) -> Option<i64> {
    let divisor = POWERS[usize::from(exponent)];
    let number = (value * divisor).round();
    // Bits, because 0 equals -0.
    let fits = number.abs() <= LARGEST && ((number as i64) as f64 / divisor).to_bits() == value.to_bits();
    fits.then_some(number as i64)
}

/// Divides, as the view of the samples does.
pub(crate) fn to_values(numbers: &[i64], exponent: u8, values: &mut Vec<f64>) {
    let divisor = POWERS[usize::from(exponent.min(MAX_EXPONENT))];
    if exponent == 0 {
        values.extend(numbers.iter().map(|&n| n as f64));
    } else {
        values.extend(numbers.iter().map(|&n| n as f64 / divisor));
    }
}

const POWERS: [f64; MAX_EXPONENT as usize + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

#[cfg(test)]
mod tests {
    use super::*;
    use procession_openmetrics::STALE_NAN;
    use proptest::prelude::*;

    fn check(values: &[f64], expected: Form) {
        let mut numbers = vec![7];
        assert_eq!(to_numbers(values, &mut numbers), expected, "{values:?}");
        assert_eq!(Form::of_divisor(expected.divisor()), Some(expected));
        let Form::Numbers(exponent) = expected else {
            assert_eq!(numbers, [7]);
            return;
        };
        let mut back = Vec::new();
        to_values(&numbers[1..], exponent, &mut back);
        for (value, back) in values.iter().zip(back).filter(|(value, _)| !is_stale(**value)) {
            assert_eq!(value.to_bits(), back.to_bits());
        }
    }

    #[test]
    fn is_exact_or_nothing() {
        check(&[], Form::Numbers(0));
        check(&[STALE_NAN], Form::Numbers(0));
        check(&[1.0, -5.0, 812_345.0], Form::Numbers(0));
        check(&[1.0, 0.07, STALE_NAN, -12.5], Form::Numbers(2));
        check(&[0.1 + 0.2], Form::Exact);
        check(&[1.0, f64::NAN], Form::Exact);
        check(&[f64::INFINITY], Form::Exact);
        check(&[1.0, -0.0], Form::Exact);
        check(&[LARGEST, 1.0], Form::Numbers(0));
        check(&[LARGEST, 0.5], Form::Exact);
        check(&[1e300], Form::Exact);
        check(&[f64::MIN_POSITIVE], Form::Exact);
        assert_eq!(Form::of_divisor(7), None);
    }

    proptest! {
        #[test]
        fn every_double_comes_back(
            values in proptest::collection::vec(
                prop_oneof![any::<f64>(), (any::<i32>(), 0u8..9).prop_map(|(n, e)| f64::from(n) / 10f64.powi(i32::from(e)))],
                0..20,
            )
        ) {
            let form = to_numbers(&values, &mut Vec::new());
            check(&values, form);
        }

        #[test]
        fn decimals_are_numbers(numbers in proptest::collection::vec(-1_000_000_000i64..1_000_000_000, 1..50)) {
            let values: Vec<f64> = numbers.iter().map(|&n| n as f64 / 100.0).collect();
            prop_assert!(matches!(to_numbers(&values, &mut Vec::new()), Form::Numbers(0..=2)));
        }
    }
}
