//! Parts of a date, in UTC, of seconds since the Unix epoch. Proleptic Gregorian calendar, as Go's `time` has it.

const DAY_SECONDS: i64 = 86_400;

/// The function of a name, if it is one of these.
pub(crate) fn of_time(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "minute" => |t| (seconds(t).rem_euclid(3_600) / 60) as f64,
        "hour" => |t| (seconds(t).rem_euclid(DAY_SECONDS.into()) / 3_600) as f64,
        // The epoch was a Thursday; Sunday is 0.
        "day_of_week" => |t| (days(t) + 4).rem_euclid(7) as f64,
        "day_of_month" => |t| date(days(t)).day as f64,
        "day_of_year" => |t| day_of_year(days(t)) as f64,
        "days_in_month" => |t| days_in_month(days(t)) as f64,
        "month" => |t| date(days(t)).month as f64,
        "year" => |t| date(days(t)).year as f64,
        _ => return None,
    })
}

/// Fractions are cut off. What is beyond 64 bits, and NaN, becomes what it does on the processors that Prometheus mostly
/// runs on, the least number; and Go's calendar begins in the year -292277022399, before which its end comes.
fn seconds(t: f64) -> i128 {
    const CALENDAR_BEGINS: i128 = -9_223_372_028_715_321_600;
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&t);
    let seconds = i128::from(if fits { t as i64 } else { i64::MIN });
    if seconds < CALENDAR_BEGINS { seconds + (1 << 64) } else { seconds }
}

fn days(t: f64) -> i64 {
    // 64 bits of seconds are far fewer days.
    seconds(t).div_euclid(DAY_SECONDS.into()) as i64
}

struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// Howard Hinnant's `civil_from_days`: eras of 400 years that begin in March, so that leap days come last.
fn date(days: i64) -> Date {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    Date { year: era * 400 + year_of_era + i64::from(month <= 2), month, day }
}

/// `2006-01-02T15:04:05Z` of milliseconds since the epoch.
pub(crate) fn rfc_3339(ms: i64) -> String {
    let seconds = ms.div_euclid(1_000);
    let date = date(seconds.div_euclid(DAY_SECONDS));
    let of_day = seconds.rem_euclid(DAY_SECONDS);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", date.year, date.month, date.day)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_lengths(year: i64) -> [i64; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

fn days_in_month(days: i64) -> i64 {
    let date = date(days);
    month_lengths(date.year)[date.month as usize - 1]
}

fn day_of_year(days: i64) -> i64 {
    let date = date(days);
    month_lengths(date.year)[..date.month as usize - 1].iter().sum::<i64>() + date.day
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(t: f64, expected: [f64; 8]) {
        let names = ["year", "month", "day_of_month", "day_of_year", "days_in_month", "day_of_week", "hour", "minute"];
        assert_eq!(names.map(|n| of_time(n).unwrap()(t)), expected, "{t}");
    }

    #[test]
    fn known_dates() {
        assert_eq!(rfc_3339(1_456_790_399_999), "2016-02-29T23:59:59Z");
        check(0.0, [1970.0, 1.0, 1.0, 1.0, 31.0, 4.0, 0.0, 0.0]);
        check(-1.0, [1969.0, 12.0, 31.0, 365.0, 31.0, 3.0, 23.0, 59.0]);
        check(1_456_790_399.5, [2016.0, 2.0, 29.0, 60.0, 29.0, 1.0, 23.0, 59.0]);
        check(4_107_542_400.0, [2100.0, 3.0, 1.0, 60.0, 31.0, 1.0, 0.0, 0.0]);
        check(951_782_400.0, [2000.0, 2.0, 29.0, 60.0, 29.0, 2.0, 0.0, 0.0]);
        for extreme in [f64::MAX, f64::MIN, f64::NAN, f64::INFINITY] {
            check(extreme, [292_277_026_596.0, 12.0, 4.0, 339.0, 31.0, 0.0, 15.0, 30.0]);
        }
    }
}
