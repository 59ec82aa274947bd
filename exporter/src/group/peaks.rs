//! The highest CPU rate and resident memory of the last minute: what a scrape every quarter of a minute does not see.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So far back peaks are looked for.
const WINDOW: Duration = Duration::from_secs(60);
/// Over less time a rate is no rate: CPU time comes in ticks of 10 ms with some sources.
const SHORTEST: Duration = Duration::from_millis(500);

/// The samples of one group.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Peaks {
    /// Not more than one each half a second.
    samples: VecDeque<Sample>,
    /// When CPU time was looked at last, and how much it was.
    before: Option<(Instant, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sample {
    at: Instant,
    /// Billionths of a CPU since the sample before.
    cpu: u64,
    resident: u64,
}

impl Peaks {
    /// Takes in the CPU time so far, in nanoseconds, and the resident memory of the moment, in bytes.
    pub fn sample(&mut self, now: Instant, cpu_ns: u64, resident: u64) {
        let passed = |since: Instant| now.saturating_duration_since(since);
        while self.samples.front().is_some_and(|sample| passed(sample.at) > WINDOW) {
            self.samples.pop_front();
        }
        match self.before {
            Some((at, _)) if passed(at) < SHORTEST => {
                if let Some(last) = self.samples.back_mut() {
                    last.resident = last.resident.max(resident);
                }
                return;
            }
            Some((at, before)) => {
                let rate = u128::from(cpu_ns.saturating_sub(before)) * 1_000_000_000 / passed(at).as_nanos().max(1);
                self.samples.push_back(Sample { at: now, cpu: u64::try_from(rate).unwrap_or(u64::MAX), resident });
            }
            // What it has used before its first sample was used at any time.
            None => self.samples.push_back(Sample { at: now, cpu: 0, resident }),
        }
        self.before = Some((now, cpu_ns));
    }

    /// The highest CPU rate, in billionths of a CPU; `None` before there are two samples.
    pub fn cpu(&self) -> Option<u64> {
        (self.samples.len() > 1).then(|| self.samples.iter().map(|sample| sample.cpu).max())?
    }

    /// The highest resident memory, in bytes.
    pub fn resident(&self) -> Option<u64> {
        self.samples.iter().map(|sample| sample.resident).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_is_seen_for_a_minute() {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut peaks = Peaks::default();
        assert_eq!((peaks.cpu(), peaks.resident()), (None, None));
        // A whole life before the first sample is no peak.
        peaks.sample(at(0), 3_600_000_000_000, 100);
        assert_eq!((peaks.cpu(), peaks.resident()), (None, Some(100)));
        let mut cpu = 3_600_000_000_000;
        for second in 1..=90_u64 {
            // Two and a half CPUs in the tenth second, a tenth of one otherwise.
            cpu += if second == 10 { 2_500_000_000 } else { 100_000_000 };
            peaks.sample(at(second * 1000), cpu, if second == 20 { 900 } else { 100 });
            let (high, much) = ((10..=70).contains(&second), (20..=80).contains(&second));
            assert_eq!(peaks.cpu(), Some(if high { 2_500_000_000 } else { 100_000_000 }), "{second}");
            assert_eq!(peaks.resident(), Some(if much { 900 } else { 100 }), "{second}");
        }
        assert!(peaks.samples.len() <= 61);
    }

    #[test]
    fn a_look_right_after_another_makes_no_rate() {
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut peaks = Peaks::default();
        peaks.sample(at(0), 0, 1);
        peaks.sample(at(1000), 500_000_000, 1);
        // One tick within 5 ms would be two CPUs.
        peaks.sample(at(1005), 510_000_000, 7);
        assert_eq!((peaks.cpu(), peaks.resident()), (Some(500_000_000), Some(7)));
        peaks.sample(at(2000), 900_000_000, 1);
        assert_eq!(peaks.cpu(), Some(500_000_000), "what came meanwhile is in the next one: 0.4");
    }
}
