//! Where readings come from. A source fills a [`Snapshot`](crate::snapshot::Snapshot); what it is read from stays inside.

pub mod procfs;

/// How often a file of a process could not be read, and why, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadErrors {
    /// The file in the process's directory: `io`, `fd`, ...
    pub file: &'static str,
    /// `permission`, `malformed` or `other`.
    pub reason: &'static str,
    /// How often.
    pub count: u64,
}
