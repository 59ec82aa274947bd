//! The exporter-toolkit's `rate_limit`: a bucket of `burst` requests that fills by one each `interval`.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// A token bucket shared by all clients of a service.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    burst: f64,
    state: Mutex<(f64, Option<Instant>)>,
}

impl RateLimit {
    /// `interval` is not zero, `burst` at least 1.
    pub(crate) fn new(interval: Duration, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        RateLimit { interval, burst, state: Mutex::new((burst, None)) }
    }

    /// Whether a request at this moment may pass; takes its token where it may.
    pub(crate) fn admit(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        let (tokens, last) = *state;
        let filled =
            last.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64() / self.interval.as_secs_f64());
        let tokens = (tokens + filled).min(self.burst);
        let pass = tokens >= 1.0;
        *state = (if pass { tokens - 1.0 } else { tokens }, Some(now));
        pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_a_burst_pass_and_then_the_rate() {
        let (limit, start) = (RateLimit::new(Duration::from_secs(1), 2), Instant::now());
        let at = |ms| limit.admit(start + Duration::from_millis(ms));
        assert_eq!(
            [at(0), at(0), at(0), at(500), at(1000), at(1100), at(9000), at(9000), at(9000)],
            [true, true, false, false, true, false, true, true, false]
        );
    }
}
