//! Many samples as one: what a source that keeps rollups may give in their place, and what it must know for that.

/// At which windows of time the evaluator looks, where it asks for nothing but what a [`Fold`] holds of them: windows
/// `(end - range, end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Every beginning and every end of a window is a multiple of this, in milliseconds since the Unix epoch: samples that
    /// lie in one stretch `(n * align, (n + 1) * align]` are in the same windows.
    pub align_ms: i64,
    /// Where the windows are equally far apart: the others need not be given.
    pub spaced: Option<Spaced>,
    /// Of each window the newest sample of a series is all that counts: the others need not be given. Where the windows are
    /// not [`spaced`](Windows::spaced), there is one, all of what is fetched.
    pub newest: bool,
}

/// Windows of one length at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spaced {
    /// The end of one of them.
    pub end_ms: i64,
    /// From one end to the next; positive.
    pub step_ms: i64,
    /// Their length.
    pub range_ms: i64,
}

impl Windows {
    /// The windows of selectors that look from `end_ms` on, every `step_ms` (0 for once).
    pub(crate) fn new(end_ms: i64, step_ms: i64, range_ms: i64) -> Windows {
        let align_ms = gcd(gcd(end_ms, range_ms), step_ms);
        Windows { align_ms, spaced: (step_ms > 0).then_some(Spaced { end_ms, step_ms, range_ms }), newest: false }
    }

    /// The same, where only the newest sample of each window counts.
    pub(crate) fn of_newest(self) -> Windows {
        Windows { newest: true, ..self }
    }

    /// The widest stretches `(n * width, (n + 1) * width]` of which something that stands for all samples will do. Where only
    /// the newest sample of a window counts, its time tells whether it is in the window, wherever that begins.
    pub fn width_ms(&self) -> i64 {
        match self.spaced {
            Some(spaced) if self.newest => gcd(spaced.end_ms, spaced.step_ms),
            _ => self.align_ms,
        }
    }

    /// Both these windows and others, which may be of another time.
    pub(crate) fn and(self, other: Windows, is_same_time: bool) -> Windows {
        let spaced = self.spaced.filter(|spaced| other.spaced == Some(*spaced));
        let newest = self.newest && other.newest && is_same_time && self.spaced == other.spaced;
        Windows { align_ms: gcd(self.align_ms, other.align_ms), spaced, newest }
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.saturating_abs(), b.saturating_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The samples of one series in a stretch of time, staleness markers left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fold {
    /// How many; where that is 0 nothing else here counts.
    pub samples: u64,
    /// The time of the first and of the last one, in milliseconds.
    pub first_ms: i64,
    /// See `first_ms`.
    pub last_ms: i64,
    /// Their values.
    pub first: f64,
    /// See `first`.
    pub last: f64,
    /// The least value, NaN only where there is no other.
    pub min: f64,
    /// The greatest value, likewise.
    pub max: f64,
    /// The sum of the values.
    pub sum: f64,
    /// The sum of the values before a fall: what is added to `last - first` to get the increase of a counter.
    pub resets: f64,
}

impl Fold {
    /// One sample.
    pub(crate) fn of(timestamp_ms: i64, value: f64) -> Fold {
        Fold {
            samples: 1,
            first_ms: timestamp_ms,
            last_ms: timestamp_ms,
            first: value,
            last: value,
            min: value,
            max: value,
            sum: value,
            resets: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_common_bounds() {
        assert_eq!(Windows::new(7_200_000, 3_600_000, 600_000).align_ms, 600_000);
        assert_eq!(Windows::new(7_200_000, 0, 3_600_000), Windows { align_ms: 3_600_000, spaced: None, newest: false });
        let (a, b) = (Windows::new(600, 600, 300), Windows::new(600, 600, 200));
        assert_eq!(a.and(b, false), Windows { align_ms: 100, spaced: None, newest: false });
        assert_eq!(a.and(a, true), a);
        let once = Windows::new(600, 0, 300).of_newest();
        assert!(once.newest && once.and(once, true).newest && !once.and(once, false).newest);
        let a = Windows::new(7_200, 3_600, 300).of_newest();
        assert!(a.and(a, true).newest && !a.and(Windows::new(7_200, 3_600, 600).of_newest(), true).newest);
        assert_eq!((a.width_ms(), once.width_ms(), Windows::new(7_200, 3_600, 300).width_ms()), (3_600, 300, 300));
        assert_eq!(Windows::new(-600, 60, 0).align_ms, 60);
    }
}
