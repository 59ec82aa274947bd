//! A line on the terminal that says how far a long command has come.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often the line is written anew.
const INTERVAL: Duration = Duration::from_millis(500);

/// The progress of going through something: the bytes of a file, the series of a store.
pub(crate) struct Progress {
    shown: bool,
    /// How much there is to go through, where it is known.
    total: Option<u64>,
    done: u64,
    began: Instant,
    written: Option<Instant>,
}

impl Progress {
    /// On standard error, if a person is looking at it.
    pub(crate) fn on_terminal(total: Option<u64>) -> Self {
        Progress { shown: stderr().is_terminal(), ..Progress::hidden(total) }
    }

    /// Nowhere.
    pub(crate) fn hidden(total: Option<u64>) -> Self {
        Progress { shown: false, total, done: 0, began: Instant::now(), written: None }
    }

    /// So much more is done; so many samples have gone through in all.
    pub(crate) fn step(&mut self, more: u64, samples: u64) {
        self.done += more;
        if self.is_due() {
            self.say(&line(self.done, self.total, samples, self.began.elapsed()));
        }
    }

    /// Whether somebody looks who was told nothing for a while.
    pub(crate) fn is_due(&self) -> bool {
        self.shown && self.written.is_none_or(|at| at.elapsed() >= INTERVAL)
    }

    /// Writes the line anew, if somebody looks.
    pub(crate) fn say(&mut self, text: &str) {
        if self.shown {
            self.written = Some(Instant::now());
            // Where the terminal is gone, there is no one to tell.
            let _ = write!(stderr(), "\r\x1b[K{text}");
        }
    }

    /// Takes the line away.
    pub(crate) fn end(&mut self) {
        if self.written.take().is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// No line stays behind, whichever way the command ends.
impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn line(done: u64, total: Option<u64>, samples: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let million = samples as f64 / 1e6;
    let mut text = format!("{million:.1} million samples, {:.2} million a second", million / seconds);
    if let Some(total) = total.filter(|t| *t > 0 && done > 0) {
        let share = (done as f64 / total as f64).min(1.0);
        text = format!("{:.0} %, {text}, about {:.0} s left", share * 100.0, seconds / share - seconds);
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
