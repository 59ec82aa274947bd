//! How it is known that processes have ended, and what they had used then.

use std::fmt;

/// What tells of ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exits {
    /// A BPF program, of each process that the kernel frees, with the last of all its counters.
    Bpf,
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
    /// The kernel does not take the program.
    #[error("the kernel does not take the program: {0}")]
    Refused(String),
}

impl Exits {
    /// The value of the label `means`.
    pub fn means(&self) -> &'static str {
        match self {
            Exits::Bpf => "bpf",
            Exits::Scans(_) => "scans",
        }
    }

    /// That of the label `reason`: why they are not told of.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Exits::Bpf => None,
            Exits::Scans(Untold::Source) => Some("source"),
            Exits::Scans(Untold::Refused(_)) => Some("refused"),
        }
    }
}

impl fmt::Display for Exits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exits::Bpf => {
                write!(f, "a BPF program tells of each process that ends: starts, exits and what was used are exact")
            }
            Exits::Scans(untold) => write!(
                f,
                "processes that start and end between two scans are not counted, and what they used goes to whoever waited for them: {untold}"
            ),
        }
    }
}
