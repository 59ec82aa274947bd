//! The exporter's own metrics, kept by prometheus-client; beside these it has `process_*` and its build information.

use super::{Kind, Metric, Samples};

const fn own(
    name: &'static str,
    kind: Kind,
    unit: Option<&'static str>,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, help, kind, unit, samples: Samples::Own(labels) }
}

/// Where readings come from.
pub const SOURCE: Metric = own(
    "procession_exporter_source",
    Kind::Info,
    None,
    &["source", "reason"],
    "Where the readings of processes come from, and the reason why not from BPF.",
);
/// What tells of ends.
pub const EXITS: Metric = own(
    "procession_exporter_exits",
    Kind::Info,
    None,
    &["means", "reason"],
    "What tells that processes have ended and what they had used then, and the reason why nothing but scans does.",
);
/// Ended processes that were not told of.
pub const LOST_EXITS: Metric = own(
    "procession_exporter_lost_exits",
    Kind::Counter,
    None,
    &[],
    "Ended processes whose last record found no room: what they used since their last reading is in no group.",
);
/// Scans.
pub const SCANS: Metric = own("procession_exporter_scans", Kind::Counter, None, &[], "Scans of all processes.");
/// Scans cut short.
pub const PARTIAL_SCANS: Metric =
    own("procession_exporter_partial_scans", Kind::Counter, None, &[], "Scans that the scrape timeout cut short.");
/// Processes not read by the last scan.
pub const SKIPPED: Metric = own(
    "procession_exporter_skipped_processes",
    Kind::Gauge,
    None,
    &[],
    "Processes that the last scan had no time to read: those known before are shown with their last reading, others not.",
);
/// Processes not read by the last scan because they have not run.
pub const REUSED: Metric = own(
    "procession_exporter_reused_processes",
    Kind::Gauge,
    None,
    &[],
    "Processes that have not run since they were last read, and so were not read by the last scan: --scan.full reads them too.",
);
/// Wall time by phase.
pub const PHASE: Metric = own(
    "procession_exporter_phase_seconds",
    Kind::Counter,
    Some("seconds"),
    &["phase"],
    "Time that the phases of scrapes took: list, read, group, encode (with waiting for slow clients), compress.",
);
/// CPU time by phase.
pub const PHASE_CPU: Metric = own(
    "procession_exporter_phase_cpu_seconds",
    Kind::Counter,
    Some("seconds"),
    &["phase"],
    "CPU time that the phases of scrapes used.",
);
/// Memory of the host.
pub const HOST_MEMORY: Metric = own(
    "procession_exporter_host_memory_bytes",
    Kind::Gauge,
    Some("bytes"),
    &[],
    "Memory of the host: a share of memory is the memory of a process or a group by this.",
);
/// Memory of the host that is left.
pub const HOST_AVAILABLE_MEMORY: Metric = own(
    "procession_exporter_host_available_memory_bytes",
    Kind::Gauge,
    Some("bytes"),
    &[],
    "Memory of the host that programs may still take without swapping, as the kernel guesses.",
);
/// Load of the host.
pub const HOST_LOAD: Metric = own(
    "procession_exporter_host_load",
    Kind::Gauge,
    None,
    &["minutes"],
    "Threads that ran, waited for a CPU or (on Linux) for storage, as means over 1, 5 and 15 minutes.",
);
/// Kills for want of memory.
pub const HOST_OOM_KILLS: Metric = own(
    "procession_exporter_host_oom_kills",
    Kind::Counter,
    None,
    &[],
    "Processes that the kernel killed for want of memory since it started, of the host or of a cgroup.",
);
/// CPUs of the host.
pub const HOST_CPUS: Metric = own(
    "procession_exporter_host_cpus",
    Kind::Gauge,
    None,
    &[],
    "CPUs of the host that were on when the exporter started: what rate() makes of CPU time, by this, is a share of the host.",
);
/// Processes in the last scan.
pub const PROCESSES: Metric =
    own("procession_exporter_processes", Kind::Gauge, None, &[], "Processes in the last scan.");
/// Groups.
pub const GROUPS: Metric =
    own("procession_exporter_groups", Kind::Gauge, None, &[], "Groups, also those without a process at present.");
/// Groups forgotten.
pub const FORGOTTEN: Metric = own(
    "procession_exporter_forgotten_groups",
    Kind::Counter,
    None,
    &[],
    "Groups without a process that were forgotten: gone for too long, or too many groups.",
);
/// Groups folded.
pub const FOLDED_GROUPS: Metric = own(
    "procession_exporter_folded_groups",
    Kind::Counter,
    None,
    &[],
    "Groups whose processes were put in the group other because there were too many groups.",
);
/// Processes folded.
pub const FOLDED_PROCESSES: Metric = own(
    "procession_exporter_folded_processes",
    Kind::Gauge,
    None,
    &[],
    "Processes without series of their own in the last scan because there were too many: the series of pid other stand for them.",
);
/// CPU time in no group.
pub const UNATTRIBUTED: Metric = own(
    "procession_exporter_unattributed_seconds",
    Kind::Counter,
    Some("seconds"),
    &["mode"],
    "CPU time of ended processes that is in no group, since it may have been counted for one already.",
);
/// Threads of what cannot be seen.
pub const HIDDEN: Metric = own(
    "procession_exporter_hidden_threads",
    Kind::Gauge,
    None,
    &[],
    "Threads on the host beyond those of the processes of the last scan (hidepid, pid namespaces); what starts or ends meanwhile makes it a little wrong.",
);
/// Processes that ended while they were read.
pub const VANISHED: Metric = own(
    "procession_exporter_vanished_processes",
    Kind::Counter,
    None,
    &[],
    "Processes that ended while they were being read, and were left out.",
);
/// Unreadable files.
pub const READ_ERRORS: Metric = own(
    "procession_exporter_read_errors",
    Kind::Counter,
    None,
    &["file", "reason"],
    "Files of processes that could not be read; what they would have said is missing, not 0.",
);
/// Calls that were counted.
pub const NETWORK_CALLS: Metric = own(
    "procession_exporter_network_calls",
    Kind::Counter,
    None,
    &[],
    "How often a BPF program has counted what a process sent or received. Only where the family network is on.",
);
/// Calls that were not counted.
pub const NETWORK_LOST: Metric = own(
    "procession_exporter_network_lost_calls",
    Kind::Counter,
    None,
    &[],
    "How often there was no room to count for one more process. Only where the family network is on.",
);
/// What counting took.
pub const NETWORK_TIME: Metric = own(
    "procession_exporter_network_seconds",
    Kind::Counter,
    Some("seconds"),
    &[],
    "Time that those BPF programs took of whoever sent or received; only where the kernel measures it (kernel.bpf_stats_enabled).",
);

/// All of them.
pub const ALL: &[Metric] = &[
    SOURCE,
    EXITS,
    LOST_EXITS,
    SCANS,
    PARTIAL_SCANS,
    SKIPPED,
    REUSED,
    PHASE,
    PHASE_CPU,
    HOST_MEMORY,
    HOST_AVAILABLE_MEMORY,
    HOST_LOAD,
    HOST_OOM_KILLS,
    HOST_CPUS,
    PROCESSES,
    GROUPS,
    FORGOTTEN,
    FOLDED_GROUPS,
    FOLDED_PROCESSES,
    UNATTRIBUTED,
    HIDDEN,
    VANISHED,
    READ_ERRORS,
    NETWORK_CALLS,
    NETWORK_LOST,
    NETWORK_TIME,
];
