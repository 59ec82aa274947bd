//! From a snapshot and its groups to exposition text. Pure: bytes in memory, no sockets.
//!
//! Not prometheus-client's encoder: that one does not escape label values, and would look up every series in a map.
//! Here each process keeps its labels as escaped text, and a sample is a few copies and one number.

mod body;
mod labels;
mod number;

use std::io;

use self::body::Body;
pub use self::body::{Compression, Finished};
pub use self::labels::ProcessLabels;
use self::labels::label_value;
use crate::group::{Group, Groups, Selection, Threads, Waits};
use crate::metric::{Families, Family, Kind, Metric, PROCESS, Quantity, Samples, Scheme, process_exporter};
use crate::own::Spent;
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Process, Snapshot, State};
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
                let value = |quantity| value(quantity, &totals.counters, &totals.gauges, None);
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
                self.quantities(metric, |_| Some((count, 0)), &mut begun, start);
                self.body.spill()?;
            }
        }
        Ok(())
    }

    /// What process-exporter says of its scrapes.
    pub fn scrape_errors(&mut self, errors: ScrapeErrors) {
        for metric in process_exporter::SCRAPE {
            let value = |quantity| match quantity {
                Quantity::ScrapeErrors => Some((errors.scrapes, 0)),
                Quantity::ProcessErrors => Some((errors.processes, 0)),
                Quantity::PartialErrors => Some((errors.files, 0)),
                _ => None,
            };
            if let (Samples::One(quantity), mut begun) = (metric.samples, false)
                && let Some((value, decimals)) = value(quantity)
            {
                self.begin(metric, &mut begun);
                self.body.text.push(b' ');
                number::decimal(&mut self.body.text, value, decimals);
                self.body.text.push(b'\n');
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
                let value = |quantity| match quantity {
                    // What means nothing as a sum.
                    Quantity::Start | Quantity::Gauge(Gauge::FdLimit | Gauge::OomScore) => None,
                    other => value(other, &totals.counters, &totals.gauges, None),
                };
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

    fn group(&mut self, scheme: Scheme, metric: &Metric, group: &Group, begun: &mut bool) {
        let totals = &group.totals;
        let start = |text: &mut Vec<u8>| {
            for part in ["{", scheme.group_label(), "=\""] {
                text.extend_from_slice(part.as_bytes());
            }
            label_value(text, &group.name);
            text.push(b'"');
        };
        if let Samples::States = metric.samples {
            for state in State::ALL {
                if let Some(count) = totals.states[state as usize] {
                    self.begin(metric, begun);
                    start(&mut self.body.text);
                    self.end("state", state.as_str(), count, 0);
                }
            }
            return;
        }
        let value = |quantity| match quantity {
            Quantity::In(states) => {
                Some((states.iter().filter_map(|state| totals.states[*state as usize]).sum::<u64>(), 0))
            }
            Quantity::WorstFdRatio => Some((totals.worst_fd_ratio?, 9)),
            Quantity::Starts => Some((totals.starts, 0)),
            Quantity::Exits => Some((totals.exits, 0)),
            other => value(other, &totals.counters, &totals.gauges, totals.oldest_start_ms),
        };
        self.quantities(metric, value, begun, start);
    }

    fn process(&mut self, metric: &Metric, process: &Process, labels: &ProcessLabels, begun: &mut bool) {
        let Some(labels) = labels.of(process) else { return };
        let start = |text: &mut Vec<u8>| text.extend_from_slice(labels.common());
        match metric.samples {
            Samples::States => {
                self.begin(metric, begun);
                start(&mut self.body.text);
                self.end("state", process.state.as_str(), 1, 0);
            }
            Samples::Identity => {
                self.begin(metric, begun);
                start(&mut self.body.text);
                self.body.text.extend_from_slice(labels.identity());
                self.body.text.extend_from_slice(b"} 1\n");
            }
            _ => {
                let start_ms = Some(process.identity.start_ms).filter(|start| *start > 0);
                let value = |quantity| value(quantity, &process.counters, &process.gauges, start_ms);
                self.quantities(metric, value, begun, start);
            }
        }
    }

    fn quantities(
        &mut self,
        metric: &Metric,
        value: impl Fn(Quantity) -> Option<(u64, u32)>,
        begun: &mut bool,
        start: impl Fn(&mut Vec<u8>),
    ) {
        match metric.samples {
            Samples::One(quantity) => {
                if let Some((value, decimals)) = value(quantity) {
                    self.begin(metric, begun);
                    start(&mut self.body.text);
                    self.body.text.extend_from_slice(b"} ");
                    number::decimal(&mut self.body.text, value, decimals);
                    self.body.text.push(b'\n');
                }
            }
            Samples::By(label, by) => {
                for (name, quantity) in by {
                    if quantity.family().is_some_and(|family| !self.families.has(family)) {
                        continue;
                    }
                    if let Some((value, decimals)) = value(*quantity) {
                        self.begin(metric, begun);
                        start(&mut self.body.text);
                        self.end(label, name, value, decimals);
                    }
                }
            }
            Samples::ByTwo([first, second], by) => {
                for ([one, other], quantity) in by {
                    if quantity.family().is_some_and(|family| !self.families.has(family)) {
                        continue;
                    }
                    if let Some((value, decimals)) = value(*quantity) {
                        self.begin(metric, begun);
                        start(&mut self.body.text);
                        for part in [",", first, "=\"", one, "\""] {
                            self.body.text.extend_from_slice(part.as_bytes());
                        }
                        self.end(second, other, value, decimals);
                    }
                }
            }
            // Written by the callers, or by prometheus-client.
            Samples::States | Samples::Identity | Samples::Own(_) => {}
        }
    }

    /// The family's head before its first sample, and the sample's name.
    fn begin(&mut self, metric: &Metric, begun: &mut bool) {
        let text = &mut self.body.text;
        if !std::mem::replace(begun, true) {
            // Text 0.0.4 knows neither units nor info, and calls the family as its samples.
            let (suffix, kind) = match (self.format, metric.kind) {
                (Format::OpenMetrics, kind) => ("", kind.as_str()),
                (Format::Text, Kind::Info) => ("_info", "gauge"),
                (Format::Text, Kind::BareCounter) => ("", "counter"),
                (Format::Text, kind) => (kind.suffix(), kind.as_str()),
            };
            let unit = match (self.format, metric.unit) {
                (Format::OpenMetrics, Some(unit)) => ["# UNIT ", metric.name, " ", unit, "\n"],
                _ => [""; 5],
            };
            for part in
                ["# HELP ", metric.name, suffix, " ", metric.help, "\n# TYPE ", metric.name, suffix, " ", kind, "\n"]
                    .into_iter()
                    .chain(unit)
            {
                text.extend_from_slice(part.as_bytes());
            }
        }
        text.extend_from_slice(metric.name.as_bytes());
        text.extend_from_slice(metric.kind.suffix().as_bytes());
    }

    /// The last label, whose value needs no escaping, and the value.
    fn end(&mut self, label: &str, label_value: &str, value: u64, decimals: u32) {
        let text = &mut self.body.text;
        for part in [",", label, "=\"", label_value, "\"} "] {
            text.extend_from_slice(part.as_bytes());
        }
        number::decimal(text, value, decimals);
        text.push(b'\n');
    }
}

/// Two labels, open for more.
fn two_labels(text: &mut Vec<u8>, labels: [&str; 2], values: [&str; 2]) {
    for (before, (label, value)) in ["{", "\","].into_iter().zip(labels.into_iter().zip(values)) {
        for part in [before, label, "=\""] {
            text.extend_from_slice(part.as_bytes());
        }
        label_value(text, value);
    }
    text.push(b'"');
}

/// A quantity that processes and groups both have: a number, and how many of its digits stand behind the point.
fn value(quantity: Quantity, counters: &Counters, gauges: &Gauges, start_ms: Option<u64>) -> Option<(u64, u32)> {
    match quantity {
        Quantity::Counter(
            counter @ (Counter::CpuUser
            | Counter::CpuSystem
            | Counter::Cpu
            | Counter::ChildrenUser
            | Counter::ChildrenSystem
            | Counter::RunQueue
            | Counter::BlockDelay),
        ) => Some((counters.get(counter)?, 9)),
        Quantity::Counter(counter) => Some((counters.get(counter)?, 0)),
        Quantity::Gauge(gauge) => Some((gauges.get(gauge)?, 0)),
        Quantity::Start => Some((start_ms?, 3)),
        // Of groups or scrapes alone.
        Quantity::In(_)
        | Quantity::WorstFdRatio
        | Quantity::Starts
        | Quantity::Exits
        | Quantity::ScrapeErrors
        | Quantity::ProcessErrors
        | Quantity::PartialErrors => None,
    }
}

#[cfg(test)]
mod tests;
