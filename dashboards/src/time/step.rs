//! Durations, and the step between the points of a chart.

/// Steps between points: each divides the next larger unit of the clock.
const STEPS_S: [i64; 24] = [
    1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200,
    86_400, 172_800, 604_800,
];

/// The step for a span of `length_ms` drawn `width` px wide: about one point for one and a half px, and not below
/// `least_ms`.
pub fn step_for(length_ms: i64, width: f64, least_ms: i64) -> i64 {
    let rough = length_ms as f64 / (width.max(10.0) / 1.5);
    STEPS_S
        .iter()
        .map(|seconds| seconds * 1000)
        .find(|step| *step as f64 >= rough && *step >= least_ms)
        .unwrap_or_else(|| (rough.max(least_ms as f64) as i64 / 86_400_000 + 1) * 86_400_000)
}

/// Reads a duration as PromQL writes it (`90s`, `5m`, `1h30m`, `1d`) or plain seconds (`15`, `0.5`), in milliseconds.
pub fn parse_duration_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no duration: 30s, 5m, 1h30m, 7d and plain seconds are");
    if text.is_empty() || text.len() > 32 || !text.is_ascii() {
        return Err(wrong());
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let seconds: f64 = text.parse().map_err(|_| wrong())?;
        return bounded(seconds * 1000.0).ok_or_else(wrong);
    }
    let duration = procession_web::duration::parse(text).map_err(|_| wrong())?;
    bounded(duration.as_millis() as f64).ok_or_else(wrong)
}

/// At most a hundred years.
fn bounded(ms: f64) -> Option<i64> {
    (ms.is_finite() && (0.0..=3.1536e12).contains(&ms)).then_some(ms.round() as i64)
}

/// A duration as PromQL reads it: `90s` -> `1m30s`.
pub fn duration_text(ms: i64) -> String {
    let mut rest = ms.max(0);
    let mut out = String::new();
    for (unit, letters) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] {
        if rest >= unit {
            out.push_str(&format!("{}{letters}", rest / unit));
            rest %= unit;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, expected) in
            [("15", 15_000), ("0.5", 500), ("5m", 300_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("250ms", 250)]
        {
            assert_eq!(parse_duration_ms(text), Ok(expected), "{text}");
        }
        for text in ["", "m", "5", "5x", "5m5m", "1m1h", "-5m", "5 m", "1.5h", "999999y", "1e3", "."] {
            assert!(text == "5" || parse_duration_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn steps_fit_the_width() {
        const HOUR: i64 = 3_600_000;
        for (length, width, least, expected) in [
            (HOUR, 800.0, 5_000, 10_000),
            (HOUR, 800.0, 15_000, 15_000),
            (24 * HOUR, 800.0, 5_000, 180_000),
            (30 * 24 * HOUR, 800.0, 5_000, 7_200_000),
            (3650 * 24 * HOUR, 100.0, 5_000, 55 * 86_400_000),
        ] {
            assert_eq!(step_for(length, width, least), expected, "{length} {width}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 1i64..100_000_000_000) {
            prop_assert_eq!(parse_duration_ms(&duration_text(ms)), Ok(ms));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = parse_duration_ms(&text);
        }
    }
}
