//! What an evaluation carries along: the fetched columns, the bounds, the notes to the asker.

use super::grid::{Asked, too_many_samples};
use crate::plan::Fetched;
use crate::{Error, Options};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// The state of one evaluation.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) fetched: &'a Fetched,
    pub(crate) asked: Asked,
    samples: Cell<usize>,
    warnings: RefCell<Vec<String>>,
    infos: RefCell<Vec<String>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(options: &'a Options, fetched: &'a Fetched, asked: Asked) -> Self {
        Context {
            options,
            fetched,
            asked,
            samples: Cell::new(fetched.sample_count()),
            warnings: RefCell::default(),
            infos: RefCell::default(),
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
        let total = self.samples.get().saturating_add(samples);
        self.samples.set(total);
        if total > self.options.max_samples { Err(too_many_samples()) } else { Ok(()) }
    }

    /// Runs one node of the expression. When it is done only its result is in memory, not what it was made of.
    pub(crate) fn node<T>(
        &self,
        run: impl FnOnce() -> Result<T, Error>,
        size: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        self.check()?;
        let before = self.samples.get();
        let result = run()?;
        self.samples.set(before);
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
        (self.warnings.into_inner(), self.infos.into_inner())
    }
}

/// As many notes of a kind as Prometheus's API gives at most.
const MAX_NOTES: usize = 10;

fn note(notes: &RefCell<Vec<String>>, message: String) {
    let mut notes = notes.borrow_mut();
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
