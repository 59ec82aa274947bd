//! What an evaluation carries along: the fetched columns, the bounds, the notes to the asker.

use super::grid::{Asked, too_many_samples};
use crate::plan::Fetched;
use crate::statistics::{Statistics, Step};
use crate::{Error, Options, Outcome, Value};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The state of one evaluation, which its threads share.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) fetched: &'a Fetched,
    pub(crate) asked: Asked,
    samples: AtomicUsize,
    peak: AtomicUsize,
    queryable: AtomicU64,
    steps: Mutex<Vec<Step>>,
    depth: AtomicUsize,
    warnings: Mutex<Vec<String>>,
    infos: Mutex<Vec<String>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(options: &'a Options, fetched: &'a Fetched, asked: Asked) -> Self {
        Context {
            options,
            fetched,
            asked,
            samples: AtomicUsize::new(fetched.sample_count()),
            peak: AtomicUsize::new(fetched.sample_count()),
            queryable: AtomicU64::default(),
            steps: Mutex::default(),
            depth: AtomicUsize::default(),
            warnings: Mutex::default(),
            infos: Mutex::default(),
        }
    }

    /// Fails where the time is up or the asker is gone. To be called about once per series.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check(self.options)
    }

    /// The same in a loop over steps or such.
    pub(crate) fn check_now_and_then(&self, round: usize) -> Result<(), Error> {
        if round.is_multiple_of(256) { self.check() } else { Ok(()) }
    }

    /// Counts samples that were put into memory.
    pub(crate) fn grow(&self, samples: usize) -> Result<(), Error> {
        // Each addition is far below the bound's distance to an overflow, and the first one past the bound ends it.
        let total = self.samples.fetch_add(samples, Ordering::Relaxed).saturating_add(samples);
        self.peak.fetch_max(total, Ordering::Relaxed);
        if total > self.options.max_samples { Err(too_many_samples()) } else { Ok(()) }
    }

    /// Counts samples that were looked at, each as often as it was.
    pub(crate) fn look_at(&self, samples: u64) {
        self.queryable.fetch_add(samples, Ordering::Relaxed);
    }

    /// Runs one node of the expression. When it is done only its result is in memory, not what it was made of.
    pub(crate) fn node<T>(
        &self,
        name: impl FnOnce() -> String,
        run: impl FnOnce() -> Result<T, Error>,
        size: impl FnOnce(&T) -> (usize, usize),
    ) -> Result<T, Error> {
        self.check()?;
        let began = Instant::now();
        // Nodes are evaluated one after the other, only what is inside of them by several threads.
        let depth = self.depth.fetch_add(1, Ordering::Relaxed);
        let place = {
            let mut steps = self.steps.lock().unwrap_or_else(|e| e.into_inner());
            steps.push(Step { name: name(), depth, series: 0, values: 0, took: Duration::ZERO });
            steps.len() - 1
        };
        let before = self.samples.load(Ordering::Relaxed);
        let result = run()?;
        self.depth.store(depth, Ordering::Relaxed);
        self.samples.store(before, Ordering::Relaxed);
        let (series, values) = size(&result);
        self.grow(values)?;
        check_series(series, self.options)?;
        if let Some(step) = self.steps.lock().unwrap_or_else(|e| e.into_inner()).get_mut(place) {
            (step.series, step.values, step.took) = (series, values, began.elapsed());
        }
        Ok(result)
    }

    /// Notes that the answer may not be what was meant.
    pub(crate) fn warn(&self, message: fmt::Arguments<'_>) {
        note(&self.warnings, format!("PromQL warning: {message}"));
    }

    /// Notes a hint.
    pub(crate) fn inform(&self, message: fmt::Arguments<'_>) {
        note(&self.infos, format!("PromQL info: {message}"));
    }

    /// The answer with what there is to say about it.
    pub(crate) fn outcome(self, value: Value, planning: Duration) -> Outcome {
        let statistics = Statistics {
            queryable_samples: self.queryable.into_inner(),
            peak_samples: self.peak.into_inner(),
            planning,
            fetches: self.fetched.fetches.clone(),
            steps: into_inner(self.steps),
        };
        Outcome { value, warnings: into_inner(self.warnings), infos: into_inner(self.infos), statistics }
    }
}

fn into_inner<T>(list: Mutex<Vec<T>>) -> Vec<T> {
    list.into_inner().unwrap_or_else(|e| e.into_inner())
}

/// Fails where there are more series than allowed.
pub(crate) fn check_series(series: usize, options: &Options) -> Result<(), Error> {
    if series <= options.max_series {
        return Ok(());
    }
    let most = options.max_series;
    Err(Error::TooMany(format!("query processing would have too many series in memory: {series}, at most {most}")))
}

/// As many notes of a kind as Prometheus's API gives at most.
const MAX_NOTES: usize = 10;

fn note(notes: &Mutex<Vec<String>>, message: String) {
    let mut notes = notes.lock().unwrap_or_else(|e| e.into_inner());
    if notes.len() < MAX_NOTES && !notes.contains(&message) {
        notes.push(message);
    }
}

/// Fails where the time is up or the asker is gone.
pub(crate) fn check(options: &Options) -> Result<(), Error> {
    if options.canceled.as_ref().is_some_and(|c| c.load(Ordering::Relaxed)) {
        return Err(Error::Canceled);
    }
    if options.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        return Err(Error::Timeout);
    }
    Ok(())
}
