//! Moments, spans and steps: what `from`, `until`, `step` and `tz` mean.

mod moment;
mod span;
mod step;

pub use moment::Moment;
pub use span::Span;
pub use step::{duration_text, parse_duration_ms, step_for};

use jiff::tz::TimeZone;

/// The time zone of that name: `UTC`, `local` (the server's), or an IANA name.
pub fn parse_zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "UTC" | "utc" | "Z" => Ok(TimeZone::UTC),
        "local" => Ok(TimeZone::system()),
        name if name.len() <= 64 => TimeZone::get(name)
            .map_err(|_| format!("no time zone is called {name:?}: UTC, local or a name like Europe/Berlin")),
        _ => Err("a time zone is UTC, local or a name like Europe/Berlin".to_owned()),
    }
}
