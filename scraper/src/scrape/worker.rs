//! The second half of a scrape, on a thread that may block: unpack, read, relabel, report, hand to the store.

use super::budget::Share;
use super::buffers::Buffers;
use super::cache::SeriesCache;
use super::error::ScrapeError;
use super::fetch::{Packing, Page};
use super::ingest::{Counts, Memory, Samples, Text, all_gone, ingest};
use super::labels::report_labels;
use super::metadata::MetadataStore;
use super::renew;
use super::unpack;
use crate::config::Job;
use crate::target::status::{Health, LastScrape, LeftOut};
use parking_lot::Mutex;
use procession_openmetrics::{Labels, STALE_NAN};
use procession_store::Appended;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// The series that are written about every scrape, in the order of [`Worker::report`].
pub(super) const REPORTS: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Where samples go. `R` is the store's number of a series.
pub(crate) struct Sink<R> {
    /// The number of a label set.
    pub(crate) intern: Box<dyn Fn(&Labels) -> R + Send + Sync>,
    /// Takes samples that become visible together. The error says why nothing of them was taken.
    pub(crate) append: Append<R>,
}

type Append<R> = Box<dyn Fn(Samples<R>) -> Result<Appended, Refused<R>> + Send + Sync>;

/// Why samples were not taken.
pub(crate) enum Refused<R> {
    /// These series are known under these numbers no more; the samples as they were handed in.
    Forgotten { series: Vec<R>, samples: Box<Samples<R>> },
    /// Another reason, in words.
    Other(String),
}

/// What one target's scrapes need to know of each other.
pub(crate) struct Worker<R> {
    labels: Labels,
    cache: SeriesCache<R>,
    metadata: Arc<Mutex<MetadataStore>>,
    share: Share,
    reports: Option<[R; 5]>,
    last_timestamp_ms: Option<i64>,
}

/// When a scrape happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The timestamp of its samples.
    pub(crate) timestamp_ms: i64,
    /// When it began, to tell how long it took.
    pub(crate) began: std::time::Instant,
}

/// How a scrape went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) last: LastScrape,
    pub(crate) counts: Counts,
    pub(crate) body_bytes: usize,
}

impl<R: Copy + Eq + Hash> Worker<R> {
    /// A worker for a target that was never scraped. `metadata` is shared with those who ask for it.
    pub(crate) fn new(labels: Labels, metadata: Arc<Mutex<MetadataStore>>) -> Self {
        Worker {
            labels,
            cache: SeriesCache::default(),
            metadata,
            share: Share::default(),
            reports: None,
            last_timestamp_ms: None,
        }
    }

    /// With a part of budgets.
    pub(crate) fn sharing(self, share: Share) -> Self {
        Worker { share, ..self }
    }

    /// The same target under new rules: what is known of its series no longer holds.
    pub(crate) fn under_new_rules(mut self) -> Self {
        self.share.settle(0);
        Worker { cache: self.cache.forget_meanings(), ..self }
    }

    /// Ends a scrape: stores what the page holds, or that there is none, and what is written about every scrape.
    pub(crate) fn settle(
        &mut self,
        fetched: Result<Page, ScrapeError>,
        moment: Moment,
        job: &Job,
        sink: &Sink<R>,
        buffers: &Buffers,
    ) -> Outcome {
        let mut counts = Counts::default();
        let mut body_bytes = 0;
        let read = fetched.and_then(|page| {
            let mut unpacked = if page.packing != Packing::Plain { buffers.take() } else { Vec::new() };
            let read = self.read(&page, moment, job, sink, &mut unpacked, &mut counts, &mut body_bytes);
            buffers.give(unpacked);
            buffers.give(page.body);
            read
        });
        let (mut samples, mut error) = match read {
            Ok(samples) => (samples, None),
            Err(error) => {
                // A failed scrape adds nothing.
                counts.added = 0;
                (all_gone(&mut self.cache, moment.timestamp_ms), Some(error))
            }
        };
        self.share.settle(self.cache.present());
        let duration = moment.began.elapsed();
        self.report(&mut samples, moment.timestamp_ms, duration, &counts, error.is_none(), sink);
        self.last_timestamp_ms = Some(moment.timestamp_ms);
        let ended: Vec<R> = samples.ended().collect();
        let appended = self.append(samples, job, sink).unwrap_or_else(|reason| {
            // The samples of one scrape may be missing; a series that ended must not go on for five minutes more.
            self.cache.owe(ended);
            error = Some(ScrapeError::Store(reason));
            Appended::default()
        });
        Outcome {
            last: LastScrape {
                health: if error.is_none() { Health::Up } else { Health::Down },
                error: error.map(|e| e.to_string()).unwrap_or_default(),
                began_ms: Some(moment.timestamp_ms),
                duration,
                samples: counts.kept,
                left_out: LeftOut {
                    duplicate: counts.left_out.duplicate + appended.duplicates,
                    out_of_order: appended.out_of_order,
                    out_of_bounds: appended.out_of_bounds,
                    ..counts.left_out
                },
            },
            counts,
            body_bytes,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one scrape, split off for the early returns")]
    fn read(
        &mut self,
        page: &Page,
        moment: Moment,
        job: &Job,
        sink: &Sink<R>,
        unpacked: &mut Vec<u8>,
        counts: &mut Counts,
        body_bytes: &mut usize,
    ) -> Result<Samples<R>, ScrapeError> {
        let body = unpack::text(page, job.limits.body_size, unpacked)?;
        *body_bytes = body.len();
        let text = Text {
            body,
            format: unpack::format(page.content_type.as_deref(), job.fallback)?,
            timestamp_ms: moment.timestamp_ms,
        };
        let mut metadata = self.metadata.lock();
        let mut memory =
            Memory { target: &self.labels, cache: &mut self.cache, metadata: &mut metadata, share: &mut self.share };
        ingest(&text, job, &mut memory, &sink.intern, counts)
    }

    /// What is written about every scrape.
    fn report(
        &mut self,
        samples: &mut Samples<R>,
        timestamp_ms: i64,
        duration: Duration,
        counts: &Counts,
        up: bool,
        sink: &Sink<R>,
    ) {
        let values = [
            f64::from(u8::from(up)),
            duration.as_secs_f64(),
            counts.scraped as f64,
            counts.kept as f64,
            counts.added as f64,
        ];
        for (series, value) in self.report_series(sink).into_iter().zip(values) {
            samples.push(series, timestamp_ms, value);
        }
    }

    fn report_series(&mut self, sink: &Sink<R>) -> [R; 5] {
        let labels = &self.labels;
        *self.reports.get_or_insert_with(|| REPORTS.map(|metric| (sink.intern)(&report_labels(labels, metric))))
    }

    /// Ends the series of a target that is scraped no more, those about its scrapes included.
    pub(crate) fn end(mut self, now_ms: i64, sink: &Sink<R>) -> Result<(), String> {
        let Some(last) = self.last_timestamp_ms else { return Ok(()) };
        let timestamp_ms = now_ms.max(last + 1);
        let mut samples = all_gone(&mut self.cache, timestamp_ms);
        for series in self.report_series(sink) {
            samples.push(series, timestamp_ms, STALE_NAN);
        }
        // Those that are forgotten have ended already.
        renew::append(samples, sink, |_, _| Ok(())).map(drop)
    }

    fn append(&mut self, samples: Samples<R>, job: &Job, sink: &Sink<R>) -> Result<Appended, String> {
        renew::append(samples, sink, |forgotten, samples| {
            if let Some(reports) = self.reports
                && reports.iter().any(|series| forgotten.contains(series))
            {
                self.reports = None;
                let renewed = self.report_series(sink);
                for series in &mut samples.series {
                    *series = reports.iter().position(|old| old == series).map_or(*series, |at| renewed[at]);
                }
            }
            let labels = &self.labels;
            samples.rename(forgotten, &mut self.cache, |text| renew::intern(text, job, labels, sink))
        })
    }
}
