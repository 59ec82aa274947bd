//! Moments, spans and steps: what `from`, `until`, `step` and `tz` mean.

mod moment;
mod span;
mod step;

pub use moment::Moment;
pub use span::Span;
pub use step::{duration_text, parse_duration_ms, step_for};

use jiff::tz::TimeZone;

/// Unix seconds beyond which nothing is a time: the year 5138.
pub const FARTHEST_SECONDS: f64 = 1e11;

/// Unix seconds as milliseconds, no farther than [`FARTHEST_SECONDS`], so that they can be subtracted from each other.
pub fn ms_of(seconds: f64) -> i64 {
    (seconds.clamp(-FARTHEST_SECONDS, FARTHEST_SECONDS) * 1000.0).round() as i64
}

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
