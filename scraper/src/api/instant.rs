//! Points in time and lengths of time as the API's parameters write them.

use procession_promql::parse_duration_ms;

/// `start` where a request names none: Prometheus's `MinTime` as milliseconds.
pub(crate) const MIN_TIME_MS: i64 = (i64::MIN / 1000 + 62_135_596_801) * 1000;
/// `end` where a request names none: Prometheus's `MaxTime` as milliseconds.
pub(crate) const MAX_TIME_MS: i64 = (i64::MAX / 1000 - 62_135_596_801) * 1000 + 999;

/// Milliseconds since the Unix epoch from Unix seconds (`1435781451.781`) or RFC 3339 (`2015-07-01T20:10:51.781Z`).
/// Prometheus's own smallest and largest times, whose years have more than four digits, are read as well: clients send
/// them back.
pub(crate) fn parse_time(text: &str) -> Result<i64, String> {
    if let Some(seconds) = parse_float(text) {
        let (whole, fraction) = (seconds.trunc(), seconds.fract());
        // Rounded to milliseconds as a fraction: a large number of seconds leaves it few exact bits.
        return Ok((whole as i64).saturating_mul(1000).saturating_add((fraction * 1000.0).round() as i64));
    }
    if let Ok(t) = text.parse::<jiff::Timestamp>() {
        return Ok(t.as_millisecond() - i64::from(t.as_nanosecond() < 0 && t.as_nanosecond() % 1_000_000 != 0));
    }
    match text {
        "-292273086-05-16T16:47:06Z" => Ok(MIN_TIME_MS),
        "292277025-08-18T07:12:54.999999999Z" => Ok(MAX_TIME_MS),
        _ => Err(format!("cannot parse {text:?} to a valid timestamp")),
    }
}

/// A length of time in nanoseconds (the unit in which Prometheus compares `step` with the range) from seconds (`15`,
/// `0.5`) or PromQL's durations (`1h30m`). May be negative or zero where it is given in seconds.
pub(crate) fn parse_duration_ns(text: &str) -> Result<i64, String> {
    if let Some(seconds) = parse_float(text) {
        let ns = seconds * 1e9;
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&ns) {
            return Err(format!("cannot parse {text:?} to a valid duration. It overflows int64"));
        }
        return Ok(ns as i64);
    }
    parse_duration_ms(text)
        .ok()
        .and_then(|ms| ms.checked_mul(1_000_000))
        .ok_or_else(|| format!("cannot parse {text:?} to a valid duration"))
}

/// A finite number. `NaN` and `Inf` are refused: they are no time.
fn parse_float(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_spellings_of_a_moment_read_back(ms in -60_000_000_000_000i64..200_000_000_000_000) {
            let text = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
            prop_assert_eq!(parse_time(&text), Ok(ms));
            let mut seconds = Vec::new();
            super::super::json::timestamp(&mut seconds, ms);
            // What the API prints, it reads back.
            prop_assert_eq!(parse_time(std::str::from_utf8(&seconds).unwrap()), Ok(ms));
        }

        #[test]
        fn any_text_is_a_time_or_an_error(text in "[-+0-9.eE:TZinfaym ]{0,24}|\\PC{0,12}") {
            let _ = parse_time(&text);
            let _ = parse_duration_ns(&text);
        }
    }

    #[test]
    fn times() {
        for (text, want) in [
            ("0", 0),
            ("1435781451.781", 1_435_781_451_781),
            ("1.4357814517814e9", 1_435_781_451_781),
            ("-1.5", -1500),
            ("0.0004", 0),
            ("2015-07-01T20:10:51.781Z", 1_435_781_451_781),
            ("2015-07-01T22:10:51.781+02:00", 1_435_781_451_781),
            ("1969-12-31T23:59:59.9995Z", -1),
            ("-292273086-05-16T16:47:06Z", MIN_TIME_MS),
            ("292277025-08-18T07:12:54.999999999Z", MAX_TIME_MS),
            ("1e300", i64::MAX),
        ] {
            assert_eq!(parse_time(text), Ok(want), "{text}");
        }
        for text in ["", "now", "2015-06-03T13:21:58.555", "NaN", "Inf", "12 13", "2015-13-01T00:00:00Z", "5m"] {
            assert_eq!(parse_time(text), Err(format!("cannot parse {text:?} to a valid timestamp")));
        }
    }

    #[test]
    fn limits_are_those_of_prometheus() {
        // `time.Unix(math.MinInt64/1000+62135596801, 0)` and its counterpart.
        assert_eq!((MIN_TIME_MS, MAX_TIME_MS), (-9_223_309_901_257_974_000, 9_223_309_901_257_974_999));
    }

    #[test]
    fn durations() {
        for (text, want) in [
            ("15", 15_000_000_000),
            ("0.5", 500_000_000),
            ("-1", -1_000_000_000),
            ("0", 0),
            ("1h30m", 5_400_000_000_000),
            ("250ms", 250_000_000),
            ("1e-9", 1),
        ] {
            assert_eq!(parse_duration_ns(text), Ok(want), "{text}");
        }
        for text in ["", "5 m", "m", "1x", "1m1h", "NaN", "-5m"] {
            assert_eq!(parse_duration_ns(text), Err(format!("cannot parse {text:?} to a valid duration")));
        }
        assert_eq!(
            parse_duration_ns("148966367200.372"),
            Err("cannot parse \"148966367200.372\" to a valid duration. It overflows int64".to_owned())
        );
    }
}
