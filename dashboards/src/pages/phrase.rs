//! Times and counts in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How long something lasts, in its two largest units: `42 s`, `5 min`, `3 h 20 min`, `6 d 2 h`.
pub(super) fn lasting(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 if minutes % 60 == 0 || hours >= 10 => format!("{hours} h"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ if hours % 24 == 0 || days >= 10 => format!("{days} d"),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// `1 host`, `2 hosts`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A name that can be seen, and followed where it is a link.
pub(super) fn named(name: &str) -> &str {
    if name.trim().is_empty() { "(unnamed)" } else { name }
}

/// A moment by the clock of `zone`, with its date where that is not the date of `now_ms`.
pub(super) fn clock(at_ms: i64, now_ms: i64, zone: &TimeZone) -> String {
    let local = |ms: i64| Timestamp::from_millisecond(ms).map(|at| zone.to_datetime(at));
    match (local(at_ms), local(now_ms)) {
        (Ok(at), Ok(now)) if at.date() == now.date() => at.strftime("%H:%M:%S").to_string(),
        (Ok(at), _) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_by_the_clock() {
        let now = 1_795_435_200_000;
        assert_eq!(clock(now - 1000, now, &TimeZone::UTC), "11:59:59");
        assert_eq!(clock(now - 86_400_000, now, &TimeZone::UTC), "2026-11-22 12:00:00");
        assert_eq!(clock(i64::MAX, now, &TimeZone::UTC), "");
        assert_eq!((named(" \n"), named("a")), ("(unnamed)", "a"));
    }

    #[test]
    fn durations_in_words() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min"),
            (3_600, "1 h"),
            (12_000, "3 h 20 min"),
            (40_000, "11 h"),
            (90_000, "1 d 1 h"),
            (86_400 * 12 + 4000, "12 d"),
        ] {
            assert_eq!(lasting(seconds * 1000), expected);
        }
        assert_eq!(counted(1, "host"), "1 host");
        assert_eq!(counted(0, "host"), "0 hosts");
    }
}
