//! How it is known that processes have ended, and what they had used then.

use std::fmt;

/// What tells of ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exits {
    /// A BPF program, of each process that the kernel frees, with the last of all its counters.
    Bpf,
    /// Records that the kernel sends over netlink, of each thread that begins to end. What a process uses after that is known as far as
    /// its parent has waited for it.
    Taskstats,
    /// Nothing but scans: a process that is missing in one has ended. What it used after its last reading, or ever if no scan has seen it,
    /// is known as far as its parent has waited for it.
    Scans(Untold),
}

/// Why nothing better tells of ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// The source knows of nothing.
    #[error("the source does not tell of them")]
    Source,
    /// The proc root is not `/proc` of this host: records are of others.
    #[error("what is read is not the proc filesystem of this host")]
    OtherProc,
    /// Rights are missing.
    #[error("taskstats take the capability CAP_NET_ADMIN")]
    NotPermitted,
    /// The structs of this kernel cannot be read.
    #[error("the kernel has taskstats of version {0}: those from 12 on (Linux 5.19) can be read")]
    Version(u16),
    /// The kernel has no taskstats, or not here.
    #[error("the kernel has no taskstats here: {0}")]
    Taskstats(String),
    /// The kernel does not take the program.
    #[error("the kernel does not take the program: {0}")]
    Refused(String),
}

impl Exits {
    /// The value of the label `means`.
    pub fn means(&self) -> &'static str {
        match self {
            Exits::Bpf => "bpf",
            Exits::Taskstats => "taskstats",
            Exits::Scans(_) => "scans",
        }
    }

    /// That of the label `reason`: why they are not told of.
    pub fn reason(&self) -> Option<&'static str> {
        let Exits::Scans(untold) = self else { return None };
        Some(match untold {
            Untold::Source => "source",
            Untold::OtherProc => "other_proc",
            Untold::NotPermitted => "not_permitted",
            Untold::Version(_) => "version",
            Untold::Taskstats(_) => "no_taskstats",
            Untold::Refused(_) => "refused",
        })
    }
}

impl fmt::Display for Exits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exits::Bpf => {
                write!(f, "a BPF program tells of each process that ends: starts, exits and what was used are exact")
            }
            Exits::Taskstats => write!(
                f,
                "the kernel tells of each over netlink: starts and exits are exact, and what was used but for giving back memory"
            ),
            Exits::Scans(untold) => write!(
                f,
                "processes that start and end between two scans are not counted, and what they used goes to whoever waited for them: {untold}"
            ),
        }
    }
}
