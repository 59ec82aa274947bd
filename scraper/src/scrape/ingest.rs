//! From the text of a page to columns of samples. No I/O.

use super::cache::{Known, Place, SeriesCache};
use super::error::ScrapeError;
use super::labels::stored_labels;
use super::metadata::MetadataStore;
use crate::config::Job;
use procession_openmetrics::{Entry, Format, Labels, LabelsBuilder, Parser, STALE_NAN, is_stale};
use std::hash::Hash;

/// How far ahead of our clock a target's timestamp may be, as in Prometheus: one sample of the far future would move
/// the window that is kept.
const MAX_AHEAD_MS: i64 = 600_000;

/// Samples that become visible together, in columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples<R> {
    /// Whose.
    pub(crate) series: Vec<R>,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) timestamps_ms: Vec<i64>,
    /// How much.
    pub(crate) values: Vec<f64>,
}

impl<R> Default for Samples<R> {
    fn default() -> Self {
        Samples { series: Vec::new(), timestamps_ms: Vec::new(), values: Vec::new() }
    }
}

impl<R> Samples<R> {
    /// Adds one.
    pub(crate) fn push(&mut self, series: R, timestamp_ms: i64, value: f64) {
        self.series.push(series);
        self.timestamps_ms.push(timestamp_ms);
        self.values.push(value);
    }

    /// The series that a staleness marker ends.
    pub(crate) fn ended(&self) -> impl Iterator<Item = R> + '_
    where
        R: Copy,
    {
        self.series.iter().zip(&self.values).filter(|(_, value)| is_stale(**value)).map(|(series, _)| *series)
    }
}

/// What a page held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Sample lines.
    pub(crate) scraped: usize,
    /// Those that metric relabelling kept.
    pub(crate) kept: usize,
    /// Series that the scrape before did not have.
    pub(crate) added: usize,
    /// Samples of series that stood on the page before; the first one counts.
    pub(crate) duplicates: usize,
    /// Samples of series that are new past the soft limit.
    pub(crate) over_limit: usize,
    /// Samples too far ahead of our clock.
    pub(crate) ahead: usize,
}

/// The page of one scrape.
pub(crate) struct Text<'a> {
    /// The whole body, unpacked.
    pub(crate) body: &'a [u8],
    /// In which format.
    pub(crate) format: Format,
    /// The moment of the scrape: the timestamp of samples that have none.
    pub(crate) timestamp_ms: i64,
}

/// Reads a page. Where that fails, the counts are right as far as it was read, and [`all_gone`] must follow.
pub(crate) fn ingest<R: Copy + Eq + Hash>(
    text: &Text<'_>,
    job: &Job,
    target: &Labels,
    cache: &mut SeriesCache<R>,
    metadata: &mut MetadataStore,
    intern: &dyn Fn(&Labels) -> R,
    counts: &mut Counts,
) -> Result<Samples<R>, ScrapeError> {
    cache.begin();
    let Page { places, timestamps_ms, values, new } = read(text, job, target, cache, metadata, counts)?;
    for (place, labels) in &new {
        cache.set_stored(*place, intern(labels));
    }
    let numbers = places.iter().map(|place| cache.known(*place as Place));
    let series: Vec<R> =
        numbers.filter_map(|known| if let Known::Stored(series) = known { Some(series) } else { None }).collect();
    debug_assert_eq!(series.len(), values.len());
    let mut samples = Samples { series, timestamps_ms, values };
    for gone in cache.finish() {
        samples.push(gone, text.timestamp_ms, STALE_NAN);
    }
    Ok(samples)
}

/// The markers that a failed scrape leaves: every series that was there is gone. The cache is as before the scrape.
pub(crate) fn all_gone<R: Copy + Eq + Hash>(cache: &mut SeriesCache<R>, timestamp_ms: i64) -> Samples<R> {
    let mut samples = Samples::default();
    for gone in cache.abandon() {
        samples.push(gone, timestamp_ms, STALE_NAN);
    }
    samples
}

struct Page {
    places: Vec<u32>,
    timestamps_ms: Vec<i64>,
    values: Vec<f64>,
    /// Series that get their number once the whole page turned out to be good: a page that fails leaves no trace.
    new: Vec<(Place, Labels)>,
}

fn read<R: Copy + Eq + Hash>(
    text: &Text<'_>,
    job: &Job,
    target: &Labels,
    cache: &mut SeriesCache<R>,
    metadata: &mut MetadataStore,
    counts: &mut Counts,
) -> Result<Page, ScrapeError> {
    metadata.begin();
    let expected = cache.expected_samples();
    let mut page = Page {
        places: Vec::with_capacity(expected),
        timestamps_ms: Vec::with_capacity(expected),
        values: Vec::with_capacity(expected),
        new: Vec::new(),
    };
    let limit = if job.limits.samples == 0 { usize::MAX } else { job.limits.samples };
    let room = match job.limits.soft_samples {
        0 => usize::MAX,
        // Series that are there keep their places; what one leaves free is given away by the next scrape.
        limit => limit.saturating_sub(cache.present()),
    };
    let mut builder = LabelsBuilder::default();
    let mut parser = Parser::new(text.body, text.format);
    while let Some(entry) = parser.next_entry()? {
        let sample = match entry {
            Entry::Sample(sample) => sample,
            Entry::Type { family, kind } => {
                metadata.set_kind(&family, kind);
                continue;
            }
            Entry::Help { family, text } => {
                metadata.set_help(&family, &text);
                continue;
            }
            Entry::Unit { family, unit } => {
                metadata.set_unit(&family, unit);
                continue;
            }
            Entry::Eof => continue,
        };
        counts.scraped += 1;
        let place = match cache.find(sample.series) {
            Some(place) => place,
            None => {
                sample.labels(&mut builder)?;
                match stored_labels(job, target, &mut builder)? {
                    None => cache.insert(sample.series, Known::Dropped),
                    Some(_) if page.new.len() >= room => {
                        counts.over_limit += 1;
                        continue;
                    }
                    Some(labels) => {
                        let place = cache.insert(sample.series, Known::New);
                        counts.added += 1;
                        page.new.push((place, labels));
                        place
                    }
                }
            }
        };
        if cache.known(place) == Known::Dropped {
            cache.mark(place, false);
            continue;
        }
        counts.kept += 1;
        let own = sample.timestamp_ms.filter(|_| job.honor_timestamps);
        let followed = own.is_none() || job.track_timestamps_staleness;
        let first = cache.mark(place, followed);
        if !first && own.is_none() {
            counts.duplicates += 1;
            continue;
        }
        let timestamp_ms = own.unwrap_or(text.timestamp_ms);
        if timestamp_ms > text.timestamp_ms.saturating_add(MAX_AHEAD_MS) {
            counts.ahead += 1;
            continue;
        }
        // Past the limit the page is still counted to its end, to say by how much.
        if counts.kept <= limit {
            page.places.push(place as u32);
            page.timestamps_ms.push(timestamp_ms);
            page.values.push(sample.value);
        }
    }
    if counts.kept > limit {
        return Err(ScrapeError::SampleLimit { samples: counts.kept, limit });
    }
    metadata.finish();
    Ok(page)
}
