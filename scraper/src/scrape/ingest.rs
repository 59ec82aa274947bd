//! From the text of a page to columns of samples. No I/O.

use super::budget::{Full, Share};
use super::cache::{Known, Place, SeriesCache};
use super::error::ScrapeError;
use super::labels::stored_labels;
use super::metadata::{FamilyMetadata, MetadataStore};
use super::worker::REPORTS;
use super::{exemplars, starts};
use crate::config::{CreatedTimestamps, Job};
use crate::target::status::LeftOut;
use procession_openmetrics::{Entry, Format, Labels, LabelsBuilder, METRIC_NAME, Parser, STALE_NAN, Sample, is_stale};
use procession_store::Exemplar;
use std::hash::Hash;

/// How far ahead of our clock a target's timestamp may be, as in Prometheus: one sample of the far future would move
/// the window that is kept.
const MAX_AHEAD_MS: i64 = 600_000;
/// How far back it may be. Prometheus takes what its open window of one to three hours takes.
const MAX_BEHIND_MS: i64 = 24 * 3_600_000;

/// Samples that become visible together, in columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples<R> {
    /// Whose.
    pub(crate) series: Vec<R>,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) timestamps_ms: Vec<i64>,
    /// How much.
    pub(crate) values: Vec<f64>,
    /// When counters began, by their series: a zero belongs there, unless the series has newer samples.
    pub(crate) starts: Vec<(R, i64)>,
    /// Exemplars by their series.
    pub(crate) exemplars: Vec<(R, Exemplar)>,
    /// Families that are described in another way than before.
    pub(crate) families: Vec<(String, FamilyMetadata)>,
}

impl<R> Default for Samples<R> {
    fn default() -> Self {
        Samples {
            series: Vec::new(),
            timestamps_ms: Vec::new(),
            values: Vec::new(),
            starts: Vec::new(),
            exemplars: Vec::new(),
            families: Vec::new(),
        }
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
    /// Samples that are not stored, with the reason.
    pub(crate) left_out: LeftOut,
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

/// What the scrapes of one target have in common.
pub(crate) struct Memory<'a, R> {
    /// The target's labels.
    pub(crate) target: &'a Labels,
    /// Its series.
    pub(crate) cache: &'a mut SeriesCache<R>,
    /// Its families.
    pub(crate) metadata: &'a mut MetadataStore,
    /// Its part of the budgets.
    pub(crate) share: &'a mut Share,
}

/// Reads a page. Where that fails, the counts are right as far as it was read, and [`all_gone`] must follow.
pub(crate) fn ingest<R: Copy + Eq + Hash>(
    text: &Text<'_>,
    job: &Job,
    memory: &mut Memory<'_, R>,
    intern: &dyn Fn(&Labels) -> R,
    counts: &mut Counts,
) -> Result<Samples<R>, ScrapeError> {
    memory.cache.begin();
    let mut reading = Reading::new(text, job, memory, counts);
    reading.read()?;
    let Page { places, timestamps_ms, values, new, told, exemplars } = reading.page;
    let cache = &mut *memory.cache;
    for (place, labels) in &new {
        cache.set_stored(*place, intern(labels));
    }
    let starts = match told.is_empty() {
        true => Vec::new(),
        false => starts::find(text, job, cache, memory.metadata, &told)?,
    };
    let number = |place: Place| if let Known::Stored(series) = cache.known(place) { Some(series) } else { None };
    let series: Vec<R> = places.iter().filter_map(|place| number(*place as Place)).collect();
    debug_assert_eq!(series.len(), values.len());
    let starts = starts.into_iter().filter_map(|(place, start_ms)| Some((number(place)?, start_ms))).collect();
    let exemplars = exemplars.into_iter().filter_map(|(place, exemplar)| Some((number(place)?, exemplar))).collect();
    let families = memory.metadata.take_changed();
    let mut samples = Samples { series, timestamps_ms, values, starts, exemplars, families };
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

#[derive(Default)]
struct Page {
    places: Vec<u32>,
    timestamps_ms: Vec<i64>,
    values: Vec<f64>,
    /// Series that get their number once the whole page turned out to be good: a page that fails leaves no trace.
    new: Vec<(Place, Labels)>,
    /// Starts that are news.
    told: starts::Told,
    exemplars: Vec<(Place, Exemplar)>,
}

/// A page being read.
struct Reading<'a, 'm, R> {
    text: &'a Text<'a>,
    job: &'a Job,
    memory: &'a mut Memory<'m, R>,
    counts: &'a mut Counts,
    page: Page,
    builder: LabelsBuilder,
    /// How many series may join those of the last page.
    room: usize,
}

impl<'a, 'm, R: Copy + Eq + Hash> Reading<'a, 'm, R> {
    fn new(text: &'a Text<'a>, job: &'a Job, memory: &'a mut Memory<'m, R>, counts: &'a mut Counts) -> Self {
        memory.metadata.begin();
        // Those that are written about the scrape join them: growing for these would copy and double the columns.
        let expected = memory.cache.expected_samples() + REPORTS.len();
        let page = Page {
            places: Vec::with_capacity(expected),
            timestamps_ms: Vec::with_capacity(expected),
            values: Vec::with_capacity(expected),
            ..Page::default()
        };
        let room = match job.limits.soft_samples {
            0 => usize::MAX,
            // Series that are there keep their places; what one leaves free is given away by the next scrape.
            limit => limit.saturating_sub(memory.cache.present()),
        };
        Reading { text, job, memory, counts, page, builder: LabelsBuilder::default(), room }
    }

    fn read(&mut self) -> Result<(), ScrapeError> {
        let mut parser = Parser::new(self.text.body, self.text.format);
        while let Some(entry) = parser.next_entry()? {
            let metadata = &mut *self.memory.metadata;
            match entry {
                Entry::Sample(sample) => self.sample(&sample)?,
                Entry::Type { family, kind } => metadata.set_kind(&family, kind),
                Entry::Help { family, text } => metadata.set_help(&family, &text),
                Entry::Unit { family, unit } => metadata.set_unit(&family, unit),
                Entry::Eof => {}
            }
        }
        let (kept, limit) = (self.counts.kept, self.limit());
        if kept > limit {
            return Err(ScrapeError::SampleLimit { samples: kept, limit });
        }
        self.memory.metadata.finish();
        Ok(())
    }

    fn limit(&self) -> usize {
        if self.job.limits.samples == 0 { usize::MAX } else { self.job.limits.samples }
    }

    #[inline]
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), ScrapeError> {
        self.counts.scraped += 1;
        let place = match self.memory.cache.find(sample.series) {
            Some(place) => place,
            None => match self.insert(sample)? {
                Some(place) => place,
                None => return Ok(()),
            },
        };
        let cache = &mut *self.memory.cache;
        if cache.tells_start(place) {
            starts::note(sample, place, cache, &mut self.builder, &mut self.page.told)?;
        }
        match cache.known(place) {
            Known::Dropped => {
                cache.mark(place, false);
                if cache.tells_start(place) && self.job.created == CreatedTimestamps::ZeroSample {
                    // It is no sample at all.
                    self.counts.scraped -= 1;
                }
                return Ok(());
            }
            Known::Away(series) => {
                if !self.has_room() {
                    return Ok(());
                }
                self.memory.cache.set_stored(place, series);
            }
            Known::New | Known::Stored(_) => {}
        }
        self.counts.kept += 1;
        let scraped_ms = self.text.timestamp_ms;
        let own = sample.timestamp_ms.filter(|_| self.job.honor_timestamps);
        let followed = own.is_none() || self.job.track_timestamps_staleness;
        let first = self.memory.cache.mark(place, followed);
        if !first && own.is_none() {
            self.counts.left_out.duplicate += 1;
            return Ok(());
        }
        let timestamp_ms = own.unwrap_or(scraped_ms);
        let latest_ms = scraped_ms.saturating_add(MAX_AHEAD_MS);
        if timestamp_ms > latest_ms {
            self.counts.left_out.ahead += 1;
            return Ok(());
        }
        if timestamp_ms < scraped_ms.saturating_sub(MAX_BEHIND_MS) {
            self.counts.left_out.behind += 1;
            return Ok(());
        }
        // Past the limit the page is still counted to its end, to say by how much.
        if self.counts.kept <= self.limit() {
            self.page.places.push(place as u32);
            self.page.timestamps_ms.push(timestamp_ms);
            self.page.values.push(sample.value);
            if let Some(written) = &sample.exemplar {
                let news = exemplars::news(written, place, self.memory.cache, scraped_ms, latest_ms);
                self.page.exemplars.extend(news.map(|exemplar| (place, exemplar)));
            }
        }
        Ok(())
    }

    /// The place of a series whose text is new; `None` where there is no room for it.
    #[cold]
    fn insert(&mut self, sample: &Sample<'_>) -> Result<Option<Place>, ScrapeError> {
        sample.labels(&mut self.builder)?;
        let name = self.builder.get(METRIC_NAME).unwrap_or_default();
        let tells_start = starts::family_of(self.job, self.text.format, name, self.memory.metadata).is_some();
        let labels = match tells_start && self.job.created == CreatedTimestamps::ZeroSample {
            true => None,
            false => stored_labels(self.job, self.memory.target, &mut self.builder)?,
        };
        if labels.is_some() && !self.has_room() {
            return Ok(None);
        }
        let known = if labels.is_some() { Known::New } else { Known::Dropped };
        let place = self.memory.cache.insert(sample.series, known);
        if tells_start {
            self.memory.cache.set_tells_start(place);
        }
        if let Some(labels) = labels {
            self.counts.added += 1;
            self.page.new.push((place, labels));
        }
        Ok(Some(place))
    }

    /// Takes room for a series that the last page did not have, or counts that there is none.
    #[cold]
    fn has_room(&mut self) -> bool {
        let left_out = &mut self.counts.left_out;
        if self.room == 0 {
            left_out.over_limit += 1;
            return false;
        }
        let taken = self.memory.share.take();
        match taken {
            Ok(()) => self.room -= 1,
            Err(Full::Job) => left_out.over_job_budget += 1,
            Err(Full::Server) => left_out.over_server_budget += 1,
        }
        taken.is_ok()
    }
}
