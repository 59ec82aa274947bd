//! Durations as PromQL and the HTTP API write them.

use crate::Error;

/// The units in the order in which they must stand, with their milliseconds.
pub(crate) const UNITS_MS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of `5m`, `1h30m`, `100ms`, or of a number of seconds (`1.5`), as the HTTP API takes them for `step`.
/// Zero and negative numbers of seconds are numbers too: whether they make sense is the caller's to say.
pub fn parse_duration_ms(text: &str) -> Result<i64, Error> {
    if let Ok(seconds) = text.parse::<f64>() {
        let milliseconds = seconds * 1000.0;
        // 2^53 ms is past the year 280,000; beyond it floats no longer tell milliseconds apart.
        if milliseconds.abs() < 9_007_199_254_740_992.0 {
            return Ok(milliseconds.round() as i64);
        }
        return Err(invalid(text, "it overflows the range of times"));
    }
    with_units(text)
}

fn with_units(text: &str) -> Result<i64, Error> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut next_unit = 0;
    if text.is_empty() {
        return Err(invalid(text, "it is empty"));
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_lowercase).count();
        let (name, after) = after.split_at(letters);
        let unit = UNITS_MS[next_unit..].iter().position(|(n, _)| *n == name);
        let (Some(unit), false) = (unit, number.is_empty()) else {
            return Err(invalid(
                text,
                "expected numbers with the units y, w, d, h, m, s, ms in this order, such as 1h30m",
            ));
        };
        next_unit += unit + 1;
        total = number
            .parse::<i64>()
            .ok()
            .and_then(|n| n.checked_mul(UNITS_MS[next_unit - 1].1))
            .and_then(|ms| ms.checked_add(total))
            .filter(|ms| *ms <= i64::MAX / 1_000_000)
            .ok_or_else(|| invalid(text, "it overflows the range of times"))?;
        rest = after;
    }
    Ok(total)
}

fn invalid(text: &str, why: &str) -> Error {
    Error::Parse { message: format!("cannot parse {text:?} to a valid duration: {why}"), position: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings() {
        for (text, ms) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1y2w3d4h5m6s7ms", 31_536_000_000 + 1_209_600_000 + 259_200_000 + 14_400_000 + 306_007),
            ("1.5", 1_500),
            ("15", 15_000),
            ("0", 0),
            ("0s", 0),
            ("-1", -1_000),
        ] {
            assert_eq!(parse_duration_ms(text).unwrap(), ms, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "m", "5x", "5m1h", "1m1m", "1.5m", "99999999999999999y", "NaN", "Inf", "1e300", " 5m"] {
            assert!(parse_duration_ms(text).is_err(), "{text:?}");
        }
    }
}
