//! Which files are read of each process.

use crate::metric::{Families, Family};

/// Files beside `stat`, read in each scan unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reads {
    /// What of a file is kept.
    pub(crate) families: Families,
    pub(crate) status: bool,
    pub(crate) io: bool,
    pub(crate) fds: bool,
    /// Rarely.
    pub(crate) limits: bool,
    pub(crate) schedstat: bool,
    pub(crate) oom_score: bool,
    /// Of a new process, and rarely again. With it, the path of the executable.
    pub(crate) cgroup: bool,
    /// Of a new process.
    pub(crate) command_line: bool,
    /// Of some processes in each scan.
    pub(crate) smaps: bool,
    /// `stat`, and `status` and `io` where these are read, of each thread.
    pub(crate) threads: bool,
    /// `schedstat` of each thread.
    pub(crate) delays: bool,
    pub(crate) wchan: bool,
    /// Where open files point to, of some processes in each scan.
    pub(crate) links: bool,
    /// With that, the tables of sockets.
    pub(crate) sockets: bool,
}

impl Reads {
    /// Of a process that is not shown: what names it, and whether it runs.
    pub(crate) fn brief(self) -> Reads {
        let Reads { cgroup, command_line, .. } = self;
        Reads { cgroup, command_line, ..Reads::of(Families::none(), false) }
    }

    /// Whether `stat` is read though there are records.
    #[cfg(feature = "bpf")]
    pub(crate) fn beyond_records(self) -> bool {
        self.families.any(&[Family::GuestCpu, Family::Scheduling])
    }

    /// Those that these families need; with `details` those that only processes show, such as the unit and the container.
    pub(crate) fn of(families: Families, details: bool) -> Reads {
        let of_status =
            [Family::Swap, Family::MemoryKinds, Family::MemoryDetails, Family::PendingSignals, Family::Switches];
        Reads {
            families,
            status: families.any(&of_status),
            io: families.any(&[Family::Io, Family::LogicalIo]),
            fds: families.any(&[Family::OpenFds, Family::FdLimit]),
            limits: families.has(Family::FdLimit) || (families.has(Family::Limits) && details),
            schedstat: families.any(&[Family::RunQueue, Family::ThreadsRunQueue]),
            oom_score: families.has(Family::OomScore) && details,
            cgroup: families.has(Family::Info) && details,
            command_line: families.has(Family::CommandLine) && details,
            smaps: families.has(Family::SharedMemory),
            threads: families.has(Family::ThreadNames),
            delays: families.has(Family::ThreadsRunQueue),
            wchan: families.has(Family::WaitChannels),
            links: families.any(&[Family::FdTypes, Family::Sockets]),
            sockets: families.has(Family::Sockets),
        }
    }
}
