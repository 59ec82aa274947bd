//! Moments at which something happened: upright lines over a chart.

use super::model::Chart;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A process began.
    Start,
    /// A process ended.
    Exit,
    /// The kernel killed a process for want of memory.
    OutOfMemory,
    /// Anything else: a deployment, a failover.
    Other,
}

/// Something that happened at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// What a reader is told: any text at all.
    pub title: String,
    /// What happened.
    pub what: Happening,
}

/// Events that would stand on each other, as one mark.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Marked {
    /// Where between the edges of the plot, from 0 to 1.
    pub(super) part: f64,
    pub(super) what: Happening,
    pub(super) title: String,
}

/// Titles that one mark tells before it only counts.
const TITLES: usize = 8;

/// The marks of the events in the span, in order of time; `least` is the part of the width below which two of them are one.
pub(super) fn marks(chart: &Chart, least: f64) -> Vec<Marked> {
    let (start_ms, length_ms) = (chart.span.start_ms, chart.span.length_ms().max(1) as f64);
    let mut events: Vec<&Event> =
        chart.events.iter().filter(|event| (start_ms..=chart.span.end_ms).contains(&event.at_ms)).collect();
    events.sort_by_key(|event| event.at_ms);
    let part = |event: &Event| (event.at_ms - start_ms) as f64 / length_ms;
    let mut groups: Vec<Vec<&Event>> = Vec::new();
    for event in events {
        match groups.last_mut() {
            Some(group) if part(event) - part(group[0]) < least => group.push(event),
            _ => groups.push(vec![event]),
        }
    }
    let mark = |group: Vec<&Event>| {
        let mut title: Vec<&str> = group.iter().take(TITLES).map(|event| event.title.as_str()).collect();
        let more = format!("and {} more", group.len().saturating_sub(TITLES));
        if group.len() > TITLES {
            title.push(&more);
        }
        let alike = group.iter().all(|event| event.what == group[0].what);
        // A kill among others must not hide.
        let killed = group.iter().any(|event| event.what == Happening::OutOfMemory);
        let what = match (alike, killed) {
            (true, _) => group[0].what,
            (_, true) => Happening::OutOfMemory,
            _ => Happening::Other,
        };
        Marked { part: part(group[0]), what, title: title.join("; ") }
    };
    groups.into_iter().map(mark).collect()
}

impl Happening {
    /// The class of its mark.
    pub(super) fn class(self) -> &'static str {
        match self {
            Happening::Start => "es",
            Happening::Exit => "ex",
            Happening::OutOfMemory => "eo",
            Happening::Other => "ed",
        }
    }

    /// Its sign, as a path around the upper end of the line: told by its shape too, not by colour alone.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Happening::Start => "M-4 7h8l-4-7z",
            Happening::Exit => "M-4 0h8l-4 7z",
            Happening::OutOfMemory => "M-4 0h8v8h-8z",
            Happening::Other => "M0 0l4 4-4 4-4-4z",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Unit;
    use crate::time::Span;

    #[test]
    fn events_on_each_other_are_one_mark() {
        let event = |at_ms, title: &str, what| Event { at_ms, title: title.to_owned(), what };
        let events = vec![
            event(-1, "before", Happening::Other),
            event(505, "b", Happening::Exit),
            event(500, "a", Happening::Start),
            event(900, "c", Happening::Start),
            event(1001, "after", Happening::Other),
        ];
        let span = Span { start_ms: 0, end_ms: 1000 };
        let mut chart = Chart { events, ..Chart::new(Unit::Short, span, 10, jiff::tz::TimeZone::UTC) };
        let mark = |part, what, title: &str| Marked { part, what, title: title.to_owned() };
        let expected = [mark(0.5, Happening::Other, "a; b"), mark(0.9, Happening::Start, "c")];
        assert_eq!(marks(&chart, 0.01), expected);
        assert_eq!(marks(&chart, 0.001).len(), 3);
        chart.events = (0..10_000).map(|at| event(at % 1000, "e", Happening::OutOfMemory)).collect();
        let many = marks(&chart, 0.01);
        assert!(many.len() <= 100 && many[0].title.ends_with("; and 92 more"), "{many:?}");
    }
}
