//! What is handed to the store: samples of many series that belong together.

/// A series of one [`Store`](crate::Store): a number that stands for a label set. It holds until the series has
/// ended and is forgotten; it is never given to another one while the store is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesRef(pub(crate) u32);

/// The largest distance of a timestamp from 1970 that is stored, in milliseconds (some 285,000 years). Past it DuckDB's
/// TIMESTAMP ends, and a person's query would fail on one absurd row.
pub const TIMESTAMP_LIMIT_MS: i64 = 9_000_000_000_000_000;

/// Samples that become visible together (one scrape): three columns of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Whose sample it is.
    pub series: Vec<SeriesRef>,
    /// Milliseconds since the Unix epoch. Those of one series must ascend; what does not is left out and counted.
    pub timestamps_ms: Vec<i64>,
    /// The values; [`procession_openmetrics::STALE_NAN`] marks the end of a series.
    pub values: Vec<f64>,
}

impl Batch {
    /// Adds one sample.
    pub fn push(&mut self, series: SeriesRef, timestamp_ms: i64, value: f64) {
        self.series.push(series);
        self.timestamps_ms.push(timestamp_ms);
        self.values.push(value);
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Keeps the samples at the places that the mask marks.
    pub(crate) fn retain(&mut self, keep: &[bool]) {
        let mut marks = keep.iter();
        self.series.retain(|_| marks.next().copied().unwrap_or(false));
        let mut marks = keep.iter();
        self.timestamps_ms.retain(|_| marks.next().copied().unwrap_or(false));
        let mut marks = keep.iter();
        self.values.retain(|_| marks.next().copied().unwrap_or(false));
    }
}

/// A batch that was not taken, since the store no longer knows some of its series by their numbers.
#[derive(Debug)]
pub struct Forgotten {
    /// Those series; one may stand here more than once. [`Store::series_ref`](crate::Store::series_ref) gives new numbers.
    pub series: Vec<SeriesRef>,
    /// The batch as it was handed in.
    pub batch: Batch,
}

/// What became of the samples of a [`Batch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Taken.
    pub stored: usize,
    /// Left out: older than a sample that the series already has.
    pub out_of_order: usize,
    /// Left out: the series has a sample at this moment. The first one stays.
    pub duplicates: usize,
    /// Left out: farther than [`TIMESTAMP_LIMIT_MS`] from 1970.
    pub out_of_bounds: usize,
}
