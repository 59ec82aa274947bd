//! The families of process-exporter: its names, labels and types as its README states them, in our table.

use super::{Kind, Metric, Quantity, Samples};
use crate::snapshot::{Counter, Gauge, State};

const fn family(
    name: &'static str,
    kind: Kind,
    unit: Option<&'static str>,
    samples: Samples,
    help: &'static str,
) -> Metric {
    Metric { name, help, kind, unit, samples }
}

const fn counted(counter: Counter) -> Quantity {
    Quantity::Counter(counter)
}

/// Per group; every sample has the label `groupname`.
pub const GROUP: &[Metric] = &[
    family(
        "namedprocess_namegroup_num_procs",
        Kind::Gauge,
        None,
        Samples::One(Quantity::In(&State::ALL)),
        "Processes of the group.",
    ),
    family(
        "namedprocess_namegroup_cpu_seconds",
        Kind::Counter,
        Some("seconds"),
        Samples::By(
            "mode",
            &[
                ("user", counted(Counter::CpuUser)),
                ("system", counted(Counter::CpuSystem)),
                ("all", counted(Counter::Cpu)),
            ],
        ),
        "CPU time used by the processes of the group.",
    ),
    family(
        "namedprocess_namegroup_read_bytes",
        Kind::Counter,
        Some("bytes"),
        Samples::One(counted(Counter::Read)),
        "Bytes that the processes of the group had fetched from storage.",
    ),
    family(
        "namedprocess_namegroup_write_bytes",
        Kind::Counter,
        Some("bytes"),
        Samples::One(counted(Counter::Written)),
        "Bytes that the processes of the group caused to be sent to storage.",
    ),
    family(
        "namedprocess_namegroup_major_page_faults",
        Kind::Counter,
        None,
        Samples::One(counted(Counter::MajorFaults)),
        "Page faults that needed input or output.",
    ),
    family(
        "namedprocess_namegroup_minor_page_faults",
        Kind::Counter,
        None,
        Samples::One(counted(Counter::MinorFaults)),
        "Page faults that needed no input or output.",
    ),
    family(
        "namedprocess_namegroup_context_switches",
        Kind::Counter,
        None,
        Samples::By(
            "ctxswitchtype",
            &[("voluntary", counted(Counter::Voluntary)), ("nonvoluntary", counted(Counter::Involuntary))],
        ),
        "Context switches of the main threads of the processes of the group.",
    ),
    family(
        "namedprocess_namegroup_memory_bytes",
        Kind::Gauge,
        Some("bytes"),
        Samples::By(
            "memtype",
            &[
                ("resident", Quantity::Gauge(Gauge::Resident)),
                ("virtual", Quantity::Gauge(Gauge::Virtual)),
                ("swapped", Quantity::Gauge(Gauge::Swap)),
                ("proportionalResident", Quantity::Gauge(Gauge::Proportional)),
                ("proportionalSwapped", Quantity::Gauge(Gauge::ProportionalSwap)),
            ],
        ),
        "Memory of the processes of the group.",
    ),
    family(
        "namedprocess_namegroup_open_filedesc",
        Kind::Gauge,
        None,
        Samples::One(Quantity::Gauge(Gauge::OpenFds)),
        "Open file descriptors of the processes of the group.",
    ),
    family(
        "namedprocess_namegroup_worst_fd_ratio",
        Kind::Gauge,
        None,
        Samples::One(Quantity::WorstFdRatio),
        "Open file descriptors by their soft limit, of the process of the group that is nearest to it.",
    ),
    family(
        "namedprocess_namegroup_oldest_start_time_seconds",
        Kind::Gauge,
        Some("seconds"),
        Samples::One(Quantity::Start),
        "Start of the oldest process of the group, in seconds since the Unix epoch.",
    ),
    family(
        "namedprocess_namegroup_num_threads",
        Kind::Gauge,
        None,
        Samples::One(Quantity::Gauge(Gauge::Threads)),
        "Threads of the processes of the group.",
    ),
    family(
        "namedprocess_namegroup_states",
        Kind::Gauge,
        None,
        Samples::By(
            "state",
            &[
                ("Running", Quantity::In(&[State::Running])),
                ("Sleeping", Quantity::In(&[State::Sleeping])),
                ("Waiting", Quantity::In(&[State::DiskSleep])),
                ("Zombie", Quantity::In(&[State::Zombie])),
                ("Other", Quantity::In(&[State::Stopped, State::Traced, State::Dead, State::Idle, State::Other])),
            ],
        ),
        "Processes of the group by state.",
    ),
];

/// Per group and thread name; every sample has the labels `groupname` and `threadname`. The README calls the label of the CPU
/// time `cpumode`; the program, and so every dashboard, has `mode`.
pub const THREAD: &[Metric] = &[
    family(
        "namedprocess_namegroup_thread_count",
        Kind::Gauge,
        None,
        Samples::One(Quantity::Gauge(Gauge::Threads)),
        "Threads of the group with this name.",
    ),
    family(
        "namedprocess_namegroup_thread_cpu_seconds",
        Kind::Counter,
        Some("seconds"),
        Samples::By("mode", &[("user", counted(Counter::CpuUser)), ("system", counted(Counter::CpuSystem))]),
        "CPU time used by threads with this name.",
    ),
    family(
        "namedprocess_namegroup_thread_io_bytes",
        Kind::Counter,
        Some("bytes"),
        Samples::By("iomode", &[("read", counted(Counter::Read)), ("write", counted(Counter::Written))]),
        "Bytes that threads with this name had fetched from storage, and caused to be sent to it.",
    ),
    family(
        "namedprocess_namegroup_thread_major_page_faults",
        Kind::Counter,
        None,
        Samples::One(counted(Counter::MajorFaults)),
        "Page faults of threads with this name that needed input or output.",
    ),
    family(
        "namedprocess_namegroup_thread_minor_page_faults",
        Kind::Counter,
        None,
        Samples::One(counted(Counter::MinorFaults)),
        "Page faults of threads with this name that needed no input or output.",
    ),
    family(
        "namedprocess_namegroup_thread_context_switches",
        Kind::Counter,
        None,
        Samples::By(
            "ctxswitchtype",
            &[("voluntary", counted(Counter::Voluntary)), ("nonvoluntary", counted(Counter::Involuntary))],
        ),
        "Context switches of threads with this name.",
    ),
];

/// Per group and wait channel; every sample has the labels `groupname` and `wchan`.
pub const WAIT: &[Metric] = &[family(
    "namedprocess_namegroup_threads_wchan",
    Kind::Gauge,
    None,
    Samples::One(Quantity::Gauge(Gauge::Threads)),
    "Main threads of the processes of the group that wait in this function of the kernel.",
)];

/// Of the scrapes; without labels.
pub const SCRAPE: &[Metric] = &[
    family(
        "namedprocess_scrape_errors",
        Kind::BareCounter,
        None,
        Samples::One(Quantity::ScrapeErrors),
        "Scrapes in which no process could be read.",
    ),
    family(
        "namedprocess_scrape_procread_errors",
        Kind::BareCounter,
        None,
        Samples::One(Quantity::ProcessErrors),
        "Readings of a process that failed as a whole.",
    ),
    family(
        "namedprocess_scrape_partial_errors",
        Kind::BareCounter,
        None,
        Samples::One(Quantity::PartialErrors),
        "Files of processes that could not be read.",
    ),
];
