//! The families of groups, in the order in which they are served.

use super::samples::*;
use super::{Metric, Quantity, Samples};
use crate::snapshot::Gauge;

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
    counter(
        "proc_group_threads_run_queue_seconds",
        Some("seconds"),
        THREADS_RUN_QUEUE,
        "Time that threads of the group could have run and had no CPU, all threads, as far as scrapes saw them. Off unless switched on.",
    ),
    counter(
        "proc_group_guest_cpu_seconds",
        Some("seconds"),
        GUEST,
        "CPU time that processes of the group ran virtual CPUs for guests, which is in their time in user mode too. Off unless switched on.",
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
        "proc_group_open_fds_by_type",
        None,
        FDS,
        "Open file descriptors of the processes of the group by what they are of. Off unless switched on.",
    ),
    gauge(
        "proc_group_sockets",
        None,
        SOCKETS,
        "Sockets of the processes of the group; one that they share counts once for each of them. Off unless switched on.",
    ),
    counter(
        "proc_group_network_receive_bytes",
        Some("bytes"),
        RECEIVED_BYTES,
        "Bytes that processes of the group received over TCP and UDP, without headers. Off unless switched on.",
    ),
    counter(
        "proc_group_network_transmit_bytes",
        Some("bytes"),
        SENT_BYTES,
        "Bytes that processes of the group sent over TCP and UDP, without headers. Off unless switched on.",
    ),
    counter(
        "proc_group_network_receive_packets",
        None,
        RECEIVED_PACKETS,
        "TCP segments and UDP datagrams that processes of the group received. Off unless switched on.",
    ),
    counter(
        "proc_group_network_transmit_packets",
        None,
        SENT_PACKETS,
        "TCP segments and UDP datagrams that processes of the group sent. Off unless switched on.",
    ),
    gauge(
        "proc_group_peak_cpu_cores",
        None,
        Samples::One(Quantity::PeakCpu),
        "Highest CPU rate of the group between two samples of the last minute, which are a second apart. Off unless switched on.",
    ),
    gauge(
        "proc_group_peak_resident_memory_bytes",
        Some("bytes"),
        Samples::One(Quantity::PeakResident),
        "Highest resident memory of the group in the samples of the last minute. Off unless switched on.",
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
        "proc_group_pending_signals",
        None,
        of(Gauge::PendingSignals),
        "Signals that wait for being delivered to processes of the group or to their main threads. Off unless switched on.",
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
    gauge(
        "proc_group_newest_start_time_seconds",
        Some("seconds"),
        Samples::One(Quantity::NewestStart),
        "Start of the youngest living process of the group, in seconds since the Unix epoch. Off unless switched on.",
    ),
    gauge(
        "proc_group_mean_start_time_seconds",
        Some("seconds"),
        Samples::One(Quantity::MeanStart),
        "Mean of the starts of the living processes of the group, in seconds since the Unix epoch. Off unless switched on.",
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
