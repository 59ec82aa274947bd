//! From a snapshot and its groups to exposition text. Pure: bytes in memory, no sockets.
//!
//! Not prometheus-client's encoder: that one does not escape label values, and would look up every series in a map.
//! Here each process keeps its labels as escaped text, and a sample is a few copies and one number.

mod body;
mod labels;
mod lines;
mod number;
mod one;
mod value;

use std::io;

use self::body::Body;
pub use self::body::{Compression, Finished};
pub use self::labels::ProcessLabels;
use self::lines::two_labels;
use self::number::Number;
use self::value::{value, value_of_rest};
use crate::group::{Groups, Selection, Threads, Waits};
use crate::metric::{Families, Family, PROCESS, Quantity, Samples, Scheme, process_exporter};
use crate::own::Spent;
use crate::snapshot::Snapshot;
use procession_web::exposition::Format;

/// An exposition as it is being written.
pub struct Exposition<'a> {
    body: Body<'a>,
    format: Format,
    families: Families,
}

/// Of the series that stand for all processes without series of their own.
const FOLDED_LABELS: &[u8] = b"{pid=\"other\",group=\"other\"";

/// What process-exporter counts of its scrapes, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScrapeErrors {
    /// Scrapes in which the processes could not be listed.
    pub scrapes: u64,
    /// Processes whose `stat` could not be read.
    pub processes: u64,
    /// Other files of processes that could not be read.
    pub files: u64,
}

impl<'a> Exposition<'a> {
    /// An empty one, which gathers what is written.
    pub fn new(format: Format, compression: Compression) -> Exposition<'a> {
        Exposition { body: Body::new(compression, None), format, families: Families::default() }
    }

    /// An empty one that hands on what is written, in pieces of some 64 KiB.
    pub fn through(
        format: Format,
        compression: Compression,
        outlet: &'a mut dyn FnMut(Vec<u8>) -> io::Result<()>,
    ) -> Exposition<'a> {
        Exposition { body: Body::new(compression, Some(outlet)), format, families: Families::default() }
    }

    /// Only these families are written; at first those that are on unless switched off.
    #[must_use]
    pub fn of(mut self, families: Families) -> Exposition<'a> {
        self.families = families;
        self
    }

    /// The families of all groups, with our names.
    ///
    /// # Errors
    /// Where compression or the outlet fails.
    pub fn groups(&mut self, groups: &Groups) -> io::Result<()> {
        self.groups_as(Scheme::Procession, groups)
    }

    /// The families of all groups.
    ///
    /// # Errors
    /// Where compression or the outlet fails.
    pub fn groups_as(&mut self, scheme: Scheme, groups: &Groups) -> io::Result<()> {
        let families = self.families;
        for metric in scheme.groups().iter().filter(|metric| metric.is_in(families)) {
            let mut begun = false;
            for group in groups.iter() {
                self.group(scheme, metric, group, &mut begun);
                self.body.spill()?;
            }
        }
        Ok(())
    }

    /// The families of threads by group and name.
    ///
    /// # Errors
    /// Where compression fails.
    pub fn threads_as(&mut self, scheme: Scheme, threads: &Threads) -> io::Result<()> {
        if !self.families.has(Family::ThreadNames) {
            return Ok(());
        }
        // What is off is not known of threads either; what is asked for is all of them.
        let families = std::mem::take(&mut self.families);
        for metric in scheme.threads() {
            let mut begun = false;
            for (group, name, totals) in threads.iter() {
                let start =
                    |text: &mut Vec<u8>| two_labels(text, [scheme.group_label(), scheme.thread_label()], [group, name]);
                let value = |quantity| value(quantity, &totals.counters, &totals.gauges);
                self.quantities(metric, value, &mut begun, start);
                self.body.spill()?;
            }
        }
        self.families = families;
        Ok(())
    }

    /// The family of wait channels by group.
    ///
    /// # Errors
    /// Where compression fails.
    pub fn waits_as(&mut self, scheme: Scheme, waits: &Waits) -> io::Result<()> {
        let families = self.families;
        for metric in scheme.waits().iter().filter(|_| families.has(Family::WaitChannels)) {
            let mut begun = false;
            for (group, channel, count) in waits.iter() {
                let start = |text: &mut Vec<u8>| {
                    two_labels(text, [scheme.group_label(), scheme.wait_label()], [group, channel]);
                };
                self.quantities(metric, |_| Some(Number::Whole(count)), &mut begun, start);
                self.body.spill()?;
            }
        }
        Ok(())
    }

    /// What process-exporter says of its scrapes.
    pub fn scrape_errors(&mut self, errors: ScrapeErrors) {
        for metric in process_exporter::SCRAPE {
            let value = |quantity| match quantity {
                Quantity::ScrapeErrors => Some(errors.scrapes),
                Quantity::ProcessErrors => Some(errors.processes),
                Quantity::PartialErrors => Some(errors.files),
                _ => None,
            };
            if let Samples::One(quantity) = metric.samples
                && let Some(value) = value(quantity)
            {
                self.begin(metric, &mut false);
                self.body.text.push(b' ');
                self.value(Number::Whole(value));
            }
        }
    }

    /// The families of all processes. `labels` must hold each process's labels: [`ProcessLabels::update`].
    ///
    /// # Errors
    /// Where compression or the outlet fails.
    pub fn processes(&mut self, snapshot: &Snapshot, labels: &ProcessLabels) -> io::Result<()> {
        self.processes_of(&Selection::default(), snapshot, labels)
    }

    /// The families of the processes that are selected, and the sums over the others.
    ///
    /// # Errors
    /// Where compression or the outlet fails.
    pub fn processes_of(
        &mut self,
        selection: &Selection,
        snapshot: &Snapshot,
        labels: &ProcessLabels,
    ) -> io::Result<()> {
        let families = self.families;
        for metric in PROCESS.iter().filter(|metric| metric.is_in(families)) {
            let mut begun = false;
            for process in snapshot.processes().filter(|process| selection.shows(process)) {
                self.process(metric, process, labels, &mut begun);
                self.body.spill()?;
            }
            if let Some(totals) = selection.folded() {
                let value = |quantity| value_of_rest(quantity, totals);
                let start = |text: &mut Vec<u8>| text.extend_from_slice(FOLDED_LABELS);
                self.quantities(metric, value, &mut begun, start);
            }
        }
        Ok(())
    }

    /// Adds text that is whole as it is, such as the exporter's own metrics and the end mark. Returns what was not handed
    /// on.
    ///
    /// # Errors
    /// Where compression or the outlet fails.
    pub fn finish(mut self, rest: &str) -> io::Result<Finished> {
        self.body.text.extend_from_slice(rest.as_bytes());
        self.body.finish()
    }

    /// What compressing took since this was last asked.
    pub(crate) fn compressing(&mut self) -> Spent {
        self.body.compressing()
    }
}

#[cfg(test)]
mod tests;
