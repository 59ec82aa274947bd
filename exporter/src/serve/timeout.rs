//! `X-Prometheus-Scrape-Timeout-Seconds`: how long the scraper will wait.

use std::time::{Duration, Instant};

/// The header's name, in lower case.
pub(crate) const HEADER: &str = "x-prometheus-scrape-timeout-seconds";

/// Nobody waits longer for a scrape; also keeps the arithmetic in range.
const LONGEST: f64 = 3600.0;

/// When reading has to end so that the answer still arrives: a tenth of the time, at least a quarter of a second and at
/// most half of all, is left for encoding and the network. `None` where the header is missing or nonsense.
pub(crate) fn deadline(header: Option<&str>, now: Instant) -> Option<Instant> {
    let seconds: f64 = header?.trim().parse().ok()?;
    if !(seconds.is_finite() && seconds > 0.0) {
        return None;
    }
    let seconds = seconds.min(LONGEST);
    let margin = (seconds / 10.0).max(0.25).min(seconds / 2.0);
    Some(now + Duration::from_secs_f64(seconds - margin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_left_for_the_answer() {
        let now = Instant::now();
        for (header, expected_ms) in [
            (Some("10"), Some(9000)),
            (Some("1"), Some(750)),
            (Some("0.2"), Some(100)),
            (Some(" 15.000000 "), Some(13_500)),
            (Some("1e300"), Some(3_240_000)),
            (Some("0"), None),
            (Some("-1"), None),
            (Some("NaN"), None),
            (Some("inf"), None),
            (Some("soon"), None),
            (None, None),
        ] {
            let ms = deadline(header, now).map(|d| (d - now).as_millis());
            assert_eq!(ms, expected_ms, "{header:?}");
        }
    }
}
