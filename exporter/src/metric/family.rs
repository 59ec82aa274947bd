//! What can be switched on and off: families that are read and shown together.

use serde::Deserialize;

use super::{Metric, Quantity, Samples};
use crate::snapshot::{Counter, Gauge};

/// Metric families by what they tell; the names are those of the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u64)]
pub enum Family {
    /// CPU time.
    Cpu,
    /// CPU time of children that ended and were waited for.
    ChildrenCpu,
    /// Time spent waiting for a CPU.
    RunQueue,
    /// Resident and virtual memory.
    Memory,
    /// Resident memory by kind.
    MemoryKinds,
    /// Swapped out memory.
    Swap,
    /// Storage bytes.
    Io,
    /// Threads.
    Threads,
    /// Open files.
    OpenFds,
    /// The limit of open files, and how near to it.
    FdLimit,
    /// Page faults.
    Faults,
    /// Context switches.
    Switches,
    /// States.
    States,
    /// Start times.
    Start,
    /// Starts and exits of processes.
    Lifecycle,
    /// What a process is.
    Info,
    /// How soon the kernel would end it when memory runs out.
    OomScore,
    /// Bytes and calls of reading and writing, from and to wherever.
    LogicalIo,
    /// Time spent waiting for storage.
    BlockDelay,
    /// Page faults of children that ended and were waited for.
    ChildrenFaults,
    /// Locked memory, and virtual memory by kind.
    MemoryDetails,
    /// Memory by how it is shared.
    SharedMemory,
    /// What the threads of a group use, by their names.
    ThreadNames,
    /// Where in the kernel processes wait.
    WaitChannels,
    /// Sockets by protocol and state.
    Sockets,
    /// Open files by what they are of.
    FdTypes,
    /// Time spent waiting for a CPU, of all threads.
    ThreadsRunQueue,
    /// CPU time for virtual CPUs.
    GuestCpu,
    /// Signals that wait for being delivered.
    PendingSignals,
    /// Nice values, real-time priorities, scheduling policies.
    Scheduling,
    /// Resource limits.
    Limits,
    /// The youngest process of a group, and the mean age.
    Uptime,
    /// Command lines.
    CommandLine,
    /// What is sent and received over TCP and UDP.
    Network,
    /// The highest CPU rate and memory of groups in the last minute.
    Peaks,
}

/// Those that are off unless switched on: each takes a file of its own for each process, or makes many series that few ask for.
const OFF: [Family; 20] = [
    Family::RunQueue,
    Family::OomScore,
    Family::LogicalIo,
    Family::BlockDelay,
    Family::ChildrenFaults,
    Family::MemoryDetails,
    Family::SharedMemory,
    Family::ThreadNames,
    Family::WaitChannels,
    Family::Sockets,
    Family::FdTypes,
    Family::ThreadsRunQueue,
    Family::GuestCpu,
    Family::PendingSignals,
    Family::Scheduling,
    Family::Limits,
    Family::Uptime,
    Family::CommandLine,
    Family::Network,
    Family::Peaks,
];

/// A set of families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Families(u64);

impl Default for Families {
    /// All that cost little and that many ask for.
    fn default() -> Families {
        OFF.into_iter().fold(Families::all(), Families::without)
    }
}

impl Families {
    /// The set of them all.
    pub fn all() -> Families {
        Families(u64::MAX)
    }

    /// The empty set.
    pub fn none() -> Families {
        Families(0)
    }

    /// Whether a family is in it.
    pub fn has(self, family: Family) -> bool {
        self.0 & (1 << family as u64) != 0
    }

    /// With one more.
    #[must_use]
    pub fn with(self, family: Family) -> Families {
        Families(self.0 | (1 << family as u64))
    }

    /// With one less.
    #[must_use]
    pub fn without(self, family: Family) -> Families {
        Families(self.0 & !(1 << family as u64))
    }

    /// Whether one of these is in it.
    pub fn any(self, families: &[Family]) -> bool {
        families.iter().any(|family| self.has(*family))
    }
}

impl Quantity {
    /// The family that a quantity belongs to; `None` for what is always there.
    pub fn family(self) -> Option<Family> {
        Some(match self {
            Quantity::Counter(counter) => match counter {
                Counter::CpuUser | Counter::CpuSystem | Counter::Cpu => Family::Cpu,
                Counter::ChildrenUser | Counter::ChildrenSystem => Family::ChildrenCpu,
                Counter::RunQueue => Family::RunQueue,
                Counter::ThreadsRunQueue => Family::ThreadsRunQueue,
                Counter::Guest => Family::GuestCpu,
                Counter::Read | Counter::Written => Family::Io,
                Counter::LogicalRead | Counter::LogicalWritten | Counter::ReadCalls | Counter::WriteCalls => {
                    Family::LogicalIo
                }
                Counter::BlockDelay => Family::BlockDelay,
                Counter::ChildrenMinorFaults | Counter::ChildrenMajorFaults => Family::ChildrenFaults,
                Counter::MinorFaults | Counter::MajorFaults => Family::Faults,
                Counter::Voluntary | Counter::Involuntary => Family::Switches,
                Counter::TcpV4SentBytes
                | Counter::TcpV4SentPackets
                | Counter::TcpV6SentBytes
                | Counter::TcpV6SentPackets
                | Counter::UdpV4SentBytes
                | Counter::UdpV4SentPackets
                | Counter::UdpV6SentBytes
                | Counter::UdpV6SentPackets
                | Counter::TcpV4ReceivedBytes
                | Counter::TcpV4ReceivedPackets
                | Counter::TcpV6ReceivedBytes
                | Counter::TcpV6ReceivedPackets
                | Counter::UdpV4ReceivedBytes
                | Counter::UdpV4ReceivedPackets
                | Counter::UdpV6ReceivedBytes
                | Counter::UdpV6ReceivedPackets => Family::Network,
            },
            Quantity::Gauge(gauge) => match gauge {
                Gauge::Resident | Gauge::Virtual => Family::Memory,
                Gauge::Anonymous | Gauge::FileBacked | Gauge::Shared => Family::MemoryKinds,
                Gauge::Swap => Family::Swap,
                Gauge::Threads => Family::Threads,
                Gauge::OpenFds => Family::OpenFds,
                Gauge::FdLimit => Family::FdLimit,
                Gauge::OomScore => Family::OomScore,
                Gauge::Proportional
                | Gauge::ProportionalSwap
                | Gauge::Unique
                | Gauge::PrivateClean
                | Gauge::PrivateDirty
                | Gauge::SharedClean
                | Gauge::SharedDirty
                | Gauge::Referenced => Family::SharedMemory,
                Gauge::PendingSignals => Family::PendingSignals,
                Gauge::Nice | Gauge::RealtimePriority | Gauge::Policy => Family::Scheduling,
                Gauge::FileFds
                | Gauge::SocketFds
                | Gauge::PipeFds
                | Gauge::InotifyFds
                | Gauge::EventFds
                | Gauge::TimerFds
                | Gauge::SignalFds
                | Gauge::EpollFds
                | Gauge::OtherFds => Family::FdTypes,
                Gauge::Locked | Gauge::Data | Gauge::Stack => Family::MemoryDetails,
                Gauge::TcpEstablished
                | Gauge::TcpSynSent
                | Gauge::TcpSynReceived
                | Gauge::TcpFinWait1
                | Gauge::TcpFinWait2
                | Gauge::TcpCloseWait
                | Gauge::TcpLastAck
                | Gauge::TcpListen
                | Gauge::TcpClosing
                | Gauge::UdpConnected
                | Gauge::UdpUnconnected
                | Gauge::UnixConnected
                | Gauge::UnixListen
                | Gauge::UnixUnconnected
                | Gauge::OtherSocket => Family::Sockets,
            },
            Quantity::WorstFdRatio => Family::FdLimit,
            Quantity::Start => Family::Start,
            Quantity::NewestStart | Quantity::MeanStart => Family::Uptime,
            Quantity::Nice | Quantity::Policy(_) => Family::Scheduling,
            Quantity::Limit(..) => Family::Limits,
            Quantity::PeakCpu | Quantity::PeakResident => Family::Peaks,
            Quantity::Starts | Quantity::Exits => Family::Lifecycle,
            Quantity::In(_) => Family::States,
            Quantity::ScrapeErrors | Quantity::ProcessErrors | Quantity::PartialErrors => return None,
        })
    }
}

impl Metric {
    /// Whether any sample of it can be there.
    pub fn is_in(&self, families: Families) -> bool {
        let has = |quantity: Quantity| quantity.family().is_none_or(|family| families.has(family));
        match self.samples {
            Samples::One(quantity) => has(quantity),
            Samples::By(_, by) => by.iter().any(|(_, quantity)| has(*quantity)),
            Samples::ByTwo(_, by) => by.iter().any(|(_, quantity)| has(*quantity)),
            Samples::States => families.has(Family::States),
            Samples::Identity => families.has(Family::Info),
            Samples::CommandLine => families.has(Family::CommandLine),
            Samples::Own(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let families = Families::default();
        assert!(families.has(Family::Cpu) && !families.has(Family::RunQueue));
        let other = families.without(Family::Cpu).with(Family::RunQueue);
        assert!(!other.has(Family::Cpu) && other.has(Family::RunQueue) && other.has(Family::Info));
        assert!(other.any(&[Family::Cpu, Family::Info]) && !other.any(&[Family::Cpu]));
    }
}
