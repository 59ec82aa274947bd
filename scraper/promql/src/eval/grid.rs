//! The instants at which something is evaluated.

use crate::Error;
use crate::expr::{At, Shift};

/// Instants at equal distances, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    start_ms: i64,
    step_ms: i64,
    len: usize,
}

impl Grid {
    /// One instant.
    pub(crate) fn instant(at_ms: i64) -> Self {
        Grid { start_ms: at_ms, step_ms: 1, len: 1 }
    }

    /// From a start to an end, both included if they fall on a step. Empty where the end is before the start.
    pub(crate) fn range(start_ms: i64, end_ms: i64, step_ms: i64, max_len: usize) -> Result<Self, Error> {
        let len = if end_ms < start_ms { 0 } else { (end_ms - start_ms) / step_ms + 1 };
        match usize::try_from(len) {
            Ok(len) if len <= max_len => Ok(Grid { start_ms, step_ms, len }),
            _ => Err(too_many_samples()),
        }
    }

    /// The grid of a subquery: the multiples of its step in all the windows `(t - range, t]` of this grid's instants.
    pub(crate) fn of_windows(&self, window: Window, step_ms: i64, max_len: usize) -> Result<Self, Error> {
        if self.len == 0 {
            return Ok(Grid { start_ms: 0, step_ms, len: 0 });
        }
        let after = window.end(self.start_ms) - window.range_ms;
        let start = (after.div_euclid(step_ms) + 1) * step_ms;
        Grid::range(start, window.end(self.end_ms()), step_ms, max_len)
    }

    /// How many instants.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The first instant.
    pub(crate) fn start_ms(&self) -> i64 {
        self.start_ms
    }

    /// The last instant.
    pub(crate) fn end_ms(&self) -> i64 {
        self.time(self.len.saturating_sub(1))
    }

    /// The instant of a step.
    pub(crate) fn time(&self, step: usize) -> i64 {
        self.start_ms + self.step_ms * step as i64
    }

    /// All instants.
    pub(crate) fn times(&self) -> impl Iterator<Item = i64> + use<> {
        let grid = *self;
        (0..grid.len).map(move |step| grid.time(step))
    }

    /// The grid's first instant alone.
    pub(crate) fn first(&self) -> Self {
        Grid { len: self.len.min(1), ..*self }
    }
}

/// What the whole query was asked for, in milliseconds; of one instant the start is the end and the step 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) start_ms: i64,
    /// As it was given: the last step may be earlier.
    pub(crate) end_ms: i64,
    pub(crate) step_ms: i64,
}

/// Where a selector looks from an instant: at `(end - range, end]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    at_ms: Option<i64>,
    offset_ms: i64,
    pub(crate) range_ms: i64,
}

impl Window {
    /// `asked` is what `@ start()` and `@ end()` mean.
    pub(crate) fn new(shift: Shift, range_ms: i64, asked: &Asked) -> Self {
        let at_ms = shift.at.map(|at| match at {
            At::Millis(ms) => ms,
            At::Start => asked.start_ms,
            At::End => asked.end_ms,
        });
        Window { at_ms, offset_ms: shift.offset_ms, range_ms }
    }

    /// The end of the window of an instant.
    #[inline]
    pub(crate) fn end(&self, time_ms: i64) -> i64 {
        self.at_ms.unwrap_or(time_ms).saturating_sub(self.offset_ms)
    }

    /// Whether all instants look at the same.
    pub(crate) fn is_fixed(&self) -> bool {
        self.at_ms.is_some()
    }
}

pub(crate) fn too_many_samples() -> Error {
    Error::TooMany("query processing would load too many samples into memory in query execution".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subqueries_align_to_their_step() {
        let asked = Asked { start_ms: 0, end_ms: 0, step_ms: 0 };
        let window = |offset_ms| Window::new(Shift { at: None, offset_ms }, 30_000, &asked);
        let times =
            |grid: Grid, offset, step| grid.of_windows(window(offset), step, 100).unwrap().times().collect::<Vec<_>>();
        assert_eq!(times(Grid::instant(60_000), 0, 10_000), [40_000, 50_000, 60_000]);
        assert_eq!(times(Grid::instant(61_000), 0, 10_000), [40_000, 50_000, 60_000]);
        assert_eq!(times(Grid::instant(0), 5_000, 10_000), [-30_000, -20_000, -10_000]);
        assert_eq!(times(Grid::range(0, 25_000, 20_000, 9).unwrap(), 0, 10_000), [-20_000, -10_000, 0, 10_000, 20_000]);
        assert!(Grid::range(0, 100, 10, 10).is_err());
        assert_eq!(Grid::range(0, -1, 10, 10).unwrap().len(), 0);
    }
}
