//! Numbers and timestamps as Go's `strconv` and the formats spell them.

use std::borrow::Cow;

/// What is wrong with a number.
pub(crate) type Problem = Cow<'static, str>;

/// A sample value: decimal with an optional exponent, or `Inf`, `Infinity` (with a sign) and `NaN` (without) in any
/// case. Hexadecimal floats and underscores, which Go knows too, are in neither format.
#[inline]
pub(crate) fn value(token: &[u8]) -> Result<f64, Problem> {
    match fast_float2::parse::<f64, _>(token) {
        Ok(value) if value.is_finite() => Ok(value),
        _ => unusual_value(token),
    }
}

/// What is not a finite decimal number.
#[cold]
fn unusual_value(token: &[u8]) -> Result<f64, Problem> {
    let (negative, unsigned) = match token {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, token),
    };
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        return Ok(if negative { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    if token.eq_ignore_ascii_case(b"nan") {
        return Ok(f64::NAN);
    }
    let shown = crate::error::excerpt(token);
    Err(if token.is_empty() {
        "a number is missing".into()
    } else if token.ends_with(b"\r") {
        "the line ends with a carriage return; lines end with \\n alone".into()
    } else if fast_float2::parse::<f64, _>(token).is_ok_and(f64::is_infinite) {
        format!("`{shown}` is too big for a 64-bit float").into()
    } else if unsigned.starts_with(b"0x") || unsigned.starts_with(b"0X") {
        format!("`{shown}` is not a number: hexadecimal is not allowed").into()
    } else {
        format!("`{shown}` is not a number").into()
    })
}

/// A timestamp of the text format: whole milliseconds since 1970.
pub(crate) fn milliseconds(token: &[u8]) -> Result<i64, Problem> {
    std::str::from_utf8(token).ok().and_then(|t| t.parse().ok()).ok_or_else(|| {
        if token.ends_with(b"\r") {
            return "the line ends with a carriage return; lines end with \\n alone".into();
        }
        format!("`{}` is not a timestamp, which is a whole number of milliseconds", crate::error::excerpt(token)).into()
    })
}

/// A timestamp of OpenMetrics, seconds since 1970, as milliseconds. Digits past the third behind the point are cut off
/// as in Prometheus, but decimally: no binary rounding turns 0.007 into 6 ms. What 64 bits do not hold becomes the
/// smallest or greatest number, for the reader to refuse as too far away.
pub(crate) fn seconds_as_ms(token: &[u8]) -> Result<i64, Problem> {
    if !value(token)?.is_finite() {
        return Err(format!("`{}` is not a timestamp", crate::error::excerpt(token)).into());
    }
    let decimal = Decimal::of(token);
    // A zero may have any exponent; the loop below ends soon because the number is finite.
    if decimal.is_zero() {
        return Ok(0);
    }
    let mut ms = 0u64;
    for place in decimal.first..decimal.point + 3 {
        ms = decimal.digit(place).and_then(|digit| ms.checked_mul(10)?.checked_add(digit)).unwrap_or(u64::MAX);
        if ms == u64::MAX {
            break;
        }
    }
    Ok(if decimal.negative { 0i64.saturating_sub_unsigned(ms) } else { i64::try_from(ms).unwrap_or(i64::MAX) })
}

/// Compares two timestamps of OpenMetrics without rounding them to milliseconds. Both have passed [`seconds_as_ms`].
pub(crate) fn compare_seconds(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    let (a, b) = (Decimal::of(a), Decimal::of(b));
    let sign = |d: &Decimal<'_>| {
        if d.is_zero() {
            0
        } else if d.negative {
            -1
        } else {
            1
        }
    };
    let by_size = || {
        (a.point - a.first).cmp(&(b.point - b.first)).then_with(|| {
            let count = a.digits().max(b.digits());
            (0..count)
                .map(|i| a.digit(a.first + i).cmp(&b.digit(b.first + i)))
                .find(|o| o.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        })
    };
    sign(&a).cmp(&sign(&b)).then_with(|| match sign(&a) {
        0 => std::cmp::Ordering::Equal,
        1 => by_size(),
        _ => by_size().reverse(),
    })
}

/// A decimal number taken apart: its digits without the point, and how many of them stand before it once the exponent
/// has been applied.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    point: i64,
    /// The place of the first digit that is not 0.
    first: i64,
}

impl<'a> Decimal<'a> {
    fn of(token: &'a [u8]) -> Self {
        let (negative, unsigned) = match token {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, token),
        };
        let (mantissa, exponent) = match unsigned.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(i) => (&unsigned[..i], &unsigned[i + 1..]),
            None => (unsigned, &b""[..]),
        };
        let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
            Some(i) => (&mantissa[..i], &mantissa[i + 1..]),
            None => (mantissa, &b""[..]),
        };
        let all = whole.iter().chain(fraction);
        let first = all.clone().position(|&b| b != b'0').unwrap_or(whole.len() + fraction.len());
        Decimal { negative, whole, fraction, point: whole.len() as i64 + exponent_of(exponent), first: first as i64 }
    }

    fn digits(&self) -> i64 {
        (self.whole.len() + self.fraction.len()) as i64
    }

    fn is_zero(&self) -> bool {
        self.first == self.digits()
    }

    /// The digit at a place, 0 behind the last.
    fn digit(&self, place: i64) -> Option<u64> {
        let place = usize::try_from(place).ok()?;
        let digit = self.whole.get(place).or_else(|| self.fraction.get(place - self.whole.len().min(place)));
        Some(digit.map_or(0, |b| u64::from(b.wrapping_sub(b'0'))))
    }
}

/// The exponent of a finite number, capped: no body is so long that more would matter.
fn exponent_of(text: &[u8]) -> i64 {
    const MOST: i64 = 1 << 40;
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let size = digits.iter().fold(0i64, |n, b| (n * 10 + i64::from(b.wrapping_sub(b'0'))).min(MOST));
    if negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_values() {
        for (token, expected) in [
            ("0", 0.0),
            ("-0", -0.0),
            ("1", 1.0),
            ("+1", 1.0),
            ("0042", 42.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1.89e-7", 1.89e-7),
            ("1E+06", 1e6),
            ("9223372036854775808", 9223372036854775808.0),
            ("0.013300656000000001", 0.013300656000000001),
            ("1.7976931348623157e308", f64::MAX),
            ("5e-324", 5e-324),
            ("1e-999", 0.0),
            ("+Inf", f64::INFINITY),
            ("-Inf", f64::NEG_INFINITY),
            ("inf", f64::INFINITY),
            ("INFINITY", f64::INFINITY),
        ] {
            assert_eq!(value(token.as_bytes()).map(f64::to_bits), Ok(expected.to_bits()), "{token}");
        }
        for nan in ["NaN", "nan", "NAN"] {
            assert_eq!(value(nan.as_bytes()).map(f64::to_bits), Ok(f64::NAN.to_bits()), "{nan}");
        }
    }

    #[test]
    fn refuses_what_go_alone_or_nobody_reads() {
        for (token, message) in [
            ("", "a number is missing"),
            ("true", "`true` is not a number"),
            ("1_2", "`1_2` is not a number"),
            ("0x1p-3", "`0x1p-3` is not a number: hexadecimal is not allowed"),
            ("-0X1", "`-0X1` is not a number: hexadecimal is not allowed"),
            ("0b1", "`0b1` is not a number"),
            ("1e", "`1e` is not a number"),
            ("1e+", "`1e+` is not a number"),
            (".", "`.` is not a number"),
            ("-", "`-` is not a number"),
            ("--1", "`--1` is not a number"),
            ("1.1.1", "`1.1.1` is not a number"),
            ("+NaN", "`+NaN` is not a number"),
            ("-nan", "`-nan` is not a number"),
            ("infi", "`infi` is not a number"),
            ("1e999", "`1e999` is too big for a 64-bit float"),
            ("-1e999", "`-1e999` is too big for a 64-bit float"),
            ("1\r", "the line ends with a carriage return; lines end with \\n alone"),
        ] {
            assert_eq!(value(token.as_bytes()), Err(message.into()), "{token}");
        }
    }

    #[test]
    fn reads_seconds() {
        for (token, ms) in [
            ("0", 0),
            ("000", 0),
            ("-0.0", 0),
            ("1.1", 1100),
            ("1520879607.789", 1_520_879_607_789),
            ("1.520430000123e+09", 1_520_430_000_123),
            ("1.5e3", 1_500_000),
            ("0.007", 7),
            ("1.9999", 1999),
            ("-1.9999", -1999),
            ("-0.001", -1),
            ("1e-3", 1),
            ("12345e-4", 1234),
            ("1e-300", 0),
            ("0e300", 0),
            ("0e99999999999999999999", 0),
            (".5", 500),
            ("5.", 5000),
            ("9223372036854775.807", i64::MAX),
            ("-9223372036854775.808", i64::MIN),
            ("12345678901234567890.1234567890", i64::MAX),
            ("-1e300", i64::MIN),
            ("1e-99999999999999999999", 0),
        ] {
            assert_eq!(seconds_as_ms(token.as_bytes()), Ok(ms), "{token}");
        }
        for token in ["NaN", "Inf", "-Inf", "z", "1z", "1_2", "", "0x1p-3"] {
            assert!(seconds_as_ms(token.as_bytes()).is_err(), "{token}");
        }
    }

    #[test]
    fn reads_milliseconds() {
        for (token, ms) in
            [("0", 0), ("-1", -1), ("1520879607789", 1_520_879_607_789), ("9223372036854775807", i64::MAX)]
        {
            assert_eq!(milliseconds(token.as_bytes()), Ok(ms), "{token}");
        }
        for token in ["", "1.5", "1e3", "NaN", "9223372036854775808", "1_0", "1\r"] {
            assert!(milliseconds(token.as_bytes()).is_err(), "{token}");
        }
    }

    proptest! {
        #[test]
        fn seconds_are_exact_to_the_millisecond(ms in any::<i64>()) {
            let size = ms.unsigned_abs();
            let text = format!("{}{}.{:03}", if ms < 0 { "-" } else { "" }, size / 1000, size % 1000);
            prop_assert_eq!(seconds_as_ms(text.as_bytes()), Ok(ms));
        }

        #[test]
        fn compares_as_numbers_do(a in -1_000_000i32..1_000_000, b in -1_000_000i32..1_000_000, pad in 0usize..3) {
            let text = |n: i32| format!("{}{}{}e-{pad}", if n < 0 { "-" } else { "" }, "0".repeat(pad), n.unsigned_abs());
            prop_assert_eq!(compare_seconds(text(a).as_bytes(), text(b).as_bytes()), a.cmp(&b));
            prop_assert_eq!(compare_seconds(text(a).as_bytes(), format!("{:.6}", f64::from(b) / f64::from(10i32.pow(pad as u32))).as_bytes()), a.cmp(&b));
        }
    }
}
