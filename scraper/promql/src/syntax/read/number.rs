//! Numbers, as Go's `strconv` reads them, and the length of numbers and durations in a text.

use super::token::Kind;

/// How long the number or duration is with which a text begins (a digit, or a point before one), and which of them it
/// is. `None` where it is neither: up to there and no further it was looked at.
pub(super) fn scan(text: &[u8]) -> (usize, Option<Kind>) {
    let (length, is_number) = scan_number(text);
    if is_number {
        return (length, Some(Kind::Number));
    }
    let (length, is_duration) = scan_duration(text, length);
    (length, is_duration.then_some(Kind::Duration))
}

fn scan_number(text: &[u8]) -> (usize, bool) {
    let is = |i: usize, set: &[u8]| text.get(i).is_some_and(|b| set.contains(b));
    if is(0, b"0") && is(1, b"xXbBoO") {
        return scan_with_base(text);
    }
    let (mut i, mut point, mut exponent) = (0, false, false);
    while let Some(b) = text.get(i) {
        match b {
            b'0'..=b'9' => i += 1,
            b'.' | b'e' | b'E' | b'_' => {
                let repeats = match b {
                    b'.' => std::mem::replace(&mut point, true),
                    b'_' => false,
                    _ => std::mem::replace(&mut exponent, true),
                };
                i += 1;
                if repeats {
                    return (i, false);
                }
                let is_exponent = matches!(b, b'e' | b'E');
                if is_exponent && is(i, b"+-") {
                    i += 1;
                }
                let refused: &[u8] = if *b == b'.' { b"_." } else { b"._eE" };
                if is(i, refused) {
                    return (i + 1, false);
                }
                if *b != b'.' && i == text.len() {
                    return (i, false);
                }
            }
            _ => break,
        }
    }
    (i, !is_alphanumeric(text.get(i)))
}

/// `0x1f`, `0b11`, `0o17`, also with a binary exponent: `0x1.8p4`.
fn scan_with_base(text: &[u8]) -> (usize, bool) {
    let is_hex = matches!(text[1], b'x' | b'X');
    let mut i = 2;
    while let Some(b) = text.get(i) {
        match b {
            b'p' | b'P' if is_hex => {
                i += 1;
                if matches!(text.get(i), Some(b'+' | b'-')) {
                    i += 1;
                }
            }
            b'.' if is_hex => i += 1,
            b if b.is_ascii_hexdigit() || *b == b'_' => i += 1,
            _ => break,
        }
    }
    // A lone prefix is no number, but as Prometheus sees it, `0x` is a bad one.
    if i == 2 && !is_hex { (1, false) } else { (i, !is_alphanumeric(text.get(i))) }
}

/// Goes on where a number ended: units, and more numbers with units.
fn scan_duration(text: &[u8], number: usize) -> (usize, bool) {
    let mut i = number;
    let mut units: &[u8] = b"smhdwy";
    loop {
        if !text.get(i).is_some_and(|b| units.contains(b)) {
            return (i, false);
        }
        i += 1;
        // Of `ms`; of other units it is found later.
        if text.get(i) == Some(&b's') {
            i += 1;
        }
        if !text.get(i).is_some_and(u8::is_ascii_digit) {
            break;
        }
        i += text[i..].iter().take_while(|b| b.is_ascii_digit()).count();
        units = b"smhdw";
    }
    if is_alphanumeric(text.get(i)) { (i + 1, false) } else { (i, true) }
}

fn is_alphanumeric(b: Option<&u8>) -> bool {
    b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// The value of a number; where it has none, why.
pub(super) fn value(text: &str) -> Result<f64, &'static str> {
    const SYNTAX: &str = "invalid syntax";
    if !underscores_separate_digits(text.as_bytes()) {
        return Err(SYNTAX);
    }
    let digits = text.replace('_', "").to_ascii_lowercase();
    if let Some(hex) = digits.strip_prefix("0x") {
        return match i64::from_str_radix(hex, 16) {
            Ok(n) => Ok(n as f64),
            Err(_) => with_binary_exponent(hex).ok_or(SYNTAX),
        };
    }
    for (prefix, base) in [("0b", 2), ("0o", 8)] {
        if let Some(n) = digits.strip_prefix(prefix) {
            return i64::from_str_radix(n, base).map(|n| n as f64).map_err(|_| SYNTAX);
        }
    }
    // Octal, as in C: `010` is eight. `09` is not octal and so nine.
    if digits.len() > 1
        && digits.starts_with('0')
        && let Ok(n) = i64::from_str_radix(&digits, 8)
    {
        return Ok(n as f64);
    }
    match digits.parse::<f64>() {
        Ok(v) if v.is_infinite() && digits != "inf" => Err("value out of range"),
        Ok(v) => Ok(v),
        Err(_) => Err(SYNTAX),
    }
}

/// An underscore stands between two digits, or between a prefix such as `0x` and a digit.
fn underscores_separate_digits(text: &[u8]) -> bool {
    let has_prefix = matches!(text, [b'0', b'x' | b'X' | b'b' | b'B' | b'o' | b'O', ..]);
    let is_digit = |b: &u8| if has_prefix { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
    text.iter().enumerate().filter(|(_, b)| **b == b'_').all(|(i, _)| {
        let before = i.checked_sub(1).and_then(|i| text.get(i));
        (before.is_some_and(is_digit) || (has_prefix && i == 2)) && text.get(i + 1).is_some_and(is_digit)
    })
}

/// `1.8p4` after `0x`: hexadecimal digits times a power of two.
fn with_binary_exponent(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let mut exponent = exponent.parse::<i32>().ok()?.clamp(-100_000, 100_000);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // 60 bits hold more than a float; what is cut off still decides how a tie is rounded.
    let mut bits: u64 = 0;
    for (i, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16)?);
        let is_fraction = i >= whole.len();
        if bits >> 56 == 0 {
            bits = bits << 4 | digit;
            exponent -= if is_fraction { 4 } else { 0 };
        } else {
            bits |= u64::from(digit != 0);
            exponent += if is_fraction { 0 } else { 4 };
        }
    }
    let mut value = bits as f64;
    // In steps, since 2 to the exponent may itself be no float.
    while exponent != 0 && value != 0.0 && value.is_finite() {
        let step = exponent.clamp(-1_000, 1_000);
        value *= 2f64.powi(step);
        exponent -= step;
    }
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_spellings() {
        for (text, expected) in [
            ("1", 1.0),
            ("2.", 2.0),
            (".5", 0.5),
            ("5e-3", 0.005),
            ("1E6", 1e6),
            ("1_000", 1_000.0),
            ("1_000.5_5", 1_000.55),
            ("0x1F", 31.0),
            ("0x_1_f", 31.0),
            ("0xee", 238.0),
            ("0b1_1", 3.0),
            ("0o17", 15.0),
            ("0755", 493.0),
            ("089", 89.0),
            ("0x1p4", 16.0),
            ("0x1.8p-1", 0.75),
            ("0x_1FFFP-16", 0.124_984_741_210_937_5),
            ("0x1fffffffffffff8p0", 2f64.powi(57)),
            ("0x1p-1074", 5e-324),
            ("99999999999999999999", 1e20),
        ] {
            assert_eq!(scan(text.as_bytes()), (text.len(), Some(Kind::Number)), "{text}");
            assert_eq!(value(text), Ok(expected), "{text}");
        }
        for text in ["Inf", "inf"] {
            assert_eq!(value(text), Ok(f64::INFINITY));
        }
        assert!(value("NaN").unwrap().is_nan());
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["1_+", "0x_", "0b12", "0xfffffffffffffffff", "0x1.8", "0x1p", "0x1p99999"] {
            assert_eq!(value(text), Err("invalid syntax"), "{text}");
        }
        assert_eq!(value("1e999"), Err("value out of range"));
    }

    #[test]
    fn looks_as_far_as_something_fits() {
        for (text, expected) in [
            ("5m", (2, Some(Kind::Duration))),
            ("1h30m)", (5, Some(Kind::Duration))),
            ("5y1hs]", (5, Some(Kind::Duration))),
            ("100ms", (5, Some(Kind::Duration))),
            ("1e5", (3, Some(Kind::Number))),
            ("2.5.", (4, None)),
            ("100..4", (5, None)),
            ("0deadbeef", (3, None)),
            ("5mm]", (3, None)),
            ("5m1]", (3, None)),
            ("1x", (1, None)),
            ("1_", (2, None)),
            ("1e", (2, None)),
            ("1e+_1", (4, None)),
            ("0x", (2, Some(Kind::Number))),
            ("0xg", (2, None)),
            ("0b", (1, None)),
        ] {
            assert_eq!(scan(text.as_bytes()), expected, "{text}");
        }
    }
}
