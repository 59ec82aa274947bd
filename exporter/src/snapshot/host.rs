//! What a source tells of the host as a whole, which processes are a part of.

/// The host at the moment of a scan; `None` is what the source cannot tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Host {
    /// Threads, also of processes that cannot be seen.
    pub threads: Option<u64>,
    /// Threads that ran, waited for a CPU or (on Linux) for storage: means over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// CPUs that are on.
    pub cpus: Option<u64>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// What programs may still take of it without swapping, in bytes, as the kernel guesses.
    pub available_memory_bytes: Option<u64>,
    /// Processes that the kernel killed for want of memory since it started, in the whole host or in a cgroup.
    pub oom_kills: Option<u64>,
}
