//! What a chart says in words: its span, and what a screen reader reads of it.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::event::Event;
use super::model::{Chart, Summary};

/// From when to when, as short as it can be said: one date where both ends share it.
pub(super) fn span_text(chart: &Chart) -> String {
    let local = |ms: i64| Timestamp::from_millisecond(ms).ok().map(|at| at.to_zoned_datetime(chart.zone.clone()));
    let (Some(start), Some(end)) = (local(chart.span.start_ms), local(chart.span.end_ms)) else { return String::new() };
    let clock = if chart.span.length_ms() < 600_000 { "%H:%M:%S" } else { "%H:%M" };
    let tail = if start.date() == end.date() { clock.to_owned() } else { format!("%-d %b %Y {clock}") };
    format!("{} \u{2013} {} {}", start.strftime(&format!("%-d %b %Y {clock}")), end.strftime(&tail), end.strftime("%Z"))
}

/// What a screen reader says of the chart.
pub fn description(chart: &Chart) -> String {
    let mut out = span_text(chart);
    if chart.is_empty() {
        out.push_str(". No data.");
        return out;
    }
    let _ = write!(out, ". {} series.", chart.series.len());
    for series in chart.series.iter().take(12) {
        let Summary { last, min, avg, max } = series.summary();
        let [last, min, avg, max] = [last, min, avg, max].map(|value| chart.unit.format(value));
        let name: String = series.name.chars().take(80).collect();
        let _ = write!(out, " {name}: last {last}, min {min}, avg {avg}, max {max}.");
    }
    for threshold in &chart.thresholds {
        let value = chart.unit.format(threshold.value);
        let _ = write!(out, " Threshold {} at {value}.", threshold.label);
    }
    let mut events: Vec<&Event> = chart.events.iter().collect();
    events.sort_by_key(|event| event.at_ms);
    for Event { at_ms, title, .. } in events.into_iter().take(12) {
        let at = Timestamp::from_millisecond(*at_ms)
            .map(|at| chart.zone.to_datetime(at).strftime("%-d %b %H:%M:%S").to_string());
        let title: String = title.chars().take(80).collect();
        let _ = write!(out, " {}: {title}.", at.unwrap_or_default());
    }
    if !chart.note.is_empty() {
        let _ = write!(out, " {}", chart.note);
    }
    out
}
