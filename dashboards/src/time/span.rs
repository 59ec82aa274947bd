//! A span of time with both ends known.

/// From `start_ms` to `end_ms`, Unix milliseconds, start before end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The beginning.
    pub start_ms: i64,
    /// The end, later than the beginning.
    pub end_ms: i64,
}

/// The shortest and longest spans that are drawn: a second, and ten years.
const LENGTHS_MS: std::ops::RangeInclusive<i64> = 1_000..=315_576_000_000;

/// How far before its end the last point of a span may stand.
const GRAIN_MS: i64 = 10_000;

impl Span {
    /// A span between two moments; the error says what is wrong with it.
    pub fn new(start_ms: i64, end_ms: i64) -> Result<Span, String> {
        let length = end_ms.saturating_sub(start_ms);
        if length <= 0 {
            return Err("is not before until".to_owned());
        }
        if !LENGTHS_MS.contains(&length) {
            return Err("and until must be between a second and ten years apart".to_owned());
        }
        Ok(Span { start_ms, end_ms })
    }

    /// How long it is.
    pub fn length_ms(self) -> i64 {
        self.end_ms - self.start_ms
    }

    /// The first and last moments of points that stand `step_ms` apart. The last one is at the end, or a few seconds
    /// before, so that a page that is loaded twice shows the same; a chart of 30 days shows what came a minute ago.
    pub fn aligned(self, step_ms: i64) -> Span {
        let step = step_ms.max(1);
        let grain = step.min(GRAIN_MS);
        let end = self.end_ms.div_euclid(grain) * grain;
        let start = end - (end - self.start_ms).max(0) / step * step;
        Span { start_ms: start, end_ms: end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_bounds() {
        assert!(Span::new(5, 5).is_err());
        assert!(Span::new(9, 5).is_err());
        assert!(Span::new(0, 999).is_err());
        assert!(Span::new(i64::MIN, i64::MAX).is_err());
        assert_eq!(Span::new(0, 1000).unwrap().length_ms(), 1000);
    }

    #[test]
    fn points_end_with_the_span() {
        let span = Span::new(12_345, 98_765).unwrap().aligned(10_000);
        assert_eq!((span.start_ms, span.end_ms), (20_000, 90_000));
        let of_days = Span::new(12_345, 98_765).unwrap().aligned(3_600_000);
        assert_eq!((of_days.start_ms, of_days.end_ms), (90_000, 90_000));
        let of_minutes = Span::new(12_345, 198_765).unwrap().aligned(60_000);
        assert_eq!((of_minutes.start_ms, of_minutes.end_ms), (70_000, 190_000));
    }
}
