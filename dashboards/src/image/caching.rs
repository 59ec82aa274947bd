//! How long a chart may be kept.

use super::ImageRequest;
use crate::time::Span;

/// Seconds that a client may keep the image: a step while it moves with the clock (a new point comes no sooner), a
/// day where its range lies in the past and cannot change any more.
pub(super) fn max_age(request: &ImageRequest, span: Span, step_ms: i64, now_ms: i64) -> i64 {
    let moves = request.from.is_relative() || request.until.is_relative();
    // Samples of the last minutes may still arrive.
    let settled = now_ms.saturating_sub(span.end_ms) > 600_000;
    if !moves && settled { 86_400 } else { (step_ms / 1000).clamp(1, 300) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_does_not_change() {
        let now_ms = 1_800_000_000_000;
        for (query, expected) in [
            ("query=up&from=-1h", 15),
            ("query=up&from=1700000000&until=1700003600", 86_400),
            ("query=up&from=1799990000&until=1799999900", 15),
        ] {
            let request = ImageRequest::parse(query).unwrap();
            let span = Span::new(request.from.resolve(now_ms), request.until.resolve(now_ms)).unwrap();
            assert_eq!(max_age(&request, span, 15_000, now_ms), expected, "{query}");
        }
    }
}
