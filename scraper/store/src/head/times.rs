//! When each series has samples: what decides whether a sample comes too late, or can be of interest to a query.

use crate::batch::TIMESTAMP_LIMIT_MS;
use crate::{Appended, Batch, Error};
use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::{Int64Type, UInt32Type};
use foldhash::fast::RandomState;
use hashbrown::HashSet;

/// The first and the last timestamp of a series in milliseconds; without a sample, first stands after last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
}

impl Span {
    pub(crate) const NONE: Span = Span { first_ms: i64::MAX, last_ms: i64::MIN };

    /// Whether there may be a sample with `start <= timestamp <= end`.
    pub(crate) fn meets(self, start_ms: i64, end_ms: i64) -> bool {
        self.first_ms <= self.last_ms && self.first_ms <= end_ms && self.last_ms >= start_ms
    }

    /// Widens the span until it holds the other one.
    pub(crate) fn include(&mut self, other: Span) {
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
    }

    fn add(&mut self, timestamp_ms: i64) {
        self.include(Span { first_ms: timestamp_ms, last_ms: timestamp_ms });
    }
}

/// The spans of all series by number, and the one of them all. 16 bytes a series.
#[derive(Debug)]
pub(crate) struct Times {
    spans: Vec<Span>,
    all: Span,
    /// The last moment of the blocks that were there at the start. Up to it a series may have samples that its span here
    /// does not tell of, until it was looked up.
    unread_until_ms: i64,
    looked_up: HashSet<u32, RandomState>,
}

impl Default for Times {
    fn default() -> Self {
        Times { spans: Vec::new(), all: Span::NONE, unread_until_ms: i64::MIN, looked_up: HashSet::default() }
    }
}

impl Times {
    /// Reads them from the database: one pass over the two columns, some 5 ns a sample.
    pub(crate) fn load(connection: &Connection) -> Result<Times, Error> {
        let mut times = Times::default();
        let sql = "SELECT series_id, min(ts), max(ts) FROM \
                   (SELECT series_id, ts FROM head_samples UNION ALL SELECT series_id, ts FROM head_closed) \
                   GROUP BY series_id";
        let mut statement = connection.prepare(sql).map_err(Error::query)?;
        drop(statement.query_arrow([]).map_err(Error::query)?);
        while let Some(rows) = statement.step().map_err(Error::query)? {
            let [numbers, first, last] = rows.columns() else {
                return Err(Error::query("three columns were asked for"));
            };
            let (Some(numbers), Some(first), Some(last)) = (
                numbers.as_primitive_opt::<UInt32Type>(),
                first.as_primitive_opt::<Int64Type>(),
                last.as_primitive_opt::<Int64Type>(),
            ) else {
                return Err(Error::query("head_samples has columns of unexpected types"));
            };
            for i in 0..rows.len() {
                let span = times.slot(numbers.value(i));
                *span = Span { first_ms: first.value(i), last_ms: last.value(i) };
                times.all.add(first.value(i));
                times.all.add(last.value(i));
            }
        }
        Ok(times)
    }

    /// The span of one series.
    pub(crate) fn get(&self, number: u32) -> Span {
        self.spans.get(number as usize).copied().unwrap_or(Span::NONE)
    }

    /// From the oldest to the newest sample of all.
    pub(crate) fn all(&self) -> Span {
        self.all
    }

    /// There are blocks with samples in this span, of series that are not read into memory.
    pub(crate) fn add_unread(&mut self, span: Span) {
        self.all.include(span);
        self.unread_until_ms = self.unread_until_ms.max(span.last_ms);
    }

    /// The series of a batch that must be looked up in the blocks before the batch can be judged: none, unless old
    /// samples come in after a restart.
    pub(crate) fn to_look_up(&self, batch: &Batch) -> Vec<u32> {
        if batch.timestamps_ms.iter().all(|&t| t > self.unread_until_ms) {
            return Vec::new();
        }
        let unknown =
            |number: u32| self.get(number).last_ms <= self.unread_until_ms && !self.looked_up.contains(&number);
        let old = batch.series.iter().zip(&batch.timestamps_ms).filter(|(_, t)| **t <= self.unread_until_ms);
        let mut numbers: Vec<u32> = old.map(|(s, _)| s.0).filter(|&n| unknown(n)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// What the blocks have of a series.
    pub(crate) fn was_looked_up(&mut self, number: u32, span: Span) {
        self.slot(number).include(span);
        self.looked_up.insert(number);
    }

    /// How many series have their last sample at this moment or later.
    pub(crate) fn alive_since(&self, timestamp_ms: i64) -> usize {
        self.spans.iter().filter(|span| span.last_ms >= timestamp_ms).count()
    }

    /// Everything before `cut_ms` is gone, and the oldest sample left is this one.
    pub(crate) fn cut(&mut self, cut_ms: i64, oldest_ms: i64) {
        for span in &mut self.spans {
            if span.last_ms < cut_ms {
                *span = Span::NONE;
            } else {
                span.first_ms = span.first_ms.max(cut_ms);
            }
        }
        self.all.first_ms = oldest_ms;
    }

    /// Takes what may be taken of a batch and removes the rest from it.
    pub(crate) fn admit(&mut self, batch: &mut Batch) -> Appended {
        let mut told = Appended::default();
        let mut keep = Vec::new();
        for (i, (series, &timestamp_ms)) in batch.series.iter().zip(&batch.timestamps_ms).enumerate() {
            let last_ms = self.get(series.0).last_ms;
            let refused = if timestamp_ms.unsigned_abs() > TIMESTAMP_LIMIT_MS as u64 {
                &mut told.out_of_bounds
            } else if timestamp_ms < last_ms {
                &mut told.out_of_order
            } else if timestamp_ms == last_ms {
                &mut told.duplicates
            } else {
                self.slot(series.0).add(timestamp_ms);
                self.all.add(timestamp_ms);
                told.stored += 1;
                continue;
            };
            *refused += 1;
            // The mask is made only where something is left out, which a healthy scrape never does.
            keep.resize(batch.series.len(), true);
            keep[i] = false;
        }
        if !keep.is_empty() {
            batch.retain(&keep);
        }
        told
    }

    fn slot(&mut self, number: u32) -> &mut Span {
        let at = number as usize;
        if at >= self.spans.len() {
            self.spans.resize(at + 1, Span::NONE);
        }
        &mut self.spans[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeriesRef;

    #[test]
    fn forgets_what_was_deleted() {
        let mut times = Times::default();
        let mut batch = Batch::default();
        [(0, 10), (0, 20), (1, 10), (2, 30)].into_iter().for_each(|(s, t)| batch.push(SeriesRef(s), t, 0.0));
        times.admit(&mut batch);
        times.cut(15, 20);
        assert_eq!(times.get(0), Span { first_ms: 15, last_ms: 20 });
        assert_eq!((times.get(1), times.all()), (Span::NONE, Span { first_ms: 20, last_ms: 30 }));
    }

    #[test]
    fn the_first_sample_stays() {
        let mut times = Times::default();
        let mut batch = Batch::default();
        for (series, timestamp, value) in [
            (0, 10, 1.0),
            (1, 10, 2.0),
            (0, 10, 3.0),
            (0, 9, 4.0),
            (0, 11, 5.0),
            (2, i64::MIN, 6.0),
            (2, TIMESTAMP_LIMIT_MS + 1, 7.0),
            (2, -TIMESTAMP_LIMIT_MS, 8.0),
        ] {
            batch.push(SeriesRef(series), timestamp, value);
        }
        let told = times.admit(&mut batch);
        assert_eq!(told, Appended { stored: 4, out_of_order: 1, duplicates: 1, out_of_bounds: 2 });
        assert_eq!(batch.values, [1.0, 2.0, 5.0, 8.0]);
        assert_eq!(batch.timestamps_ms, [10, 10, 11, -TIMESTAMP_LIMIT_MS]);
        assert_eq!(times.get(0), Span { first_ms: 10, last_ms: 11 });
        assert_eq!(times.get(9), Span::NONE);
        assert_eq!(times.alive_since(10), 2);
        assert!(!Span::NONE.meets(i64::MIN, i64::MAX) && times.get(0).meets(11, 20) && !times.get(0).meets(12, 20));
    }
}
