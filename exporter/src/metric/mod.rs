//! The definition of every metric, in one table: HELP, TYPE, UNIT, the encoder's families and `docs/metrics.md` come from it.

mod family;
mod group;
pub mod own;
pub mod page;
mod process;
pub mod process_exporter;
mod samples;

pub use self::family::{Families, Family};
pub use self::group::{GROUP, THREAD, WAIT};
pub use self::own::ALL as OWN;
pub use self::process::PROCESS;

use crate::snapshot::{Bound, Counter, Gauge, Resource, State};

/// Whose names the families of groups have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Ours.
    #[default]
    Procession,
    /// Those of process-exporter, for dashboards and alerts that were written for it.
    ProcessExporter,
}

impl Scheme {
    /// The families of groups.
    pub fn groups(self) -> &'static [Metric] {
        match self {
            Scheme::Procession => GROUP,
            Scheme::ProcessExporter => process_exporter::GROUP,
        }
    }

    /// The families of threads by group and name.
    pub fn threads(self) -> &'static [Metric] {
        match self {
            Scheme::Procession => THREAD,
            Scheme::ProcessExporter => process_exporter::THREAD,
        }
    }

    /// The families of wait channels by group.
    pub fn waits(self) -> &'static [Metric] {
        match self {
            Scheme::Procession => WAIT,
            Scheme::ProcessExporter => process_exporter::WAIT,
        }
    }

    /// The label that holds the name of a wait channel.
    pub fn wait_label(self) -> &'static str {
        match self {
            Scheme::Procession => "channel",
            Scheme::ProcessExporter => "wchan",
        }
    }

    /// The label that holds the name of a thread.
    pub fn thread_label(self) -> &'static str {
        match self {
            Scheme::Procession => "thread",
            Scheme::ProcessExporter => "threadname",
        }
    }

    /// The label that holds the name of the group.
    pub fn group_label(self) -> &'static str {
        match self {
            Scheme::Procession => "group",
            Scheme::ProcessExporter => "groupname",
        }
    }
}

/// One metric family.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The family's name as OpenMetrics has it: counters without `_total`, info without `_info`.
    pub name: &'static str,
    /// One line on what it is. Plain text without quotes, backslashes or line ends, so it needs no escaping.
    pub help: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The base unit; the name then ends with it.
    pub unit: Option<&'static str>,
    /// Its samples, beside the labels that every family of its kind has.
    pub samples: Samples,
}

/// Types of metric families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the thing that is counted exists.
    Counter,
    /// A value of the moment.
    Gauge,
    /// Labels that say what something is; the value is 1.
    Info,
    /// A counter whose name does not end with `_total`. OpenMetrics knows none such: there it is of unknown type, and
    /// keeps its name.
    BareCounter,
}

impl Kind {
    /// The spelling of OpenMetrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Info => "info",
            Kind::BareCounter => "unknown",
        }
    }

    /// What OpenMetrics puts between the family's name and the labels of a sample.
    pub fn suffix(self) -> &'static str {
        match self {
            Kind::Counter => "_total",
            Kind::Gauge | Kind::BareCounter => "",
            Kind::Info => "_info",
        }
    }
}

/// Which samples a family has per process or group.
#[derive(Debug, Clone, Copy)]
pub enum Samples {
    /// One sample.
    One(Quantity),
    /// One per value of a label.
    By(&'static str, &'static [(&'static str, Quantity)]),
    /// One per value of two labels.
    ByTwo([&'static str; 2], &'static [([&'static str; 2], Quantity)]),
    /// By the label `state`: for a group the number of processes in each, for a process 1 for the one it is in.
    States,
    /// The labels of the process's identity.
    Identity,
    /// The process's command line as a label.
    CommandLine,
    /// Kept by prometheus-client; these are its labels.
    Own(&'static [&'static str]),
}

/// The most samples that one process or one group can have, of the families that are on; at least one.
pub fn series_each(metrics: &[Metric], families: Families) -> usize {
    let is_on = |quantity: Quantity| quantity.family().is_none_or(|family| families.has(family));
    let samples = |metric: &Metric| match metric.samples {
        Samples::One(_) | Samples::Identity | Samples::CommandLine => 1,
        Samples::By(_, by) => by.iter().filter(|(_, quantity)| is_on(*quantity)).count(),
        Samples::ByTwo(_, by) => by.iter().filter(|(_, quantity)| is_on(*quantity)).count(),
        Samples::States => State::ALL.len(),
        Samples::Own(_) => 0,
    };
    metrics.iter().filter(|metric| metric.is_in(families)).map(samples).sum::<usize>().max(1)
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// One that grows.
    Counter(Counter),
    /// One of the moment.
    Gauge(Gauge),
    /// The start of the process, or of the oldest one of a group.
    Start,
    /// The start of the youngest process of a group.
    NewestStart,
    /// The mean of the starts of the processes of a group.
    MeanStart,
    /// [`Gauge::Nice`], which may be below 0.
    Nice,
    /// 1 where [`Gauge::Policy`] is this number.
    Policy(u64),
    /// A resource limit.
    Limit(Resource, Bound),
    /// Processes of a group that are in one of these states.
    In(&'static [State]),
    /// The worst ratio of open files to their limit in a group.
    WorstFdRatio,
    /// The highest CPU rate of a group in the last minute.
    PeakCpu,
    /// The highest resident memory of a group in the last minute.
    PeakResident,
    /// Processes that were seen to start in a group.
    Starts,
    /// Processes that were seen to end in a group.
    Exits,
    /// Scrapes that failed.
    ScrapeErrors,
    /// Processes that could not be read.
    ProcessErrors,
    /// Files of processes that could not be read, without those that a process needs to be seen at all.
    PartialErrors,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_counts() {
        let all = series_each(PROCESS, Families::default());
        assert_eq!(series_each(PROCESS, Families::default().with(Family::LogicalIo)), all + 4);
        assert_eq!(series_each(PROCESS, Families::default().without(Family::Faults)), all - 2);
        assert!((25..=35).contains(&all), "{all}: docs/exporter.md says about 30");
        assert_eq!(series_each(&[], Families::default()), 1, "it divides");
    }

    #[test]
    fn names_follow_openmetrics() {
        let mut names = std::collections::BTreeSet::new();
        let theirs = process_exporter::GROUP.iter().chain(process_exporter::THREAD).chain(process_exporter::SCRAPE);
        for metric in
            GROUP.iter().chain(THREAD).chain(WAIT).chain(process_exporter::WAIT).chain(PROCESS).chain(OWN).chain(theirs)
        {
            assert!(names.insert(metric.name), "{} twice", metric.name);
            assert!(metric.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", metric.name);
            assert!(!metric.name.ends_with("_total") && !metric.name.ends_with("_info"), "{}", metric.name);
            if let Some(unit) = metric.unit {
                assert!(metric.name.ends_with(&format!("_{unit}")), "{} has the unit {unit}", metric.name);
            }
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\\', '"', '\n']), "{}", metric.name);
            assert!(!metric.name.starts_with("process_"), "{}", metric.name);
        }
    }
}
