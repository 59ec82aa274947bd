//! Which charts a group and a process have: every family of the exporter is in one of them, which a test holds.

use super::Metrics::{self, Group, Process};
use crate::chart::Unit;

/// What a metric is to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    /// A counter: its rate.
    Counter,
    /// A counter of what happens seldom: how many a minute.
    Events,
    /// A gauge: its mean where a point stands for several scrapes, with a band; in a stack its highest value.
    Gauge,
    /// A gauge that tells parts of a whole: their means add up, their peaks would not.
    Part,
}

/// A query of a chart: one series, or one for each value of some labels.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) kind: Metric,
    /// What follows the prefix of the subject's families, or one of the names below.
    pub(super) metric: &'static str,
    /// The labels whose values are series of their own.
    pub(super) by: &'static [&'static str],
    /// What the one series is called otherwise.
    pub(super) name: &'static str,
}

/// A chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trend {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: Unit,
    pub(super) stacked: bool,
    /// Shown without data too: what every exporter tells of every process.
    pub(super) always: bool,
    /// Of what there is only one of the two, where it is only one.
    pub(super) of: Option<Metrics>,
    pub(super) lines: &'static [Line],
}

const fn one(kind: Metric, metric: &'static str, name: &'static str) -> Line {
    Line { kind, metric, by: &[], name }
}

const fn each(kind: Metric, metric: &'static str, by: &'static [&'static str]) -> Line {
    Line { kind, metric, by, name: "" }
}

const fn lines(id: &'static str, title: &'static str, unit: Unit, lines: &'static [Line]) -> Trend {
    Trend { id, title, unit, stacked: false, always: false, of: None, lines }
}

const fn stack(id: &'static str, title: &'static str, unit: Unit, lines: &'static [Line]) -> Trend {
    Trend { stacked: true, ..self::lines(id, title, unit, lines) }
}

const fn always(trend: Trend) -> Trend {
    Trend { always: true, ..trend }
}

const fn only(of: Metrics, trend: Trend) -> Trend {
    Trend { of: Some(of), ..trend }
}

/// Stands for the metric that counts states, which is not called alike for groups and processes.
pub(super) const STATES: &str = "states";
/// Stands for open files by their limit: the worst of a group, the one of a process.
pub(super) const FD_RATIO: &str = "fd_ratio";

use Metric::{Counter, Events, Gauge, Part};

/// The charts in the order of the page.
pub(super) const TRENDS: &[Trend] = &[
    always(stack("cpu", "CPU cores", Unit::Cores, &[each(Counter, "cpu_seconds_total", &["mode"])])),
    always(stack(
        "memory",
        "Memory",
        Unit::Bytes,
        &[one(Gauge, "resident_memory_bytes", "resident"), one(Gauge, "swap_memory_bytes", "swapped")],
    )),
    always(lines(
        "io",
        "Storage",
        Unit::BytesPerSecond,
        &[one(Counter, "read_bytes_total", "reads"), one(Counter, "written_bytes_total", "writes")],
    )),
    always(stack("states", "States", Unit::Short, &[each(Part, STATES, &["state"])])),
    only(
        Group,
        lines("peak_cpu", "Highest CPU rate of a minute", Unit::Cores, &[one(Gauge, "peak_cpu_cores", "highest")]),
    ),
    only(
        Group,
        lines(
            "peak_memory",
            "Highest resident memory of a minute",
            Unit::Bytes,
            &[one(Gauge, "peak_resident_memory_bytes", "highest")],
        ),
    ),
    only(
        Group,
        lines(
            "lives",
            "Starts and exits a minute",
            Unit::Short,
            &[one(Events, "starts_total", "starts"), one(Events, "exits_total", "exits")],
        ),
    ),
    lines(
        "network",
        "Network",
        Unit::BytesPerSecond,
        &[
            one(Counter, "network_receive_bytes_total", "received"),
            one(Counter, "network_transmit_bytes_total", "sent"),
        ],
    ),
    lines(
        "packets",
        "Segments and datagrams",
        Unit::PerSecond,
        &[
            one(Counter, "network_receive_packets_total", "received"),
            one(Counter, "network_transmit_packets_total", "sent"),
        ],
    ),
    stack("kinds", "Resident memory by kind", Unit::Bytes, &[each(Part, "resident_memory_by_kind_bytes", &["kind"])]),
    lines("shared", "Memory by how it is shared", Unit::Bytes, &[each(Gauge, "shared_memory_bytes", &["kind"])]),
    always(lines("files", "Open files", Unit::Short, &[one(Gauge, "open_fds", "open files")])),
    lines("fd_ratio", "Open files by their limit", Unit::Ratio, &[one(Gauge, FD_RATIO, "of the limit")]),
    stack("fd_types", "Open files by type", Unit::Short, &[each(Part, "open_fds_by_type", &["type"])]),
    stack("sockets", "Sockets", Unit::Short, &[each(Part, "sockets", &["protocol", "state"])]),
    always(lines("threads", "Threads", Unit::Short, &[one(Gauge, "threads", "threads")])),
    lines(
        "waiting",
        "Time spent waiting",
        Unit::Ratio,
        &[
            one(Counter, "run_queue_seconds_total", "for a CPU"),
            one(Counter, "threads_run_queue_seconds_total", "for a CPU, all threads"),
            one(Counter, "block_delay_seconds_total", "for storage"),
        ],
    ),
    lines("guest", "CPU cores for guests", Unit::Cores, &[one(Counter, "guest_cpu_seconds_total", "guests")]),
    lines("signals", "Pending signals", Unit::Short, &[one(Gauge, "pending_signals", "pending")]),
    only(Group, stack("channels", "Wait channels", Unit::Short, &[each(Part, "waiting", &["channel"])])),
    always(lines("faults", "Page faults", Unit::PerSecond, &[each(Counter, "page_faults_total", &["kind"])])),
    always(lines(
        "switches",
        "Context switches of main threads",
        Unit::PerSecond,
        &[each(Counter, "context_switches_total", &["kind"])],
    )),
    lines(
        "logical",
        "Reads and writes by calls, from and to wherever",
        Unit::BytesPerSecond,
        &[one(Counter, "logical_read_bytes_total", "reads"), one(Counter, "logical_written_bytes_total", "writes")],
    ),
    lines("calls", "Calls that read and write", Unit::PerSecond, &[each(Counter, "io_calls_total", &["kind"])]),
    only(
        Group,
        stack(
            "thread_cpu",
            "CPU cores by thread name",
            Unit::Cores,
            &[each(Counter, "thread_cpu_seconds_total", &["thread"])],
        ),
    ),
    only(Group, stack("named_threads", "Threads by name", Unit::Short, &[each(Part, "named_threads", &["thread"])])),
    only(
        Group,
        stack(
            "thread_reads",
            "Storage reads by thread name",
            Unit::BytesPerSecond,
            &[each(Counter, "thread_read_bytes_total", &["thread"])],
        ),
    ),
    only(
        Group,
        stack(
            "thread_writes",
            "Storage writes by thread name",
            Unit::BytesPerSecond,
            &[each(Counter, "thread_written_bytes_total", &["thread"])],
        ),
    ),
    only(
        Group,
        stack(
            "thread_faults",
            "Page faults by thread name",
            Unit::PerSecond,
            &[each(Counter, "thread_page_faults_total", &["thread"])],
        ),
    ),
    only(
        Group,
        stack(
            "thread_switches",
            "Context switches by thread name",
            Unit::PerSecond,
            &[each(Counter, "thread_context_switches_total", &["thread"])],
        ),
    ),
    only(
        Process,
        stack(
            "children_cpu",
            "CPU cores of children that have ended",
            Unit::Cores,
            &[each(Counter, "children_time_seconds_total", &["mode"])],
        ),
    ),
    only(
        Process,
        lines(
            "children_faults",
            "Page faults of children that have ended",
            Unit::PerSecond,
            &[each(Counter, "children_page_faults_total", &["kind"])],
        ),
    ),
    always(lines("virtual", "Virtual memory", Unit::Bytes, &[one(Gauge, "virtual_memory_bytes", "virtual")])),
    lines(
        "details",
        "Virtual memory for data and stacks, locked memory",
        Unit::Bytes,
        &[each(Gauge, "memory_details_bytes", &["kind"])],
    ),
    only(
        Process,
        lines(
            "scheduling",
            "Nice value and real-time priority",
            Unit::Short,
            &[one(Gauge, "nice", "nice value"), one(Gauge, "realtime_priority", "real-time priority")],
        ),
    ),
    only(Process, lines("oom", "OOM score", Unit::Short, &[one(Gauge, "oom_score", "score")])),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Families that are no trend: they say what it is and since when, on the pages themselves, or are part of one.
    const NO_TREND: [&str; 12] = [
        "proc_info",
        "proc_command_line_info",
        "proc_scheduling_policy",
        "proc_limit",
        "proc_limit_bytes",
        "proc_limit_seconds",
        "proc_group_newest_start_time_seconds",
        "proc_group_mean_start_time_seconds",
        "proc_start_time_seconds",
        "proc_group_oldest_start_time_seconds",
        // In `FD_RATIO`.
        "proc_fd_limit",
        "proc_group_worst_fd_ratio",
    ];

    /// The page of all metrics of the exporter is made from its table, and held to it.
    const METRICS: &str = include_str!("../../../../docs/metrics.md");

    #[test]
    fn every_family_is_in_a_chart() {
        let shown: Vec<String> = TRENDS
            .iter()
            .flat_map(|trend| trend.lines.iter().map(move |line| (trend, line)))
            .flat_map(|(trend, line)| {
                let of: &[Metrics] = match trend.of {
                    Some(Group) => &[Group],
                    Some(Process) => &[Process],
                    None => &[Group, Process],
                };
                of.iter().map(|of| of.metric(line.metric))
            })
            .collect();
        let sections = METRICS.split("## Of the exporter itself").next().unwrap();
        let families: Vec<&str> =
            sections.lines().filter_map(|line| line.strip_prefix("| `proc_")?.split('`').next()).collect();
        assert!(families.len() > 40, "{families:?}");
        for family in families {
            let name = format!("proc_{family}");
            assert!(shown.contains(&name) || NO_TREND.contains(&name.as_str()), "{name} is in no chart");
        }
        for name in &shown {
            assert!(METRICS.contains(&format!("| `{name}` |")) || name.contains('/'), "{name} is no metric");
        }
    }

    #[test]
    fn ids_are_given_once() {
        let mut ids: Vec<&str> = TRENDS.iter().map(|trend| trend.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TRENDS.len());
    }
}
