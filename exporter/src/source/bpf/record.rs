//! What the kernel tells of one process: `bpf/record.h`.

use zerocopy::{FromBytes, Immutable, KnownLayout};

/// One process, in the kernel's units. The same struct stands in `bpf/record.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Record {
    pub(crate) size: u32,
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    /// Effective user.
    pub(crate) uid: u32,
    /// `__state`, `exit_state` and `flags` of the main thread.
    pub(crate) state: u32,
    pub(crate) exit_state: u32,
    pub(crate) flags: u32,
    pub(crate) threads: u32,
    pub(crate) comm: [u8; 16],
    /// Not 0 where threads ended while they were being added up.
    pub(crate) torn: u32,
    /// Not 0 where it has memory of its own.
    pub(crate) memory: u32,
    /// Nanoseconds after boot.
    pub(crate) start_ns: u64,
    /// How often it has called `exec`.
    pub(crate) execs: u64,
    /// Where in the cgroups it is: an address that is another one in other groups, and the number of the one of version 2.
    pub(crate) css_set: u64,
    pub(crate) cgroup: u64,
    /// CPU time of all threads, ended ones too: in the two modes as ticks saw it, and exactly in both together.
    pub(crate) user_ns: u64,
    pub(crate) system_ns: u64,
    pub(crate) ran_ns: u64,
    /// What the kernel has told of the two modes last.
    pub(crate) told_user_ns: u64,
    pub(crate) told_system_ns: u64,
    /// Of waited-for children.
    pub(crate) children_user_ns: u64,
    pub(crate) children_system_ns: u64,
    pub(crate) minor_faults: u64,
    pub(crate) major_faults: u64,
    pub(crate) children_minor_faults: u64,
    pub(crate) children_major_faults: u64,
    /// With waited-for children.
    pub(crate) logical_read_bytes: u64,
    pub(crate) logical_write_bytes: u64,
    pub(crate) read_calls: u64,
    pub(crate) write_calls: u64,
    pub(crate) read_bytes: u64,
    pub(crate) write_bytes: u64,
    /// Context switches and delays of the main thread.
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
    pub(crate) run_delay_ns: u64,
    pub(crate) block_delay_ns: u64,
    pub(crate) virtual_pages: u64,
    pub(crate) locked_pages: u64,
    pub(crate) data_pages: u64,
    pub(crate) stack_pages: u64,
    /// Of files, anonymous, swapped out, shared; a sum that is made while it changes may be a little below 0.
    pub(crate) resident_pages: [i64; 4],
    pub(crate) open_fds: u64,
    /// Soft limit of open files; the largest number for none.
    pub(crate) fd_limit: u64,
}

/// What tells that a process has to be named anew, beside its name, user and parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) start_ns: u64,
    execs: u64,
    css_set: u64,
    cgroup: u64,
}

/// Bytes of one record.
pub(crate) const BYTES: usize = size_of::<Record>();

impl Record {
    /// A record from its bytes; `None` where they are of something else.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Record> {
        let (record, _) = Record::read_from_prefix(bytes).ok()?;
        (record.size as usize == BYTES).then_some(record)
    }

    /// What is another where the process is another, another program, or in another cgroup.
    pub(crate) fn mark(&self) -> Mark {
        Mark { start_ns: self.start_ns, execs: self.execs, css_set: self.css_set, cgroup: self.cgroup }
    }

    /// The name, which ends at the first NUL.
    pub(crate) fn name(&self) -> &[u8] {
        let end = self.comm.iter().position(|byte| *byte == 0).unwrap_or(self.comm.len());
        &self.comm[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_of_another_size_is_refused() {
        let mut bytes = vec![0; BYTES];
        bytes[..4].copy_from_slice(&(BYTES as u32).to_ne_bytes());
        bytes[4..8].copy_from_slice(&77_u32.to_ne_bytes());
        bytes[32..36].copy_from_slice(b"cat\0");
        let record = Record::parse(&bytes).expect("a record");
        assert_eq!((record.pid, record.name()), (77, &b"cat"[..]));
        assert_eq!(Record::parse(&bytes[1..]), None);
        bytes[0] ^= 8;
        assert_eq!(Record::parse(&bytes), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = Record::parse(&bytes);
        }
    }
}
