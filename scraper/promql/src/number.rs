//! Numbers as text, as Go prints them: always the shortest digits that give the same number back.

/// Appends a sample's value as Prometheus prints it in JSON (`util/jsonutil`): an exponent only below 1e-6 and from
/// 1e21 on, as in ECMAScript; `NaN`, `+Inf`, `-Inf`.
pub fn write_value(out: &mut Vec<u8>, value: f64) {
    write(out, value, 1e-6);
}

/// Appends a scalar result's value as Prometheus prints it, and a value as `count_values` makes a label of it: like
/// [`write_value`], but never with an exponent.
pub fn write_scalar(out: &mut Vec<u8>, value: f64) {
    match parts(value) {
        Parts::Said(text) => out.extend_from_slice(text),
        Parts::Whole(digits) => whole(out, value, digits),
        Parts::Any => with_digits(value, |digits, point| without_exponent(out, digits, point)),
    }
}

/// A sample's value as [`write_value`] appends it.
pub fn format_value(value: f64) -> String {
    text(|out| write_value(out, value))
}

/// A number as [`write_scalar`] appends it.
pub fn format_scalar(value: f64) -> String {
    text(|out| write_scalar(out, value))
}

/// A number in a message, as Go's `%g` prints it: an exponent below 1e-4 and from 1e21 on.
pub(crate) fn format_short(value: f64) -> String {
    text(|out| write(out, value, 1e-4))
}

fn text(append: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    append(&mut out);
    // All that is appended is ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// What there is to do for a number.
enum Parts {
    /// Its text is known.
    Said(&'static [u8]),
    /// A whole number, whose own digits are its shortest (without its sign).
    Whole(u64),
    Any,
}

fn parts(value: f64) -> Parts {
    if value.is_nan() {
        Parts::Said(b"NaN")
    } else if value.is_infinite() {
        Parts::Said(if value > 0.0 { b"+Inf" } else { b"-Inf" })
    } else if value.abs() < 9_007_199_254_740_992.0 && value.trunc() == value {
        // Most samples are whole.
        Parts::Whole(value.abs() as u64)
    } else {
        Parts::Any
    }
}

fn write(out: &mut Vec<u8>, value: f64, least_without_exponent: f64) {
    match parts(value) {
        Parts::Said(text) => out.extend_from_slice(text),
        Parts::Whole(digits) => whole(out, value, digits),
        Parts::Any if (least_without_exponent..1e21).contains(&value.abs()) => {
            let mut buffer = zmij::Buffer::new();
            let text = buffer.format_finite(value);
            match text.as_bytes() {
                // As it is, in all but the rarest sizes.
                plain if !plain.contains(&b'e') => {
                    out.extend_from_slice(plain.strip_suffix(b".0").unwrap_or(plain));
                }
                _ => with_digits(value, |digits, point| without_exponent(out, digits, point)),
            }
        }
        Parts::Any => with_digits(value, |digits, point| with_exponent(out, digits, point)),
    }
}

fn whole(out: &mut Vec<u8>, value: f64, digits: u64) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(digits).as_bytes());
}

/// Hands over the sign and digits of a number, without zeros at the end, and how many of them stand before the point
/// (less than none where zeros follow it).
fn with_digits(value: f64, f: impl FnOnce((bool, &[u8]), i32)) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = [0; 40];
    let mut length = 0;
    for digit in before.bytes().chain(behind.bytes()).take(digits.len()) {
        digits[length] = digit;
        length += 1;
    }
    let zeros = digits[..length].iter().take_while(|d| **d == b'0').count();
    let end = digits[..length].iter().rposition(|d| *d != b'0').map_or(zeros, |last| last + 1);
    let point = before.len() as i32 - zeros as i32 + exponent.parse::<i32>().unwrap_or(0);
    f((value.is_sign_negative(), &digits[zeros..end]), point);
}

fn without_exponent(out: &mut Vec<u8>, (negative, digits): (bool, &[u8]), point: i32) {
    if negative {
        out.push(b'-');
    }
    let before = usize::try_from(point).unwrap_or(0);
    if before == 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
    } else if before >= digits.len() {
        out.extend_from_slice(digits);
        out.resize(out.len() + before - digits.len(), b'0');
    } else {
        out.extend_from_slice(&digits[..before]);
        out.push(b'.');
        out.extend_from_slice(&digits[before..]);
    }
}

/// `1e+21`, `1.5e-07`: the sign always, the exponent with two digits at least.
fn with_exponent(out: &mut Vec<u8>, (negative, digits): (bool, &[u8]), point: i32) {
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[..1]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    let exponent = point - 1;
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
}

/// A float as Go's `strconv.ParseFloat` reads it in labels such as `le`: no other spellings of infinity than Go's.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    // Rust accepts the same spellings of infinities and NaN, in any case, except that Go refuses a signed NaN.
    match text.parse::<f64>() {
        Ok(v) if v.is_nan() && text.starts_with(['+', '-']) => None,
        Ok(v) => Some(v),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_as_prometheus() {
        for (value, sample, scalar) in [
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (1.0, "1", "1"),
            (0.1, "0.1", "0.1"),
            (-2.5, "-2.5", "-2.5"),
            (1e6, "1000000", "1000000"),
            (1e20, "100000000000000000000", "100000000000000000000"),
            (1e21, "1e+21", "1000000000000000000000"),
            (1.5e300, "1.5e+300", &format!("15{}", "0".repeat(299))),
            (123_456_789_012_345_680_000.0, "123456789012345680000", "123456789012345680000"),
            (9_007_199_254_740_993.0, "9007199254740992", "9007199254740992"),
            (0.000_012_5, "0.0000125", "0.0000125"),
            (1.5e-7, "1.5e-07", "0.00000015"),
            (9.5e-7, "9.5e-07", "0.00000095"),
            (-1e-6, "-0.000001", "-0.000001"),
            (1e300, "1e+300", &format!("1{}", "0".repeat(300))),
            (5e-324, "5e-324", &format!("0.{}5", "0".repeat(323))),
            (f64::NAN, "NaN", "NaN"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ] {
            assert_eq!(format_value(value), sample);
            assert_eq!(format_scalar(value), scalar);
        }
        assert_eq!(format_short(0.000_05), "5e-05");
        assert_eq!(format_short(1234.5), "1234.5");
    }

    proptest! {
        #[test]
        fn reads_back(value in any::<f64>()) {
            for text in [format_value(value), format_scalar(value), format_short(value)] {
                let back: f64 = text.parse().unwrap();
                prop_assert!(back == value || back.is_nan() && value.is_nan(), "{} {}", text, value);
            }
        }

        #[test]
        fn is_what_the_standard_library_prints(value in prop_oneof![any::<f64>(), -1e9..1e9, -1e-3..1e-3, 1e14..1e23]) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(format_scalar(value), value.to_string());
        }
    }
}
