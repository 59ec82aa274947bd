//! The choice of a range: presets, a step back and forth, and free ends.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::link::Link;
use super::timeframe::{DEFAULT_FROM, Timeframe};

/// Ranges on one click, each up to now.
const PRESETS: [(&str, &str); 6] =
    [("15m", "-15m"), ("1h", "-1h"), ("6h", "-6h"), ("24h", "-24h"), ("7d", "-7d"), ("30d", "-30d")];

/// Pages whose charts can be compared with a time before.
const COMPARED: [&str; 5] = ["/host", "/group", "/groups", "/process", "/explore"];

/// The range picker of a page.
pub(super) fn picker(link: &Link, frame: &Timeframe) -> Markup {
    let Timeframe { span, now_ms, zone, .. } = frame;
    let (span, now_ms) = (*span, *now_ms);
    let current = link.get("from").unwrap_or(DEFAULT_FROM);
    let up_to_now = matches!(link.get("until"), None | Some("now"));
    let shifted = |by: i64| {
        let [start, end] = [span.start_ms, span.end_ms].map(|ms| rfc3339(ms + by));
        link.over(&start, Some(&end))
    };
    let half = span.length_ms() / 2;
    let wider = || {
        let end = (span.end_ms + half).min(now_ms);
        link.over(&rfc3339(end - 2 * span.length_ms()), Some(&rfc3339(end)))
    };
    html! {
        span.when { (printed(span.start_ms, zone)) " \u{2013} " (printed(span.end_ms, zone)) }
        nav.range aria-label="Time range" {
            span.seg {
                @for (name, from) in PRESETS {
                    @let chosen = up_to_now && current == from;
                    a href=(link.over(from, None)) aria-current=[chosen.then_some("true")] { (name) }
                }
            }
            span.seg {
                a href=(shifted(-half)) title="Back by half the range" aria-label="Earlier" { "\u{2039}" }
                a href=(wider()) title="Twice the range" aria-label="Twice the range" { "\u{2212}" }
                @if span.end_ms + half <= now_ms {
                    a href=(shifted(half)) title="Forward by half the range" aria-label="Later" { "\u{203a}" }
                } @else {
                    span.off aria-hidden="true" { "\u{203a}" }
                }
            }
            @if COMPARED.contains(&link.page()) && link.get("lang") != Some("sql") {
                span.seg {
                    @for (name, long) in [("1d", "the day before"), ("1w", "the week before")] {
                        @let chosen = link.get("compare") == Some(name);
                        @let href = if chosen { link.without("compare") } else { link.with("compare", name) }.href();
                        a href=(href) title={ "Compare with " (long) } aria-current=[chosen.then_some("true")] { "vs " (name) }
                    }
                }
            }
            form.free action=(link.page()) method="get" {
                @for (name, value) in link.pairs() {
                    @if !matches!(name, "from" | "until") {
                        input type="hidden" name=(name) value=(value);
                    }
                }
                label { span.sr { "From" } input name="from" value=(shown(current, span.start_ms, zone)) size="16" spellcheck="false" autocomplete="off"; }
                span.dash { "\u{2013}" }
                label { span.sr { "Until" } input name="until" value=(shown(link.get("until").unwrap_or("now"), span.end_ms, zone)) size="16" spellcheck="false" autocomplete="off"; }
                button { "Show" }
            }
        }
    }
}

/// Relative ends as they were written, fixed ones as local time.
fn shown(written: &str, at_ms: i64, zone: &TimeZone) -> String {
    if written.contains("now") || written.starts_with('-') {
        return written.to_owned();
    }
    let local = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    Timestamp::from_millisecond(at_ms).map(local).unwrap_or_default()
}

/// A moment for a sheet of paper, on which nobody can ask when "now" was.
fn printed(at_ms: i64, zone: &TimeZone) -> String {
    let local = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    Timestamp::from_millisecond(at_ms).map(local).unwrap_or_default()
}

/// A moment that a link can carry, in whole seconds.
pub(super) fn rfc3339(ms: i64) -> String {
    Timestamp::from_second(ms.div_euclid(1000)).map(|at| at.to_string()).unwrap_or_default()
}
