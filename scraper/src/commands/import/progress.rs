//! A line on the terminal that says how far a long command has come.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const INTERVAL: Duration = Duration::from_millis(500);

/// The progress of reading something.
pub(crate) struct Progress {
    shown: bool,
    /// What there is to read, where it is known.
    total_bytes: Option<u64>,
    bytes: u64,
    began: Instant,
    written: Option<Instant>,
}

impl Progress {
    /// On standard error, if a person is looking at it.
    pub(crate) fn on_terminal(total_bytes: Option<u64>) -> Self {
        Progress { shown: stderr().is_terminal(), ..Progress::hidden(total_bytes) }
    }

    /// Nowhere.
    pub(crate) fn hidden(total_bytes: Option<u64>) -> Self {
        Progress { shown: false, total_bytes, bytes: 0, began: Instant::now(), written: None }
    }

    /// So many bytes more have been read; so many samples have been taken in all.
    pub(crate) fn step(&mut self, bytes: u64, samples: u64) {
        self.bytes += bytes;
        if !self.shown || self.written.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        self.written = Some(Instant::now());
        // Where the terminal is gone, there is no one to tell.
        let _ = write!(stderr(), "\r\x1b[K{}", line(self.bytes, self.total_bytes, samples, self.began.elapsed()));
    }

    /// Takes the line away.
    pub(crate) fn end(&mut self) {
        if self.written.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(bytes: u64, total_bytes: Option<u64>, samples: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let million = samples as f64 / 1e6;
    let mut text = format!("{million:.1} million samples, {:.2} million a second", million / seconds);
    if let Some(total) = total_bytes.filter(|t| *t > 0 && bytes > 0) {
        let done = (bytes as f64 / total as f64).min(1.0);
        text = format!("{:.0} %, {text}, about {:.0} s left", done * 100.0, seconds / done - seconds);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates() {
        let ten = Duration::from_secs(10);
        assert_eq!(line(5, None, 20_000_000, ten), "20.0 million samples, 2.00 million a second");
        assert_eq!(
            line(25, Some(100), 20_000_000, ten),
            "25 %, 20.0 million samples, 2.00 million a second, about 30 s left"
        );
        assert_eq!(line(0, Some(100), 0, Duration::ZERO), "0.0 million samples, 0.00 million a second");
    }
}
