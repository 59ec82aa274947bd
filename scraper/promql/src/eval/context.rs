//! What an evaluation carries along: the fetched columns, the bounds, the notes to the asker.

use super::grid::{Asked, too_many_samples};
use crate::plan::Fetched;
use crate::{Error, Options};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The state of one evaluation, which its threads share.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) fetched: &'a Fetched,
    pub(crate) asked: Asked,
    samples: AtomicUsize,
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
        if total > self.options.max_samples { Err(too_many_samples()) } else { Ok(()) }
    }

    /// Runs one node of the expression. When it is done only its result is in memory, not what it was made of.
    pub(crate) fn node<T>(
        &self,
        run: impl FnOnce() -> Result<T, Error>,
        size: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        self.check()?;
        let before = self.samples.load(Ordering::Relaxed);
        let result = run()?;
        self.samples.store(before, Ordering::Relaxed);
        self.grow(size(&result))?;
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

    /// The notes, warnings first.
    pub(crate) fn into_notes(self) -> (Vec<String>, Vec<String>) {
        let list = |notes: Mutex<Vec<String>>| notes.into_inner().unwrap_or_else(|e| e.into_inner());
        (list(self.warnings), list(self.infos))
    }
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
