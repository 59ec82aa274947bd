//! The table. One entry per family, in the order in which they are served.

use super::{Kind, Metric, Quantity, Samples};
use crate::snapshot::{Counter, Gauge};

const CPU: Samples = Samples::By(
    "mode",
    &[
        ("user", Quantity::Counter(Counter::CpuUser)),
        ("system", Quantity::Counter(Counter::CpuSystem)),
        ("all", Quantity::Counter(Counter::Cpu)),
    ],
);
const FAULTS: Samples = Samples::By(
    "kind",
    &[("minor", Quantity::Counter(Counter::MinorFaults)), ("major", Quantity::Counter(Counter::MajorFaults))],
);
const SWITCHES: Samples = Samples::By(
    "kind",
    &[("voluntary", Quantity::Counter(Counter::Voluntary)), ("involuntary", Quantity::Counter(Counter::Involuntary))],
);
const KINDS: Samples = Samples::By(
    "kind",
    &[
        ("anonymous", Quantity::Gauge(Gauge::Anonymous)),
        ("file", Quantity::Gauge(Gauge::FileBacked)),
        ("shared", Quantity::Gauge(Gauge::Shared)),
    ],
);
const RUN_QUEUE: Samples = Samples::One(Quantity::Counter(Counter::RunQueue));
const READ: Samples = Samples::One(Quantity::Counter(Counter::Read));
const WRITTEN: Samples = Samples::One(Quantity::Counter(Counter::Written));
const LOGICAL_READ: Samples = Samples::One(Quantity::Counter(Counter::LogicalRead));
const LOGICAL_WRITTEN: Samples = Samples::One(Quantity::Counter(Counter::LogicalWritten));
const CALLS: Samples = Samples::By(
    "kind",
    &[("read", Quantity::Counter(Counter::ReadCalls)), ("write", Quantity::Counter(Counter::WriteCalls))],
);
const BLOCK_DELAY: Samples = Samples::One(Quantity::Counter(Counter::BlockDelay));
const SHARED: Samples = Samples::By(
    "kind",
    &[
        ("proportional", Quantity::Gauge(Gauge::Proportional)),
        ("unique", Quantity::Gauge(Gauge::Unique)),
        ("proportional_swap", Quantity::Gauge(Gauge::ProportionalSwap)),
    ],
);
const DETAILS: Samples = Samples::By(
    "kind",
    &[
        ("data", Quantity::Gauge(Gauge::Data)),
        ("stack", Quantity::Gauge(Gauge::Stack)),
        ("locked", Quantity::Gauge(Gauge::Locked)),
    ],
);

const SOCKETS: Samples = Samples::ByTwo(
    ["protocol", "state"],
    &[
        (["tcp", "established"], Quantity::Gauge(Gauge::TcpEstablished)),
        (["tcp", "syn_sent"], Quantity::Gauge(Gauge::TcpSynSent)),
        (["tcp", "syn_recv"], Quantity::Gauge(Gauge::TcpSynReceived)),
        (["tcp", "fin_wait1"], Quantity::Gauge(Gauge::TcpFinWait1)),
        (["tcp", "fin_wait2"], Quantity::Gauge(Gauge::TcpFinWait2)),
        (["tcp", "close_wait"], Quantity::Gauge(Gauge::TcpCloseWait)),
        (["tcp", "last_ack"], Quantity::Gauge(Gauge::TcpLastAck)),
        (["tcp", "listen"], Quantity::Gauge(Gauge::TcpListen)),
        (["tcp", "closing"], Quantity::Gauge(Gauge::TcpClosing)),
        (["udp", "established"], Quantity::Gauge(Gauge::UdpConnected)),
        (["udp", "unconnected"], Quantity::Gauge(Gauge::UdpUnconnected)),
        (["unix", "established"], Quantity::Gauge(Gauge::UnixConnected)),
        (["unix", "listen"], Quantity::Gauge(Gauge::UnixListen)),
        (["unix", "unconnected"], Quantity::Gauge(Gauge::UnixUnconnected)),
        (["other", "unknown"], Quantity::Gauge(Gauge::OtherSocket)),
    ],
);

const fn counter(name: &'static str, unit: Option<&'static str>, samples: Samples, help: &'static str) -> Metric {
    Metric { name, help, kind: Kind::Counter, unit, samples }
}

const fn gauge(name: &'static str, unit: Option<&'static str>, samples: Samples, help: &'static str) -> Metric {
    Metric { name, help, kind: Kind::Gauge, unit, samples }
}

const fn of(gauge: Gauge) -> Samples {
    Samples::One(Quantity::Gauge(gauge))
}

/// Per group; every sample has the label `group`.
pub const GROUP: &[Metric] = &[
    counter(
        "proc_group_cpu_seconds",
        Some("seconds"),
        CPU,
        "CPU time used by the processes of the group, all their threads, also those that have ended.",
    ),
    gauge(
        "proc_group_resident_memory_bytes",
        Some("bytes"),
        of(Gauge::Resident),
        "Resident memory of the processes of the group; memory that they share counts once for each of them.",
    ),
    counter(
        "proc_group_run_queue_seconds",
        Some("seconds"),
        RUN_QUEUE,
        "Time that main threads of the group could have run and had no CPU. Off unless switched on.",
    ),
    gauge(
        "proc_group_resident_memory_by_kind_bytes",
        Some("bytes"),
        KINDS,
        "Resident memory of the processes of the group: anonymous, of mapped files, and shared (tmpfs and System V).",
    ),
    gauge(
        "proc_group_virtual_memory_bytes",
        Some("bytes"),
        of(Gauge::Virtual),
        "Virtual memory of the processes of the group.",
    ),
    gauge(
        "proc_group_swap_memory_bytes",
        Some("bytes"),
        of(Gauge::Swap),
        "Swapped out memory of the processes of the group, without shared memory.",
    ),
    counter(
        "proc_group_read_bytes",
        Some("bytes"),
        READ,
        "Bytes that the processes of the group had fetched from storage.",
    ),
    counter(
        "proc_group_written_bytes",
        Some("bytes"),
        WRITTEN,
        "Bytes that the processes of the group caused to be sent to storage.",
    ),
    counter(
        "proc_group_logical_read_bytes",
        Some("bytes"),
        LOGICAL_READ,
        "Bytes that calls such as read gave to the processes of the group, from wherever. Off unless switched on.",
    ),
    counter(
        "proc_group_logical_written_bytes",
        Some("bytes"),
        LOGICAL_WRITTEN,
        "Bytes that calls such as write took from the processes of the group, to wherever. Off unless switched on.",
    ),
    counter(
        "proc_group_io_calls",
        None,
        CALLS,
        "Calls such as read and write of the processes of the group. Off unless switched on.",
    ),
    counter(
        "proc_group_block_delay_seconds",
        Some("seconds"),
        BLOCK_DELAY,
        "Time that threads of the group waited for storage or swapped out memory. Off unless switched on.",
    ),
    gauge(
        "proc_group_memory_details_bytes",
        Some("bytes"),
        DETAILS,
        "Virtual memory for data and for stacks of main threads, and locked memory. Off unless switched on.",
    ),
    gauge(
        "proc_group_shared_memory_bytes",
        Some("bytes"),
        SHARED,
        "Memory by how it is shared: in equal parts for those who share it (PSS), what nobody shares (USS). Off unless switched on.",
    ),
    gauge("proc_group_threads", None, of(Gauge::Threads), "Threads of the processes of the group."),
    gauge("proc_group_open_fds", None, of(Gauge::OpenFds), "Open file descriptors of the processes of the group."),
    gauge(
        "proc_group_sockets",
        None,
        SOCKETS,
        "Sockets of the processes of the group; one that they share counts once for each of them. Off unless switched on.",
    ),
    gauge(
        "proc_group_worst_fd_ratio",
        None,
        Samples::One(Quantity::WorstFdRatio),
        "Open file descriptors by their soft limit, of the process of the group that is nearest to it.",
    ),
    counter(
        "proc_group_page_faults",
        None,
        FAULTS,
        "Page faults of the processes of the group: minor ones need no input or output, major ones do.",
    ),
    counter(
        "proc_group_context_switches",
        None,
        SWITCHES,
        "Context switches of the main threads of the processes of the group; other threads are not in it.",
    ),
    gauge(
        "proc_group_processes",
        None,
        Samples::States,
        "Processes of the group by state; a state that none of them was ever seen in has no series.",
    ),
    counter(
        "proc_group_starts",
        None,
        Samples::One(Quantity::Starts),
        "Processes that were seen for the first time in the group, after the first scan.",
    ),
    counter("proc_group_exits", None, Samples::One(Quantity::Exits), "Processes of the group that have ended."),
    gauge(
        "proc_group_oldest_start_time_seconds",
        Some("seconds"),
        Samples::One(Quantity::Start),
        "Start of the oldest living process of the group, in seconds since the Unix epoch.",
    ),
];

/// Per group and thread name; every sample has the labels `group` and `thread`.
pub const THREAD: &[Metric] = &[
    gauge("proc_group_named_threads", None, of(Gauge::Threads), "Threads of the group with this name."),
    counter("proc_group_thread_cpu_seconds", Some("seconds"), CPU, "CPU time used by threads with this name."),
    counter(
        "proc_group_thread_read_bytes",
        Some("bytes"),
        READ,
        "Bytes that threads with this name had fetched from storage.",
    ),
    counter(
        "proc_group_thread_written_bytes",
        Some("bytes"),
        WRITTEN,
        "Bytes that threads with this name caused to be sent to storage.",
    ),
    counter("proc_group_thread_page_faults", None, FAULTS, "Page faults of threads with this name."),
    counter("proc_group_thread_context_switches", None, SWITCHES, "Context switches of threads with this name."),
];

/// Per group and wait channel; every sample has the labels `group` and `channel`.
pub const WAIT: &[Metric] = &[gauge(
    "proc_group_waiting",
    None,
    of(Gauge::Threads),
    "Processes of the group whose main thread waits in this function of the kernel.",
)];

/// Per process; every sample has the labels `pid` and `group`.
pub const PROCESS: &[Metric] = &[
    counter(
        "proc_cpu_seconds",
        Some("seconds"),
        CPU,
        "CPU time used by the process, all its threads, also those that have ended.",
    ),
    counter(
        "proc_children_time_seconds",
        Some("seconds"),
        Samples::By(
            "mode",
            &[
                ("user", Quantity::Counter(Counter::ChildrenUser)),
                ("system", Quantity::Counter(Counter::ChildrenSystem)),
            ],
        ),
        "CPU time used by children that ended and were waited for, and by theirs.",
    ),
    counter(
        "proc_run_queue_seconds",
        Some("seconds"),
        RUN_QUEUE,
        "Time that the main thread could have run and had no CPU. Off unless switched on.",
    ),
    gauge("proc_resident_memory_bytes", Some("bytes"), of(Gauge::Resident), "Resident memory of the process."),
    gauge(
        "proc_resident_memory_by_kind_bytes",
        Some("bytes"),
        KINDS,
        "Resident memory of the process: anonymous, of mapped files, and shared (tmpfs and System V).",
    ),
    gauge("proc_virtual_memory_bytes", Some("bytes"), of(Gauge::Virtual), "Virtual memory of the process."),
    gauge(
        "proc_swap_memory_bytes",
        Some("bytes"),
        of(Gauge::Swap),
        "Swapped out memory of the process, without shared memory.",
    ),
    counter(
        "proc_read_bytes",
        Some("bytes"),
        READ,
        "Bytes that the process had fetched from storage, with those of children that ended and were waited for.",
    ),
    counter(
        "proc_written_bytes",
        Some("bytes"),
        WRITTEN,
        "Bytes that the process caused to be sent to storage, with those of children that ended and were waited for.",
    ),
    counter(
        "proc_logical_read_bytes",
        Some("bytes"),
        LOGICAL_READ,
        "Bytes that calls such as read gave to the process and to waited-for children, from wherever. Off unless switched on.",
    ),
    counter(
        "proc_logical_written_bytes",
        Some("bytes"),
        LOGICAL_WRITTEN,
        "Bytes that calls such as write took from the process and from waited-for children, to wherever. Off unless switched on.",
    ),
    counter(
        "proc_io_calls",
        None,
        CALLS,
        "Calls such as read and write of the process and of waited-for children. Off unless switched on.",
    ),
    counter(
        "proc_block_delay_seconds",
        Some("seconds"),
        BLOCK_DELAY,
        "Time that threads of the process waited for storage or swapped out memory. Off unless switched on.",
    ),
    gauge(
        "proc_memory_details_bytes",
        Some("bytes"),
        DETAILS,
        "Virtual memory for data and for the stack of the main thread, and locked memory. Off unless switched on.",
    ),
    gauge(
        "proc_shared_memory_bytes",
        Some("bytes"),
        SHARED,
        "Memory by how it is shared: in equal parts for those who share it (PSS), what nobody shares (USS). Off unless switched on.",
    ),
    gauge("proc_threads", None, of(Gauge::Threads), "Threads of the process."),
    gauge("proc_open_fds", None, of(Gauge::OpenFds), "Open file descriptors of the process."),
    gauge("proc_sockets", None, SOCKETS, "Sockets of the process. Off unless switched on."),
    gauge("proc_fd_limit", None, of(Gauge::FdLimit), "Soft limit of the open file descriptors of the process."),
    counter(
        "proc_page_faults",
        None,
        FAULTS,
        "Page faults of the process: minor ones need no input or output, major ones do.",
    ),
    counter(
        "proc_children_page_faults",
        None,
        Samples::By(
            "kind",
            &[
                ("minor", Quantity::Counter(Counter::ChildrenMinorFaults)),
                ("major", Quantity::Counter(Counter::ChildrenMajorFaults)),
            ],
        ),
        "Page faults of children that ended and were waited for, and of theirs. Off unless switched on.",
    ),
    counter(
        "proc_context_switches",
        None,
        SWITCHES,
        "Context switches of the main thread of the process; its other threads are not in it.",
    ),
    gauge(
        "proc_oom_score",
        None,
        of(Gauge::OomScore),
        "How soon the kernel would end the process when memory runs out. Off unless switched on.",
    ),
    gauge("proc_state", None, Samples::States, "1 for the state that the process is in."),
    gauge(
        "proc_start_time_seconds",
        Some("seconds"),
        Samples::One(Quantity::Start),
        "Start of the process, in seconds since the Unix epoch.",
    ),
    Metric {
        name: "proc",
        help: "What the process is: parent, name, executable, effective user, systemd unit and container.",
        kind: Kind::Info,
        unit: None,
        samples: Samples::Identity,
    },
];

/// The exporter's own metrics.
pub const OWN: &[Metric] = super::own::ALL;

#[cfg(test)]
mod tests {
    use super::super::process_exporter;
    use super::*;

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
