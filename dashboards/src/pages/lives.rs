//! The lives that a pid had, from the start times that were seen under it.

use super::timeframe::Timeframe;
use crate::chart::{Event, Happening, Point};
use crate::time::ms_of;

/// One process: a start, and when it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Life {
    /// Unix seconds, as the exporter last gave them.
    pub(super) start: f64,
    /// Unix milliseconds of the first point that saw it.
    pub(super) first_seen_ms: i64,
    /// Unix milliseconds of the last point that saw it.
    pub(super) last_seen_ms: i64,
}

/// Start times that differ by less are one start: an exporter that was started again may compute another moment of boot.
const SAME_START_SECONDS: f64 = 2.0;

impl Life {
    /// True where `start` is the start of this life.
    pub(super) fn began_at(&self, start: f64) -> bool {
        (self.start - start).abs() < SAME_START_SECONDS
    }

    /// The start in Unix milliseconds.
    pub(super) fn start_ms(&self) -> i64 {
        ms_of(self.start)
    }
}

impl Life {
    /// Whether it was there at the end of the range.
    pub(super) fn lasts(&self, frame: &Timeframe) -> bool {
        self.last_seen_ms + frame.step_ms >= frame.span.end_ms
    }

    /// Its start and its exit, where they are in the range.
    pub(super) fn events(&self, pid: &str, frame: &Timeframe) -> impl Iterator<Item = Event> {
        let start = Event { at_ms: self.start_ms(), title: format!("{pid} started"), what: Happening::Start };
        let exit = Event { at_ms: self.last_seen_ms, title: format!("{pid} gone"), what: Happening::Exit };
        let start = Some(start).filter(|start| start.at_ms > frame.span.start_ms);
        start.into_iter().chain(Some(exit).filter(|_| !self.lasts(frame)))
    }
}

/// The lives behind points that give start times in Unix seconds, in the order in which they were seen.
pub(super) fn lives(points: &[Point]) -> Vec<Life> {
    let mut lives: Vec<Life> = Vec::new();
    for &Point { at_ms, value: start } in points.iter().filter(|point| point.value.is_finite()) {
        match lives.iter_mut().find(|life| life.began_at(start)) {
            Some(life) => {
                life.start = start;
                life.last_seen_ms = at_ms;
            }
            None => lives.push(Life { start, first_seen_ms: at_ms, last_seen_ms: at_ms }),
        }
    }
    lives
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_that_is_used_again_is_another_process() {
        let points: Vec<Point> = [(1, 100.0), (2, 100.01), (3, f64::NAN), (4, 500.0), (5, 500.0)]
            .into_iter()
            .map(|(at_ms, value)| Point { at_ms, value })
            .collect();
        let found = lives(&points);
        assert_eq!(
            found,
            [
                Life { start: 100.01, first_seen_ms: 1, last_seen_ms: 2 },
                Life { start: 500.0, first_seen_ms: 4, last_seen_ms: 5 }
            ]
        );
        assert!(found[0].began_at(101.0) && !found[0].began_at(500.0));
        assert_eq!(lives(&[]), []);
    }
}
