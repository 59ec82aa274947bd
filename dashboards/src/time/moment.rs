//! One end of a range as people write it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::ms_of;
use super::step::parse_duration_ms;

/// A moment: fixed, or counted back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Unix milliseconds.
    At(i64),
    /// Milliseconds before now; 0 is now.
    Ago(i64),
}

/// The years 1900 to 2200: what a chart may be asked for, in Unix milliseconds.
const BOUNDS_MS: std::ops::RangeInclusive<i64> = -2_208_988_800_000..=7_258_118_400_000;

impl Moment {
    /// Reads `now`, `-6h`, `now-6h`, RFC 3339, Unix seconds (with decimals), or a date or local time of `zone`
    /// (`2026-11-23`, `2026-11-23T12:30`).
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Moment, String> {
        let wrong =
            || format!("{text:?} is no time: now, -6h, 2026-11-23T12:00:00Z, 2026-11-23 12:00 or Unix seconds are");
        if text.len() > 64 {
            return Err("a time has at most 64 characters".to_owned());
        }
        let text = text.trim();
        if text == "now" {
            return Ok(Moment::Ago(0));
        }
        let ago = text.strip_prefix("now").unwrap_or(text);
        if let Some(duration) = ago.strip_prefix('-')
            && let Ok(ms) = parse_duration_ms(duration)
            && duration.ends_with(|c: char| c.is_ascii_alphabetic())
        {
            return Ok(Moment::Ago(ms));
        }
        let at = match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() => Some(ms_of(seconds)),
            Ok(_) => None,
            Err(_) => parse_calendar(text, zone),
        };
        let at = at.ok_or_else(wrong)?;
        if BOUNDS_MS.contains(&at) {
            Ok(Moment::At(at))
        } else {
            Err(format!("{text:?} is outside the years 1900 to 2200"))
        }
    }

    /// The moment in Unix milliseconds.
    pub fn resolve(self, now_ms: i64) -> i64 {
        match self {
            Moment::At(at) => at,
            Moment::Ago(ms) => now_ms.saturating_sub(ms),
        }
    }

    /// True where the moment moves on with the clock.
    pub fn is_relative(self) -> bool {
        matches!(self, Moment::Ago(_))
    }
}

fn parse_calendar(text: &str, zone: &TimeZone) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    // A query string turns the "+" of an offset into a blank.
    if text.len() > 16
        && let Some((head, tail)) = text.rsplit_once(' ')
        && tail.contains(':')
        && head.contains(['T', 't'])
        && let Ok(at) = format!("{head}+{tail}").parse::<Timestamp>()
    {
        return Some(at.as_millisecond());
    }
    let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0))).ok()?;
    zone.to_timestamp(local).ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_as_people_write_them() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (text, expected) in [
            ("now", Moment::Ago(0)),
            ("-6h", Moment::Ago(21_600_000)),
            ("now-1h30m", Moment::Ago(5_400_000)),
            ("-30d", Moment::Ago(2_592_000_000)),
            ("1700000000", Moment::At(1_700_000_000_000)),
            ("1700000000.5", Moment::At(1_700_000_000_500)),
            ("-3600", Moment::At(-3_600_000)),
            ("2026-11-23T12:00:00Z", Moment::At(1_795_435_200_000)),
            ("2026-11-23T13:00:00+01:00", Moment::At(1_795_435_200_000)),
            ("2026-11-23T13:00:00 01:00", Moment::At(1_795_435_200_000)),
            ("2026-11-23T13:00", Moment::At(1_795_435_200_000)),
            ("2026-11-23 13:00", Moment::At(1_795_435_200_000)),
            ("2026-11-23", Moment::At(1_795_388_400_000)),
        ] {
            assert_eq!(Moment::parse(text, &zone), Ok(expected), "{text}");
        }
        for text in ["", "yesterday", "-6", "-6x", "2026-13-01", "NaN", "inf", "1e30", "now+1h", "6h"] {
            if text == "-6" {
                assert_eq!(Moment::parse(text, &zone), Ok(Moment::At(-6000)));
            } else {
                assert!(Moment::parse(text, &zone).is_err(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Moment::parse(&text, &TimeZone::UTC);
        }
    }
}
