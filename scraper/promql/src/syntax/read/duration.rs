//! Durations in a query: `5m`, `1h30m`.

use crate::duration::UNITS_MS;

/// As many seconds as fit into 2^63 nanoseconds, 292 years.
const MAX_SECONDS: f64 = 9_223_372_036.854_775;
const MAX_MS: i64 = i64::MAX / 1_000_000;

/// The seconds of a duration; where it is none, what is wrong.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let invalid = || format!("not a valid duration string: {text:?}");
    let mut total: i64 = 0;
    let mut next_unit = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let (name, after) = after.split_at(after.bytes().take_while(|b| !b.is_ascii_digit()).count());
        let number = number.parse::<i64>().map_err(|_| invalid())?;
        if name.is_empty() {
            return Err(invalid());
        }
        let unit = UNITS_MS.iter().position(|(n, _)| *n == name);
        let unit = unit.ok_or_else(|| format!("unknown unit {name:?} in duration {text:?}"))?;
        if unit < next_unit {
            return Err(invalid());
        }
        next_unit = unit + 1;
        total = number
            .checked_mul(UNITS_MS[unit].1)
            .and_then(|ms| ms.checked_add(total))
            .filter(|ms| *ms <= MAX_MS)
            .ok_or("duration out of range")?;
        rest = after;
    }
    Ok(total as f64 / 1_000.0)
}

/// Nanoseconds of seconds; `None` beyond what Prometheus can hold.
pub(super) fn nanoseconds(seconds: f64) -> Option<i64> {
    (seconds.abs() <= MAX_SECONDS).then(|| (seconds * 1e9).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_in_their_order() {
        for (text, expected) in [
            ("5m", Ok(300.0)),
            ("1h30m", Ok(5_400.0)),
            ("1y2w3d4h5m6s7ms", Ok(33_019_506.007)),
            ("5y1hs", Err("unknown unit \"hs\" in duration \"5y1hs\"")),
            ("5m1h", Err("not a valid duration string: \"5m1h\"")),
            ("5m1m", Err("not a valid duration string: \"5m1m\"")),
            ("1_0m", Err("unknown unit \"_\" in duration \"1_0m\"")),
            ("300y", Err("duration out of range")),
            ("99999999999999999d", Err("duration out of range")),
        ] {
            assert_eq!(seconds(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
