//! Numbers as text, exactly: a double would round counters above 2^53.

/// The value of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Whole(u64),
    Signed(i64),
    /// In thousandths.
    Milli(u64),
    /// In millionths.
    Micro(u64),
    /// In billionths.
    Nano(u64),
    Infinite,
}

impl Number {
    pub(crate) fn write(self, text: &mut Vec<u8>) {
        match self {
            Number::Whole(value) => decimal(text, value, 0),
            Number::Signed(value) => text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
            Number::Milli(value) => decimal(text, value, 3),
            Number::Micro(value) => decimal(text, value, 6),
            Number::Nano(value) => decimal(text, value, 9),
            Number::Infinite => text.extend_from_slice(b"+Inf"),
        }
    }
}

/// Writes `value / 10^decimals` without trailing zeros; `decimals` is at most 19.
fn decimal(text: &mut Vec<u8>, value: u64, decimals: u32) {
    let mut digits = itoa::Buffer::new();
    let Some(scale) = 10_u64.checked_pow(decimals).filter(|scale| *scale > 1) else {
        text.extend_from_slice(digits.format(value).as_bytes());
        return;
    };
    text.extend_from_slice(digits.format(value / scale).as_bytes());
    let mut fraction = value % scale;
    if fraction == 0 {
        return;
    }
    let mut width = decimals as usize;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    text.push(b'.');
    let fraction = digits.format(fraction).as_bytes();
    text.extend(std::iter::repeat_n(b'0', width - fraction.len()));
    text.extend_from_slice(fraction);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: u64, decimals: u32) -> String {
        let mut text = Vec::new();
        decimal(&mut text, value, decimals);
        String::from_utf8(text).expect("ascii")
    }

    #[test]
    fn numbers_of_each_kind() {
        for (number, expected) in [
            (Number::Whole(u64::MAX), "18446744073709551615"),
            (Number::Signed(-20), "-20"),
            (Number::Milli(1500), "1.5"),
            (Number::Micro(2_000_001), "2.000001"),
            (Number::Nano(1), "0.000000001"),
            (Number::Infinite, "+Inf"),
        ] {
            let mut text = Vec::new();
            number.write(&mut text);
            assert_eq!(String::from_utf8(text).expect("ascii"), expected);
        }
    }

    #[test]
    fn exact_and_short() {
        for (value, decimals, expected) in [
            (0, 0, "0"),
            (0, 9, "0"),
            (12_340_000_000, 9, "12.34"),
            (10_000_000, 9, "0.01"),
            (1, 9, "0.000000001"),
            (1_732_363_531_055, 3, "1732363531.055"),
            (u64::MAX, 0, "18446744073709551615"),
            (u64::MAX, 9, "18446744073.709551615"),
        ] {
            assert_eq!(text(value, decimals), expected);
        }
    }

    proptest! {
        #[test]
        fn reads_back_as_the_nearest_double(value in 0_u64..1 << 53) {
            let read: f64 = text(value, 9).parse().expect("number");
            prop_assert!((read - value as f64 / 1e9).abs() <= read.abs() * f64::EPSILON);
        }
    }
}
