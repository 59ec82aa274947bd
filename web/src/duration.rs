//! Durations as Prometheus writes them, in flags and files of every service: `15s`, `1m30s`, `500ms`, `1d`.

use std::time::Duration;

/// The units from long to short with their milliseconds; each may stand once, in this order.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration of whole milliseconds. The error says what is expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let refuse = || format!("{text:?} is not a duration: expected a number and a unit, as in 500ms, 15s, 5m or 1h30m");
    let (mut rest, mut units, mut millis) = (text, UNITS.iter(), 0u64);
    if rest.is_empty() {
        return Err(refuse());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        let (_, factor) = units.find(|(name, _)| *name == unit).ok_or_else(refuse)?;
        let number: u64 = number.parse().map_err(|_| refuse())?;
        millis = number
            .checked_mul(*factor)
            .and_then(|part| millis.checked_add(part))
            // Prometheus's durations end where signed nanoseconds do.
            .filter(|sum| *sum <= i64::MAX as u64 / 1_000_000)
            .ok_or_else(|| format!("{text:?} is too long a duration: expected at most 292y"))?;
        rest = tail;
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration as Prometheus does: the longest units first, years and weeks only where nothing remains.
pub fn format(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (name, factor) in UNITS {
        let exact_only = matches!(name, "y" | "w");
        if rest >= factor && (!exact_only || rest.is_multiple_of(factor)) {
            out.push_str(&format!("{}{name}", rest / factor));
            rest %= factor;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_what_prometheus_does() {
        for (text, millis, written) in [
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
            ("324ms", 324, "324ms"),
            ("3s", 3_000, "3s"),
            ("5m", 300_000, "5m"),
            ("1h", 3_600_000, "1h"),
            ("4d", 345_600_000, "4d"),
            ("4d1h", 349_200_000, "4d1h"),
            ("14d", 1_209_600_000, "2w"),
            ("3w2d1h", 1_990_800_000, "23d1h"),
            ("10y", 315_360_000_000, "10y"),
            ("1m30s", 90_000, "1m30s"),
        ] {
            let duration = parse(text).unwrap();
            assert_eq!((duration.as_millis(), format(duration).as_str()), (millis, written), "{text}");
        }
    }

    #[test]
    fn refuses_what_prometheus_refuses() {
        for text in ["", "1", "-1w", "1.5d", "d", "s1", "1s1m", "1s1s", "1 s", "1S", "99999999999999999999s", "294y"] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(&format!("{text:?} is ")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millis in 0..9_000_000_000_000u64) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }
    }
}
