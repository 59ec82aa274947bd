//! Ticks of the time axis: on the clock and calendar of a time zone, across its daylight-saving changes.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// One tick of a time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeTick {
    /// When, in Unix milliseconds.
    pub(crate) at_ms: i64,
    /// What it says: a time of day, or a date where a new day, month or year begins.
    pub(crate) label: String,
    /// True where the label names a larger unit than its neighbours (a day among hours, a year among months).
    pub(crate) major: bool,
}

/// The distance between ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Seconds(i64),
    Days(i64),
    Weeks,
    Months(i16),
    Years(i16),
}

/// Steps that people count in, with about how long each is in seconds and how wide its labels are in characters.
const STEPS: [(Step, f64, f64); 29] = [
    (Step::Seconds(1), 1.0, 8.0),
    (Step::Seconds(5), 5.0, 8.0),
    (Step::Seconds(15), 15.0, 8.0),
    (Step::Seconds(30), 30.0, 8.0),
    (Step::Seconds(60), 60.0, 5.5),
    (Step::Seconds(120), 120.0, 5.5),
    (Step::Seconds(300), 300.0, 5.5),
    (Step::Seconds(600), 600.0, 5.5),
    (Step::Seconds(900), 900.0, 5.5),
    (Step::Seconds(1800), 1800.0, 5.5),
    (Step::Seconds(3600), 3600.0, 5.5),
    (Step::Seconds(7200), 7200.0, 5.5),
    (Step::Seconds(10_800), 10_800.0, 5.5),
    (Step::Seconds(21_600), 21_600.0, 5.5),
    (Step::Seconds(43_200), 43_200.0, 5.5),
    (Step::Days(1), 86_400.0, 6.0),
    (Step::Days(2), 172_800.0, 6.0),
    (Step::Weeks, 604_800.0, 6.0),
    (Step::Months(1), 2_629_800.0, 4.5),
    (Step::Months(3), 7_889_400.0, 4.5),
    (Step::Months(6), 15_778_800.0, 4.5),
    (Step::Years(1), 31_557_600.0, 4.5),
    (Step::Years(2), 63_115_200.0, 4.5),
    (Step::Years(5), 157_788_000.0, 4.5),
    (Step::Years(10), 315_576_000.0, 4.5),
    (Step::Years(20), 631_152_000.0, 4.5),
    (Step::Years(50), 1_577_880_000.0, 4.5),
    (Step::Years(100), 3_155_760_000.0, 4.5),
    (Step::Years(1000), 31_557_600_000.0, 5.5),
];

/// No axis has more ticks than this, whatever its width.
const MOST_TICKS: usize = 200;

/// The ticks from `start_ms` to `end_ms` on an axis of `width` px whose digits are `digit` px wide.
pub(crate) fn time_ticks(start_ms: i64, end_ms: i64, width: f64, digit: f64, zone: &TimeZone) -> Vec<TimeTick> {
    let seconds = (end_ms.saturating_sub(start_ms)) as f64 / 1000.0;
    if seconds <= 0.0 || width <= 0.0 {
        return Vec::new();
    }
    let step = STEPS
        .iter()
        .find(|(_, length, chars)| length / seconds * width >= (chars + 3.2) * digit)
        .map_or(Step::Years(1000), |(step, ..)| *step);
    let mut ticks = Vec::new();
    let mut push = |at: Timestamp| {
        let at_ms = at.as_millisecond();
        if at_ms > end_ms || ticks.len() >= MOST_TICKS {
            return false;
        }
        if at_ms >= start_ms && ticks.last().is_none_or(|last: &TimeTick| last.at_ms < at_ms) {
            ticks.push(tick(at, step, zone));
        }
        true
    };
    let Ok(start) = Timestamp::from_millisecond(start_ms) else { return Vec::new() };
    match step {
        Step::Seconds(step) if step <= 3600 => elapsed(start, step, zone, &mut push),
        Step::Seconds(step) => civil_hours(start, step, zone, &mut push),
        _ => civil_dates(start, step, zone, &mut push),
    }
    ticks
}

/// Up to an hour, steps are of elapsed time (so that the hour that a clock repeats has its ticks too), kept on
/// round local times where an offset is not a multiple of the step.
fn elapsed(start: Timestamp, step: i64, zone: &TimeZone, push: &mut impl FnMut(Timestamp) -> bool) {
    let mut second = start.as_second();
    for _ in 0..MOST_TICKS * 4 {
        let Ok(at) = Timestamp::from_second(second) else { return };
        let over = (second + i64::from(zone.to_offset(at).seconds())).rem_euclid(step);
        if over != 0 {
            second += step - over;
            continue;
        }
        if !push(at) {
            return;
        }
        second += step;
    }
}

/// Above an hour, steps are times of day: midnight stays midnight on a day of 23 or 25 hours.
fn civil_hours(start: Timestamp, step: i64, zone: &TimeZone, push: &mut impl FnMut(Timestamp) -> bool) {
    let mut date = zone.to_datetime(start).date();
    for _ in 0..MOST_TICKS {
        for hour in (0..24).step_by((step / 3600).max(1) as usize) {
            if !push_civil(date.at(hour, 0, 0, 0), zone, push) {
                return;
            }
        }
        let Ok(next) = date.tomorrow() else { return };
        date = next;
    }
}

fn civil_dates(start: Timestamp, step: Step, zone: &TimeZone, push: &mut impl FnMut(Timestamp) -> bool) {
    let mut date = first_date(zone.to_datetime(start).date(), step);
    for _ in 0..MOST_TICKS {
        if !push_civil(date.at(0, 0, 0, 0), zone, push) {
            return;
        }
        let next = match step {
            // Every second day starts anew with the month, so that the labels stay odd numbers.
            Step::Days(2) if date.day() >= 29 => date.last_of_month().tomorrow(),
            Step::Days(days) => date.checked_add(days.days()),
            Step::Weeks => date.checked_add(1.week()),
            Step::Months(months) => date.checked_add(months.months()),
            Step::Years(years) => date.checked_add(years.years()),
            Step::Seconds(_) => return,
        };
        let Ok(next) = next else { return };
        date = next;
    }
}

fn first_date(date: Date, step: Step) -> Date {
    match step {
        Step::Days(2) if date.day() % 2 == 0 => date.yesterday().unwrap_or(date),
        Step::Days(_) | Step::Seconds(_) => date,
        Step::Weeks => {
            let back = i32::from(date.weekday().since(Weekday::Monday));
            date.checked_sub(back.days()).unwrap_or(date)
        }
        Step::Months(months) => {
            let month = i16::from(date.month() - 1) / months * months + 1;
            Date::new(date.year(), month as i8, 1).unwrap_or(date)
        }
        Step::Years(years) => Date::new(date.year().div_euclid(years) * years, 1, 1).unwrap_or(date.first_of_year()),
    }
}

fn push_civil(at: DateTime, zone: &TimeZone, push: &mut impl FnMut(Timestamp) -> bool) -> bool {
    // A time of day that a clock skips becomes the moment after the gap.
    match zone.to_timestamp(at) {
        Ok(at) => push(at),
        Err(_) => true,
    }
}

fn tick(at: Timestamp, step: Step, zone: &TimeZone) -> TimeTick {
    let local = zone.to_datetime(at);
    let midnight = local.hour() == 0 && local.minute() == 0 && local.second() == 0;
    let new_year = local.month() == 1 && local.day() == 1;
    let (format, major) = match step {
        // Midnight itself may be skipped on the day that clocks go forward, then 01:00 stands for it.
        Step::Seconds(_) if midnight || starts_day(at, zone) => ("%-d %b", true),
        Step::Seconds(step) if step < 60 => ("%H:%M:%S", false),
        Step::Seconds(_) => ("%H:%M", false),
        Step::Days(_) | Step::Weeks => ("%-d %b", local.day() == 1 && matches!(step, Step::Days(_))),
        Step::Months(_) if new_year => ("%Y", true),
        Step::Months(_) => ("%b", false),
        Step::Years(_) => ("%Y", false),
    };
    TimeTick { at_ms: at.as_millisecond(), label: local.strftime(format).to_string(), major }
}

fn starts_day(at: Timestamp, zone: &TimeZone) -> bool {
    at.to_zoned_datetime(zone.clone()).start_of_day().is_ok_and(|start| start.timestamp() == at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(from: &str, until: &str, width: f64, zone: &str, expected: &str) {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let zone = TimeZone::get(zone).unwrap();
        let ticks = time_ticks(ms(from), ms(until), width, 7.0, &zone);
        let labels: Vec<String> =
            ticks.iter().map(|t| if t.major { format!("[{}]", t.label) } else { t.label.clone() }).collect();
        assert_eq!(labels.join(" "), expected, "{from} {until} {width}");
    }

    #[test]
    fn ticks_a_person_would_choose() {
        let day = "2026-11-23T";
        for (from, until, width, expected) in [
            ("12:00:00Z", "12:00:05Z", 500.0, "12:00:00 12:00:01 12:00:02 12:00:03 12:00:04 12:00:05"),
            ("12:00:02Z", "12:01:00Z", 500.0, "12:00:15 12:00:30 12:00:45 12:01:00"),
            ("12:00:10Z", "12:15:10Z", 500.0, "12:02 12:04 12:06 12:08 12:10 12:12 12:14"),
            ("11:58:00Z", "12:58:00Z", 700.0, "12:00 12:10 12:20 12:30 12:40 12:50"),
            ("06:10:00Z", "12:10:00Z", 700.0, "07:00 08:00 09:00 10:00 11:00 12:00"),
            ("06:10:00Z", "12:10:00Z", 300.0, "08:00 10:00 12:00"),
        ] {
            check(&format!("{day}{from}"), &format!("{day}{until}"), width, "UTC", expected);
        }
        for (from, until, width, expected) in [
            (
                "2026-11-22T12:10:00Z",
                "2026-11-23T12:10:00Z",
                600.0,
                "15:00 18:00 21:00 [23 Nov] 03:00 06:00 09:00 12:00",
            ),
            ("2026-11-16T12:00:00Z", "2026-11-23T12:00:00Z", 600.0, "17 Nov 18 Nov 19 Nov 20 Nov 21 Nov 22 Nov 23 Nov"),
            (
                "2026-11-20T12:00:00Z",
                "2026-12-12T12:00:00Z",
                900.0,
                "21 Nov 23 Nov 25 Nov 27 Nov 29 Nov [1 Dec] 3 Dec 5 Dec 7 Dec 9 Dec 11 Dec",
            ),
            ("2026-10-24T00:00:00Z", "2026-11-23T00:00:00Z", 500.0, "26 Oct 2 Nov 9 Nov 16 Nov 23 Nov"),
            ("2026-10-24T00:00:00Z", "2027-04-02T00:00:00Z", 500.0, "Nov Dec [2027] Feb Mar Apr"),
            ("2020-10-24T00:00:00Z", "2026-04-02T00:00:00Z", 500.0, "2021 2022 2023 2024 2025 2026"),
        ] {
            check(from, until, width, "UTC", expected);
        }
    }

    #[test]
    fn clocks_that_change() {
        // Forward: 02:00 is skipped in Berlin. Steps above an hour stay on the clock.
        check(
            "2026-03-28T23:00:00Z",
            "2026-03-29T10:00:00Z",
            500.0,
            "Europe/Berlin",
            "[29 Mar] 03:00 04:00 06:00 08:00 10:00 12:00",
        );
        // Back: 02:00 to 03:00 happens twice, and elapsed steps show both.
        check("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z", 300.0, "Europe/Berlin", "02:00 02:00 03:00 04:00");
        // A day of 25 hours, and one of 23: midnight to midnight, on the clock.
        check(
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
            600.0,
            "Europe/Berlin",
            "[25 Oct] 03:00 06:00 09:00 12:00 15:00 18:00 21:00 [26 Oct]",
        );
        check(
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            600.0,
            "Europe/Berlin",
            "[29 Mar] 03:00 06:00 09:00 12:00 15:00 18:00 21:00 [30 Mar]",
        );
        // Days stand on midnight before and after the change.
        check(
            "2026-10-31T04:00:00Z",
            "2026-11-03T05:00:00Z",
            400.0,
            "America/New_York",
            "[31 Oct] 12:00 [1 Nov] 12:00 [2 Nov] 12:00 [3 Nov]",
        );
        // Half an hour back on Lord Howe; Samoa left out a whole day.
        check(
            "2026-04-04T12:00:00Z",
            "2026-04-04T17:00:00Z",
            400.0,
            "Australia/Lord_Howe",
            "23:00 [5 Apr] 01:00 02:00 03:00",
        );
        check(
            "2011-12-29T10:00:00Z",
            "2012-01-01T09:00:00Z",
            400.0,
            "Pacific/Apia",
            "[29 Dec] 12:00 [31 Dec] 12:00 [1 Jan] 12:00",
        );
        // Half-hour offsets keep round local times.
        check("2026-11-23T00:00:00Z", "2026-11-23T04:00:00Z", 400.0, "Asia/Kolkata", "06:00 07:00 08:00 09:00");
        // Midnight does not exist on this day in Beirut: 01:00 carries the date.
        check(
            "2026-03-28T19:00:00Z",
            "2026-03-29T03:00:00Z",
            500.0,
            "Asia/Beirut",
            "21:00 22:00 23:00 [29 Mar] 02:00 03:00 04:00 05:00 06:00",
        );
    }

    proptest! {
        #[test]
        fn any_range_has_ordered_ticks_that_fit(
            // A range is ten years long at most; what is drawn of a millennium is nobody's concern.
            start in -3_000_000_000_000i64..9_000_000_000_000, length in 1_000i64..400_000_000_000, width in 50.0..4000.0f64,
        ) {
            let zone = TimeZone::get("America/New_York").unwrap();
            let ticks = time_ticks(start, start + length, width, 7.0, &zone);
            prop_assert!(ticks.windows(2).all(|w| w[0].at_ms < w[1].at_ms));
            prop_assert!(ticks.iter().all(|t| (start..=start + length).contains(&t.at_ms)));
            prop_assert!(ticks.len() as f64 <= width / 30.0 + 2.0, "{}", ticks.len());
        }
    }
}
