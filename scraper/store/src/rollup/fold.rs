//! Samples of a stretch of time as one row of numbers, and rows as samples of a block. Pure.

use procession_openmetrics::{STALE_NAN, is_stale};
use procession_promql::Fold;

/// What a row holds, by its place. A row lies in its stretch `(end - width, end]` as samples a millisecond apart: that of
/// place `p` at `end - width + 1 + p`. So a block of rows is a block like every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// How many samples, markers not counted. Always there.
    Samples = 0,
    /// Milliseconds from the beginning of the stretch to the first and the last sample.
    FirstAt = 1,
    LastAt = 2,
    /// Values. Where one of the others is not there, it is the same as the last.
    Last = 3,
    First = 4,
    Min = 5,
    Max = 6,
    Sum = 7,
    /// The growth since the sample before the first one of the stretch, if the day has one: a fall counts from zero.
    Increase = 8,
    /// The sum of the values before a fall; not there where it is 0.
    Resets = 9,
    /// Milliseconds to the staleness marker in which the stretch ends; not there where it ends in a sample.
    EndedAt = 10,
}

/// One stretch of one series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The end of the stretch.
    pub(crate) end_ms: i64,
    pub(crate) fold: Fold,
    pub(crate) increase: f64,
    /// The time of the staleness marker that is its newest sample.
    pub(crate) ended_ms: Option<i64>,
}

impl Row {
    fn new(end_ms: i64) -> Row {
        let nan = f64::NAN;
        let fold = Fold {
            samples: 0,
            first_ms: end_ms,
            last_ms: end_ms,
            first: nan,
            last: nan,
            min: nan,
            max: nan,
            sum: 0.0,
            resets: 0.0,
        };
        Row { end_ms, fold, increase: 0.0, ended_ms: None }
    }

    /// The time of the newest sample or marker, and its value.
    pub(crate) fn newest(&self) -> (i64, f64) {
        self.ended_ms.map_or((self.fold.last_ms, self.fold.last), |at| (at, STALE_NAN))
    }
}

/// The samples of a series as rows of this width.
pub(crate) fn fold(timestamps: &[i64], values: &[f64], width_ms: i64) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    // What the rounding of the sum lost, and the value before.
    let (mut lost, mut before) = (0.0, None);
    for (&at, &value) in timestamps.iter().zip(values) {
        let end_ms = -(-at).div_euclid(width_ms) * width_ms;
        if rows.last().is_none_or(|row| row.end_ms != end_ms) {
            close(&mut rows, &mut lost);
            rows.push(Row::new(end_ms));
        }
        let Some(row) = rows.last_mut() else { continue };
        if is_stale(value) {
            row.ended_ms = Some(at);
            continue;
        }
        row.ended_ms = None;
        let fold = &mut row.fold;
        if fold.samples == 0 {
            (fold.first_ms, fold.first) = (at, value);
        } else if value < fold.last {
            fold.resets += fold.last;
        }
        row.increase += before.map_or(0.0, |before| if value < before { value } else { value - before });
        before = Some(value);
        fold.samples += 1;
        (fold.last_ms, fold.last) = (at, value);
        (fold.min, fold.max) = (fold.min.min(value), fold.max.max(value));
        let sum = fold.sum + value;
        lost += if fold.sum.abs() >= value.abs() { (fold.sum - sum) + value } else { (value - sum) + fold.sum };
        fold.sum = sum;
    }
    close(&mut rows, &mut lost);
    rows
}

fn close(rows: &mut [Row], lost: &mut f64) {
    let lost = std::mem::take(lost);
    if let Some(row) = rows.last_mut()
        && lost.is_finite()
    {
        row.fold.sum += lost;
    }
}

/// Rows as the samples of a block.
pub(crate) fn encode(rows: &[Row], width_ms: i64, timestamps: &mut Vec<i64>, values: &mut Vec<f64>) {
    for row in rows {
        let begin_ms = row.end_ms - width_ms;
        let mut put = |part: Part, value: f64| {
            timestamps.push(begin_ms + 1 + part as i64);
            values.push(value);
        };
        let fold = &row.fold;
        put(Part::Samples, fold.samples as f64);
        if fold.samples > 0 {
            put(Part::FirstAt, (fold.first_ms - begin_ms) as f64);
            put(Part::LastAt, (fold.last_ms - begin_ms) as f64);
            put(Part::Last, fold.last);
            for (part, value) in [(Part::First, fold.first), (Part::Min, fold.min), (Part::Max, fold.max)] {
                if value.to_bits() != fold.last.to_bits() {
                    put(part, value);
                }
            }
            put(Part::Sum, fold.sum);
            put(Part::Increase, row.increase);
            if fold.resets != 0.0 {
                put(Part::Resets, fold.resets);
            }
        }
        if let Some(ended_ms) = row.ended_ms {
            put(Part::EndedAt, (ended_ms - begin_ms) as f64);
        }
    }
}

/// The rows of a series from the samples of blocks.
pub(crate) fn decode(timestamps: &[i64], values: &[f64], width_ms: i64) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (&at, &value) in timestamps.iter().zip(values) {
        let begin_ms = (at - 1).div_euclid(width_ms) * width_ms;
        let place = at - 1 - begin_ms;
        if place == Part::Samples as i64 {
            rows.push(Row::new(begin_ms + width_ms));
        }
        let Some(row) = rows.last_mut().filter(|row| row.end_ms == begin_ms + width_ms) else { continue };
        let fold = &mut row.fold;
        match place {
            0 => fold.samples = value as u64,
            1 => fold.first_ms = begin_ms + value as i64,
            2 => fold.last_ms = begin_ms + value as i64,
            3 => (fold.last, fold.first, fold.min, fold.max) = (value, value, value, value),
            4 => fold.first = value,
            5 => fold.min = value,
            6 => fold.max = value,
            7 => fold.sum = value,
            8 => row.increase = value,
            9 => fold.resets = value,
            10 => row.ended_ms = Some(begin_ms + value as i64),
            // Of a later version.
            _ => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_a_counter_that_falls() {
        let rows = fold(&[-1, 0, 1, 5, 10, 11, 12], &[7.0, 9.0, 2.0, 4.0, 1.0, 3.0, STALE_NAN], 10);
        let got: Vec<_> = rows
            .iter()
            .map(|r| {
                (
                    r.end_ms,
                    r.fold.samples,
                    r.fold.first,
                    r.fold.last,
                    r.fold.sum,
                    r.increase,
                    r.fold.resets,
                    r.newest().0,
                )
            })
            .collect();
        assert_eq!(
            got,
            [
                (0, 2, 7.0, 9.0, 16.0, 2.0, 0.0, 0),
                (10, 3, 2.0, 1.0, 7.0, 5.0, 4.0, 10),
                (20, 1, 3.0, 3.0, 3.0, 2.0, 0.0, 12)
            ]
        );
    }

    proptest! {
        #[test]
        fn rows_come_back(
            samples in proptest::collection::btree_map(-200i64..200, prop_oneof![
                4 => (0..50i32).prop_map(f64::from), 2 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(STALE_NAN),
            ], 0..80),
        ) {
            let (times, values): (Vec<i64>, Vec<f64>) = samples.into_iter().unzip();
            let rows = fold(&times, &values, 20);
            let (mut t, mut v) = (Vec::new(), Vec::new());
            encode(&rows, 20, &mut t, &mut v);
            prop_assert!(t.windows(2).all(|w| w[0] < w[1]));
            let back = decode(&t, &v, 20);
            prop_assert_eq!(format!("{back:?}"), format!("{rows:?}"));
            prop_assert_eq!(rows.iter().map(|r| r.fold.samples).sum::<u64>(), values.iter().filter(|v| !is_stale(**v)).count() as u64);
        }
    }
}
