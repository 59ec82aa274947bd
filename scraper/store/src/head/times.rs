//! When each series has samples: what decides whether a sample comes too late, or can be of interest to a query; and in
//! which hot table it has its newest rows: what decides whether it can leave the memory.

use super::{HotDays, each_run};
use crate::batch::TIMESTAMP_LIMIT_MS;
use crate::series::{NumberMap, NumberSet};
use crate::{Appended, Batch, Error};
use duckdb::Connection;

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

/// What is known of one series in memory.
#[derive(Clone, Copy, Debug)]
struct Entry {
    span: Span,
    /// The hot table into which its newest sample goes.
    table: u32,
    /// Whether `value` is that of the sample at the end of the span.
    has_value: bool,
    value: f64,
}

impl Entry {
    fn new(span: Span, table: u32) -> Entry {
        Entry { span, table, has_value: false, value: 0.0 }
    }
}

/// What is known of a series' newest sample in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Newest {
    /// Its timestamp and value.
    Sample(i64, f64),
    /// There is none.
    None,
    /// It is not the newest of all.
    Unknown,
}

/// The spans of the series in memory, and the one of them all.
#[derive(Debug)]
pub(crate) struct Times {
    series: NumberMap<Entry>,
    all: Span,
    /// Up to this moment blocks may have samples of a series of which nothing is known here: one that was not in the hot
    /// tables at the start, or was forgotten since.
    unread_until_ms: i64,
    /// The last moment of the blocks that were there at the start.
    at_start_until_ms: i64,
    /// Series of which the blocks were asked and knew nothing.
    looked_up: NumberSet,
    tables: Tables,
}

/// The hot tables as far as appended samples go into them.
#[derive(Debug, Default)]
struct Tables {
    /// The number of the one that takes samples now.
    open: u32,
    /// The days of the samples that went into it.
    days: HotDays,
    /// What closed last: the tables before this number have no rows but those of the closed one.
    closed: Option<Closed>,
}

#[derive(Debug)]
pub(super) struct Closed {
    /// The number of the table that was opened then.
    before: u32,
    /// Series from this number on came later.
    next_number: u32,
    /// The days of the samples of the tables before.
    days: HotDays,
}

impl Default for Times {
    fn default() -> Self {
        Times {
            series: NumberMap::default(),
            all: Span::NONE,
            unread_until_ms: i64::MIN,
            at_start_until_ms: i64::MIN,
            looked_up: NumberSet::default(),
            tables: Tables::default(),
        }
    }
}

impl Times {
    /// Reads them from the database: one pass over the hot tables.
    pub(crate) fn load(connection: &Connection) -> Result<Times, Error> {
        let mut times = Times::default();
        for table in ["head_runs", "head_closed_runs"] {
            each_run(connection, table, "", |run| {
                let span = Span { first_ms: run.timestamp_ms, last_ms: run.timestamp_ms };
                times.all.include(span);
                for (number, _) in run.samples() {
                    times.series.entry(number).or_insert(Entry::new(Span::NONE, 0)).span.include(span);
                }
                true
            })?;
        }
        for Entry { span, .. } in times.series.values() {
            times.tables.days.add_all(span.first_ms, span.last_ms);
        }
        Ok(times)
    }

    /// The span of one series.
    pub(crate) fn get(&self, number: u32) -> Span {
        self.series.get(&number).map_or(Span::NONE, |entry| entry.span)
    }

    /// Whether anything is known of a series.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.series.contains_key(&number)
    }

    /// From the oldest to the newest sample of all.
    pub(crate) fn all(&self) -> Span {
        self.all
    }

    /// There are blocks with samples in this span, of series that are not read into memory.
    pub(crate) fn add_unread(&mut self, span: Span) {
        self.all.include(span);
        self.unread_until_ms = self.unread_until_ms.max(span.last_ms);
        self.at_start_until_ms = self.unread_until_ms;
    }

    /// The series of a batch that must be looked up in the blocks before the batch can be judged: none, unless old
    /// samples come in of series that are new in memory.
    pub(crate) fn to_look_up(&self, batch: &Batch) -> Vec<u32> {
        if batch.timestamps_ms.iter().all(|&t| t > self.unread_until_ms) {
            return Vec::new();
        }
        // Who got a sample since the start was judged then: nothing that is stored of it is newer.
        let unknown = |number: u32| {
            let span = self.get(number);
            (span == Span::NONE || span.last_ms <= self.at_start_until_ms) && !self.looked_up.contains(&number)
        };
        let old = batch.series.iter().zip(&batch.timestamps_ms).filter(|(_, t)| **t <= self.unread_until_ms);
        let mut numbers: Vec<u32> = old.map(|(s, _)| s.0).filter(|&n| unknown(n)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// What the blocks have of a series that is in memory.
    pub(crate) fn was_looked_up(&mut self, number: u32, span: Span) {
        let entry = self.entry(number);
        entry.has_value &= span.last_ms < entry.span.last_ms;
        entry.span.include(span);
        self.looked_up.insert(number);
    }

    /// The newest of the samples of a series that were read at the start.
    pub(crate) fn was_read(&mut self, number: u32, timestamp_ms: i64, value: f64) {
        if let Some(entry) = self.series.get_mut(&number).filter(|entry| entry.span.last_ms == timestamp_ms) {
            (entry.has_value, entry.value) = (true, value);
        }
    }

    /// Whether every series with a sample after `start_ms` is in memory.
    pub(crate) fn knows_all_after(&self, start_ms: i64) -> bool {
        start_ms >= self.unread_until_ms
    }

    /// The newest sample of a series with `start_ms < timestamp <= end_ms`.
    pub(crate) fn newest(&self, number: u32, start_ms: i64, end_ms: i64) -> Newest {
        match self.series.get(&number) {
            Some(entry) if entry.span.last_ms > start_ms => {
                let is_it = entry.has_value && entry.span.last_ms <= end_ms;
                if is_it { Newest::Sample(entry.span.last_ms, entry.value) } else { Newest::Unknown }
            }
            _ => Newest::None,
        }
    }

    /// How many series have their last sample at this moment or later.
    pub(crate) fn alive_since(&self, timestamp_ms: i64) -> usize {
        self.series.values().filter(|entry| entry.span.last_ms >= timestamp_ms).count()
    }

    /// Everything before `cut_ms` is gone, and the oldest sample left is this one.
    pub(crate) fn cut(&mut self, cut_ms: i64, oldest_ms: i64) {
        for Entry { span, .. } in self.series.values_mut() {
            if span.last_ms < cut_ms {
                *span = Span::NONE;
            } else {
                span.first_ms = span.first_ms.max(cut_ms);
            }
        }
        self.all.first_ms = oldest_ms;
    }

    /// The days of the samples that are in the hot tables or wait for their commit.
    pub(crate) fn hot_days(&self) -> HotDays {
        self.tables
            .closed
            .as_ref()
            .map_or_else(|| self.tables.days.clone(), |closed| closed.days.and(&self.tables.days))
    }

    /// Nothing before `oldest_ms` is in the hot table that is open, nor waits for its commit.
    pub(super) fn cut_hot(&mut self, oldest_ms: i64) {
        self.tables.days.cut(oldest_ms);
    }

    /// Notes that the hot table is about to be closed and another one opened. What waits for its commit goes into the new
    /// one. `next_number` is the number of the next series.
    ///
    /// It counts from the first try: a closing that seems to fail may have happened all the same.
    pub(crate) fn close_table<'a>(&mut self, waiting: impl Iterator<Item = &'a Batch>, next_number: u32) {
        if self.tables.closed.is_some() {
            return;
        }
        self.tables.open += 1;
        let days = std::mem::take(&mut self.tables.days);
        self.tables.closed = Some(Closed { before: self.tables.open, next_number, days });
        let open = self.tables.open;
        for batch in waiting {
            for (series, &timestamp_ms) in batch.series.iter().zip(&batch.timestamps_ms) {
                self.entry(series.0).table = open;
                self.tables.days.add(timestamp_ms);
            }
        }
    }

    /// The closed table is gone. What is returned tells which series may go with it.
    pub(super) fn drop_table(&mut self) -> Option<Closed> {
        self.tables.closed.take()
    }

    /// Lets go of those of some series that have rows neither in the hot tables nor in batches that wait, and whose last
    /// sample is older than `active_since_ms`, and says which they are. `closed` is the last table that was dropped.
    pub(super) fn forget(&mut self, closed: &Closed, active_since_ms: i64, numbers: &[u32]) -> NumberSet {
        let is_over = |number: &u32| match self.series.get(number) {
            Some(entry) => entry.table < closed.before && entry.span.last_ms < active_since_ms,
            // It never got a sample.
            None => *number < closed.next_number,
        };
        let over: NumberSet = numbers.iter().copied().filter(is_over).collect();
        for number in &over {
            self.looked_up.remove(number);
            if let Some(entry) = self.series.remove(number) {
                self.unread_until_ms = self.unread_until_ms.max(entry.span.last_ms);
            }
        }
        if self.series.len() < self.series.capacity() / 4 {
            self.series.shrink_to_fit();
            self.looked_up.shrink_to_fit();
        }
        over
    }

    /// Takes what may be taken of a batch and removes the rest from it.
    pub(crate) fn admit(&mut self, batch: &mut Batch) -> Appended {
        let mut told = Appended::default();
        let mut keep = Vec::new();
        for (i, (series, &timestamp_ms)) in batch.series.iter().zip(&batch.timestamps_ms).enumerate() {
            let value = batch.values[i];
            let open = self.tables.open;
            let entry = self.entry(series.0);
            let last_ms = entry.span.last_ms;
            let refused = if timestamp_ms.unsigned_abs() > TIMESTAMP_LIMIT_MS as u64 {
                &mut told.out_of_bounds
            } else if timestamp_ms < last_ms {
                &mut told.out_of_order
            } else if timestamp_ms == last_ms {
                &mut told.duplicates
            } else {
                entry.span.add(timestamp_ms);
                entry.table = open;
                (entry.has_value, entry.value) = (true, value);
                self.tables.days.add(timestamp_ms);
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

    fn entry(&mut self, number: u32) -> &mut Entry {
        self.series.entry(number).or_insert(Entry::new(Span::NONE, self.tables.open))
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

    #[test]
    fn series_leave_when_nothing_holds_them() {
        let batch = |samples: &[(u32, i64)]| {
            let mut batch = Batch::default();
            samples.iter().for_each(|&(s, t)| batch.push(SeriesRef(s), t, 0.0));
            batch
        };
        let mut times = Times::default();
        times.admit(&mut batch(&[(0, 10), (1, 10), (2, 10), (3, 10), (4, 500)]));
        // 2 still waits for its commit while the table closes, 3 gets a sample afterwards, 4 is active.
        times.close_table([&batch(&[(2, 10)])].into_iter(), 6);
        times.admit(&mut batch(&[(3, 20)]));
        // A second try, for the first seemed to fail: what came between may be in the new table.
        times.close_table(std::iter::empty(), 7);
        let over = |times: &mut Times| {
            let Some(closed) = times.drop_table() else { return Vec::new() };
            // In pieces, as it is done.
            let pieces = [&[0, 1, 2][..], &[3, 4, 5, 6]];
            let mut over: Vec<u32> = pieces.iter().flat_map(|piece| times.forget(&closed, 400, piece)).collect();
            over.sort_unstable();
            over
        };
        // 5 never got a sample; 6 is younger than the table.
        assert_eq!(over(&mut times), [0, 1, 5]);
        assert!(over(&mut times).is_empty(), "no table was closed since");
        assert!(!times.has(0) && times.has(2));
        // Of those that have gone the blocks must be asked before an old sample is taken, of others not.
        assert_eq!(times.to_look_up(&batch(&[(7, 10), (8, 11), (2, 10), (3, 5)])), [7]);
        times.close_table(std::iter::empty(), 9);
        assert_eq!(over(&mut times), [0, 1, 2, 3, 5, 6]);
    }
}
