//! Which files are read of each process.

use crate::metric::{Families, Family};

/// Files beside `stat`, read in each scan unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reads {
    pub(crate) status: bool,
    pub(crate) io: bool,
    pub(crate) fds: bool,
    /// Rarely.
    pub(crate) limits: bool,
    pub(crate) schedstat: bool,
    pub(crate) oom_score: bool,
    /// Of a new process, and rarely again. With it, the path of the executable.
    pub(crate) cgroup: bool,
    /// In `stat`, but counted only where the kernel is told to.
    pub(crate) block_delay: bool,
    /// Of some processes in each scan.
    pub(crate) smaps: bool,
    /// `stat`, and `status` and `io` where these are read, of each thread.
    pub(crate) threads: bool,
    pub(crate) wchan: bool,
    /// Of some processes in each scan.
    pub(crate) sockets: bool,
}

impl Reads {
    /// Of a process that is not shown: what names it, and whether it runs.
    pub(crate) fn brief(self) -> Reads {
        let off = false;
        Reads {
            status: off,
            io: off,
            fds: off,
            limits: off,
            schedstat: off,
            oom_score: off,
            block_delay: off,
            smaps: off,
            threads: off,
            wchan: off,
            sockets: off,
            cgroup: self.cgroup,
        }
    }

    /// Those that these families need; `details` are the unit and the container of a process.
    pub(crate) fn of(families: Families, details: bool) -> Reads {
        Reads {
            status: families.any(&[Family::Swap, Family::MemoryKinds, Family::MemoryDetails, Family::Switches]),
            io: families.any(&[Family::Io, Family::LogicalIo]),
            fds: families.any(&[Family::OpenFds, Family::FdLimit]),
            limits: families.has(Family::FdLimit),
            schedstat: families.has(Family::RunQueue),
            oom_score: families.has(Family::OomScore) && details,
            cgroup: families.has(Family::Info) && details,
            block_delay: families.has(Family::BlockDelay),
            smaps: families.has(Family::SharedMemory),
            threads: families.has(Family::ThreadNames),
            wchan: families.has(Family::WaitChannels),
            sockets: families.has(Family::Sockets),
        }
    }
}
