//! The resource limits of a process: `getrlimit(2)`.

use super::values::quantities;

quantities! {
    /// What the kernel limits for each process.
    Resource {
        /// CPU time, seconds.
        CpuTime,
        /// Size of files that it makes, bytes.
        FileSize,
        /// Virtual memory for data, bytes.
        Data,
        /// Virtual memory for the stack of the main thread, bytes.
        Stack,
        /// Size of a core file, bytes.
        CoreFile,
        /// Resident memory, bytes; Linux looks at it no more.
        Resident,
        /// Processes and threads of its user.
        Processes,
        /// Open file descriptors.
        OpenFiles,
        /// Locked memory, bytes.
        Locked,
        /// Virtual memory, bytes.
        AddressSpace,
        /// Locks of files.
        FileLocks,
        /// Signals that wait to be delivered, of its user.
        PendingSignals,
        /// Message queues of its user, bytes.
        MessageQueues,
        /// How high `nice` may be raised: 20 less the lowest value.
        Nice,
        /// Real-time priority.
        RealtimePriority,
        /// CPU time of a real-time thread without a blocking call, microseconds.
        RealtimeTimeout,
    }
}

/// Which of the two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Bound {
    /// The one that holds.
    Soft,
    /// How far the process may raise it.
    Hard,
}

/// All limits of a process. Many processes have the same ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits([Option<[u64; 2]>; Resource::ALL.len()]);

impl Limits {
    /// What stands for a limit that is none.
    pub const UNLIMITED: u64 = u64::MAX;

    /// A limit in the unit of the resource, or [`Limits::UNLIMITED`]; `None` where it is not known.
    pub fn get(&self, resource: Resource, bound: Bound) -> Option<u64> {
        Some(self.0[resource as usize]?[bound as usize])
    }

    /// Sets the soft and the hard limit of a resource.
    pub fn set(&mut self, resource: Resource, soft_and_hard: [u64; 2]) {
        self.0[resource as usize] = Some(soft_and_hard);
    }
}
