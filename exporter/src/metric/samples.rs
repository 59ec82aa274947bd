//! Samples that families of groups, of threads and of processes have alike, and short forms for the tables.

use super::{Kind, Metric, Quantity, Samples};
use crate::snapshot::{Counter, Gauge};

pub(super) const CPU: Samples = Samples::By(
    "mode",
    &[
        ("user", Quantity::Counter(Counter::CpuUser)),
        ("system", Quantity::Counter(Counter::CpuSystem)),
        ("all", Quantity::Counter(Counter::Cpu)),
    ],
);
pub(super) const FAULTS: Samples = Samples::By(
    "kind",
    &[("minor", Quantity::Counter(Counter::MinorFaults)), ("major", Quantity::Counter(Counter::MajorFaults))],
);
pub(super) const SWITCHES: Samples = Samples::By(
    "kind",
    &[("voluntary", Quantity::Counter(Counter::Voluntary)), ("involuntary", Quantity::Counter(Counter::Involuntary))],
);
pub(super) const KINDS: Samples = Samples::By(
    "kind",
    &[
        ("anonymous", Quantity::Gauge(Gauge::Anonymous)),
        ("file", Quantity::Gauge(Gauge::FileBacked)),
        ("shared", Quantity::Gauge(Gauge::Shared)),
    ],
);
pub(super) const RUN_QUEUE: Samples = Samples::One(Quantity::Counter(Counter::RunQueue));
pub(super) const THREADS_RUN_QUEUE: Samples = Samples::One(Quantity::Counter(Counter::ThreadsRunQueue));
pub(super) const GUEST: Samples = Samples::One(Quantity::Counter(Counter::Guest));
pub(super) const READ: Samples = Samples::One(Quantity::Counter(Counter::Read));
pub(super) const WRITTEN: Samples = Samples::One(Quantity::Counter(Counter::Written));
pub(super) const LOGICAL_READ: Samples = Samples::One(Quantity::Counter(Counter::LogicalRead));
pub(super) const LOGICAL_WRITTEN: Samples = Samples::One(Quantity::Counter(Counter::LogicalWritten));
pub(super) const CALLS: Samples = Samples::By(
    "kind",
    &[("read", Quantity::Counter(Counter::ReadCalls)), ("write", Quantity::Counter(Counter::WriteCalls))],
);
pub(super) const BLOCK_DELAY: Samples = Samples::One(Quantity::Counter(Counter::BlockDelay));
pub(super) const SHARED: Samples = Samples::By(
    "kind",
    &[
        ("proportional", Quantity::Gauge(Gauge::Proportional)),
        ("unique", Quantity::Gauge(Gauge::Unique)),
        ("proportional_swap", Quantity::Gauge(Gauge::ProportionalSwap)),
        ("private_clean", Quantity::Gauge(Gauge::PrivateClean)),
        ("private_dirty", Quantity::Gauge(Gauge::PrivateDirty)),
        ("shared_clean", Quantity::Gauge(Gauge::SharedClean)),
        ("shared_dirty", Quantity::Gauge(Gauge::SharedDirty)),
        ("referenced", Quantity::Gauge(Gauge::Referenced)),
    ],
);
pub(super) const DETAILS: Samples = Samples::By(
    "kind",
    &[
        ("data", Quantity::Gauge(Gauge::Data)),
        ("stack", Quantity::Gauge(Gauge::Stack)),
        ("locked", Quantity::Gauge(Gauge::Locked)),
    ],
);
pub(super) const FDS: Samples = Samples::By(
    "type",
    &[
        ("file", Quantity::Gauge(Gauge::FileFds)),
        ("socket", Quantity::Gauge(Gauge::SocketFds)),
        ("pipe", Quantity::Gauge(Gauge::PipeFds)),
        ("inotify", Quantity::Gauge(Gauge::InotifyFds)),
        ("eventfd", Quantity::Gauge(Gauge::EventFds)),
        ("timerfd", Quantity::Gauge(Gauge::TimerFds)),
        ("signalfd", Quantity::Gauge(Gauge::SignalFds)),
        ("eventpoll", Quantity::Gauge(Gauge::EpollFds)),
        ("other", Quantity::Gauge(Gauge::OtherFds)),
    ],
);
pub(super) const SOCKETS: Samples = Samples::ByTwo(
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
pub(super) const RECEIVED_BYTES: Samples = Samples::ByTwo(
    ["protocol", "family"],
    &[
        (["tcp", "ipv4"], Quantity::Counter(Counter::TcpV4ReceivedBytes)),
        (["tcp", "ipv6"], Quantity::Counter(Counter::TcpV6ReceivedBytes)),
        (["udp", "ipv4"], Quantity::Counter(Counter::UdpV4ReceivedBytes)),
        (["udp", "ipv6"], Quantity::Counter(Counter::UdpV6ReceivedBytes)),
    ],
);
pub(super) const SENT_BYTES: Samples = Samples::ByTwo(
    ["protocol", "family"],
    &[
        (["tcp", "ipv4"], Quantity::Counter(Counter::TcpV4SentBytes)),
        (["tcp", "ipv6"], Quantity::Counter(Counter::TcpV6SentBytes)),
        (["udp", "ipv4"], Quantity::Counter(Counter::UdpV4SentBytes)),
        (["udp", "ipv6"], Quantity::Counter(Counter::UdpV6SentBytes)),
    ],
);
pub(super) const RECEIVED_PACKETS: Samples = Samples::ByTwo(
    ["protocol", "family"],
    &[
        (["tcp", "ipv4"], Quantity::Counter(Counter::TcpV4ReceivedPackets)),
        (["tcp", "ipv6"], Quantity::Counter(Counter::TcpV6ReceivedPackets)),
        (["udp", "ipv4"], Quantity::Counter(Counter::UdpV4ReceivedPackets)),
        (["udp", "ipv6"], Quantity::Counter(Counter::UdpV6ReceivedPackets)),
    ],
);
pub(super) const SENT_PACKETS: Samples = Samples::ByTwo(
    ["protocol", "family"],
    &[
        (["tcp", "ipv4"], Quantity::Counter(Counter::TcpV4SentPackets)),
        (["tcp", "ipv6"], Quantity::Counter(Counter::TcpV6SentPackets)),
        (["udp", "ipv4"], Quantity::Counter(Counter::UdpV4SentPackets)),
        (["udp", "ipv6"], Quantity::Counter(Counter::UdpV6SentPackets)),
    ],
);

pub(super) const fn counter(
    name: &'static str,
    unit: Option<&'static str>,
    samples: Samples,
    help: &'static str,
) -> Metric {
    Metric { name, help, kind: Kind::Counter, unit, samples }
}

pub(super) const fn gauge(
    name: &'static str,
    unit: Option<&'static str>,
    samples: Samples,
    help: &'static str,
) -> Metric {
    Metric { name, help, kind: Kind::Gauge, unit, samples }
}

pub(super) const fn of(gauge: Gauge) -> Samples {
    Samples::One(Quantity::Gauge(gauge))
}
