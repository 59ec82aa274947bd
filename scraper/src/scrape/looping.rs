//! A target's scrapes, one after the other.

use super::budget::{Budget, Share};
use super::buffers::Buffers;
use super::fetch::Fetcher;
use super::metadata::MetadataStore;
use super::schedule::Schedule;
use super::worker::{Moment, Outcome, Sink, Worker};
use super::{error::ScrapeError, fetch::Page};
use crate::config::Job;
use crate::metrics::Metrics;
use crate::target::Target;
use crate::target::status::LastScrape;
use parking_lot::Mutex;
use reqwest::Request;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A wait.
type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The clock of the loops: wall time, and waiting for it.
pub(crate) struct Clock {
    /// Nanoseconds since the Unix epoch.
    pub(crate) now_ns: Box<dyn Fn() -> i128 + Send + Sync>,
    /// Waits at least so long.
    pub(crate) sleep: Box<dyn Fn(Duration) -> Sleep + Send + Sync>,
}

impl Clock {
    /// The machine's.
    pub(crate) fn system() -> Self {
        Clock {
            now_ns: Box::new(|| jiff::Timestamp::now().as_nanosecond()),
            sleep: Box::new(|duration| Box::pin(tokio::time::sleep(duration))),
        }
    }
}

/// What all loops share.
pub(crate) struct Shared<R> {
    pub(crate) clock: Clock,
    pub(crate) sink: Sink<R>,
    pub(crate) buffers: Buffers,
    pub(crate) metrics: Metrics,
    /// Pages that may be read at a time.
    pub(crate) reading: Arc<Semaphore>,
    /// Where the loops run.
    pub(crate) runtime: Handle,
    /// The series of all jobs.
    pub(crate) budget: Arc<Budget>,
}

impl<R> Shared<R> {
    /// Loops of a runtime, on a clock, that hand their samples to a sink.
    pub(crate) fn new(runtime: Handle, clock: Clock, sink: Sink<R>, metrics: Metrics) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Shared {
            runtime,
            clock,
            sink,
            buffers: Buffers::default(),
            metrics,
            reading: Arc::new(Semaphore::new(cores)),
            budget: Arc::default(),
        }
    }
}

/// The scrapes of one target under one configuration.
pub(crate) struct ScrapeLoop<R> {
    pub(crate) target: Target,
    pub(crate) job: Arc<Job>,
    pub(crate) fetcher: Arc<Fetcher>,
    /// What every scrape sends.
    pub(crate) request: Option<Request>,
    /// Why no target of the job is scraped, where that is so.
    pub(crate) refusal: Arc<Mutex<Option<String>>>,
    pub(crate) last: Arc<Mutex<LastScrape>>,
    pub(crate) metadata: Arc<Mutex<MetadataStore>>,
    /// The series of the job.
    pub(crate) budget: Arc<Budget>,
    /// Added to the target's hash.
    pub(crate) seed: u64,
    pub(crate) shared: Arc<Shared<R>>,
}

impl<R: Copy + Eq + Hash + Send + Sync + 'static> ScrapeLoop<R> {
    /// A worker for a target that was never scraped.
    pub(crate) fn new_worker(&self) -> Worker<R> {
        let share = Share::new(self.budget.clone(), self.shared.budget.clone());
        Worker::new(self.target.labels.clone(), self.metadata.clone()).sharing(share)
    }

    /// Scrapes until it is told to stop; gives the worker back, for whoever goes on or ends the series.
    /// The first due moment is fixed here and now, not when the task gets its turn.
    pub(crate) fn run(self, worker: Worker<R>, stop: CancellationToken) -> impl Future<Output = Worker<R>> + Send {
        let schedule = Schedule::new(self.target.interval, self.target.hash(self.seed));
        let due = schedule.next_after(self.now());
        self.scrape_from(due, schedule, worker, stop)
    }

    async fn scrape_from(
        self,
        mut due: i128,
        schedule: Schedule,
        mut worker: Worker<R>,
        stop: CancellationToken,
    ) -> Worker<R> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return worker,
                () = self.wait(&schedule, &mut due) => {}
            }
            let (began, now) = (Instant::now(), self.now());
            let metrics = &self.shared.metrics;
            metrics.observe_lateness(Duration::from_nanos(u64::try_from(now - due).unwrap_or(0)));
            // A stop does not wait for a slow target.
            let fetched = tokio::select! {
                () = stop.cancelled() => return worker,
                fetched = self.fetch() => fetched,
            };
            let moment = Moment { timestamp_ms: schedule.timestamp_ms(due, now), began };
            worker = self.settle(worker, fetched, moment).await;
            let next = schedule.next_after(self.now().max(due));
            metrics.missed.inc_by(schedule.missed(due, next));
            due = next;
        }
    }

    /// Waits for the due moment on the wall clock, which may be set while we wait.
    async fn wait(&self, schedule: &Schedule, due: &mut i128) {
        loop {
            let now = self.now();
            if now >= *due {
                return;
            }
            // After the clock was set back the old moment may be hours away.
            *due = (*due).min(schedule.next_after(now));
            let rest = u64::try_from(*due - now).unwrap_or(u64::MAX);
            (self.shared.clock.sleep)(Duration::from_nanos(rest)).await;
        }
    }

    async fn fetch(&self) -> Result<Page, ScrapeError> {
        if let Some(reason) = self.refusal.lock().clone() {
            return Err(ScrapeError::Job(reason));
        }
        // Made once and copied: a URL is dear to parse. What can't be made is made again, for its error.
        let request = match self.request.as_ref().and_then(Request::try_clone) {
            Some(request) => request,
            None => self.fetcher.request(&self.target.url, self.target.timeout)?,
        };
        self.fetcher.fetch(request, self.target.timeout, self.shared.buffers.take()).await
    }

    /// The blocking half. One scrape of the target at a time, so the worker goes there and comes back.
    pub(crate) async fn settle(
        &self,
        mut worker: Worker<R>,
        fetched: Result<Page, ScrapeError>,
        moment: Moment,
    ) -> Worker<R> {
        // The semaphore is never closed; without a permit reading is merely not bounded.
        let permit = self.shared.reading.clone().acquire_owned().await.ok();
        let (shared, job) = (self.shared.clone(), self.job.clone());
        let settled = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let outcome = worker.settle(fetched, moment, &job, &shared.sink, &shared.buffers);
            (worker, outcome)
        });
        match settled.await {
            Ok((worker, outcome)) => {
                self.note(outcome);
                worker
            }
            Err(error) => {
                // A defect of ours: this target's series begin anew, the others do not notice.
                tracing::error!(%error, url = self.target.url, "a scrape was given up");
                self.new_worker()
            }
        }
    }

    fn note(&self, outcome: Outcome) {
        self.shared.metrics.observe(&outcome);
        let mut last = self.last.lock();
        if outcome.last.error != last.error {
            let (pool, url) = (&self.target.pool, &self.target.url);
            match outcome.last.error.is_empty() {
                true => tracing::info!(pool, url, "the target answers again"),
                false => tracing::warn!(pool, url, error = outcome.last.error, "the scrape failed"),
            }
        }
        *last = outcome.last;
    }

    fn now(&self) -> i128 {
        (self.shared.clock.now_ns)()
    }
}
