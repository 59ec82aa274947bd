//! What the kernel tells of one process: `bpf/record.h`.

use std::mem::offset_of;

use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::snapshot::Counter;

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
    /// Bytes and packets as far as they were counted, in the order of [`Counter::NETWORK`].
    pub(crate) traffic: [u64; Counter::NETWORK.len()],
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

/// The same of one that has ended: it ends before what tells of memory and files, and before that of traffic where none was counted.
const ENDED_BYTES: [usize; 2] = [offset_of!(Record, traffic), offset_of!(Record, virtual_pages)];

impl Mark {
    /// Whether it is of the program that the record is of, wherever in the cgroups that is.
    pub(crate) fn is_program(&self, record: &Record) -> bool {
        self.start_ns == record.start_ns && self.execs == record.execs
    }

    /// Whether a process that this mark is of may have forked the one of the record, which has called `exec` as often: the number
    /// is handed down, and grows with each call.
    pub(crate) fn has_forked(&self, record: &Record) -> bool {
        self.start_ns < record.start_ns && self.execs == record.execs && self.css_set == record.css_set
    }
}

impl Record {
    /// A record of a process that has ended from its bytes; `None` where they are of something else.
    pub(crate) fn parse_ended(bytes: &[u8]) -> Option<Record> {
        let (size, _) = u32::read_from_prefix(bytes).ok()?;
        let size = ENDED_BYTES.into_iter().find(|bytes| *bytes == size as usize)?;
        let mut whole = [0; BYTES];
        whole[..size].copy_from_slice(bytes.get(..size)?);
        Record::read_from_bytes(&whole).ok()
    }

    /// Of one that ends: whether these are its last numbers.
    pub(crate) fn is_last(&self) -> bool {
        const EXIT_DEAD: u32 = 0x10;
        self.exit_state & EXIT_DEAD != 0
    }

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

    #[test]
    fn an_ended_process_has_neither_memory_nor_files() {
        let some = 0x0101_0101_0101_0101;
        for (size, traffic) in ENDED_BYTES.into_iter().zip([[0; 16], [some; 16]]) {
            let mut bytes = vec![1; size + 8];
            bytes[..4].copy_from_slice(&(size as u32).to_ne_bytes());
            let record = Record::parse_ended(&bytes).expect("a record");
            assert_eq!((record.block_delay_ns, record.virtual_pages, record.fd_limit), (some, 0, 0));
            assert_eq!(record.traffic, traffic);
            assert_eq!(Record::parse_ended(&bytes[..size - 1]), None);
            bytes[0] ^= 8;
            assert_eq!(Record::parse_ended(&bytes), None);
        }
    }

    #[test]
    fn who_has_forked_whom() {
        let child = Record { start_ns: 20, execs: 3, css_set: 7, ..Record::default() };
        let forked = |start_ns, execs, css_set| Mark { start_ns, execs, css_set, cgroup: 0 }.has_forked(&child);
        assert!(forked(10, 3, 7));
        assert!(!forked(10, 2, 7), "it is another program");
        assert!(!forked(20, 3, 7), "it is not older");
        assert!(!forked(10, 3, 8), "it is in another cgroup");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = Record::parse(&bytes);
            let _ = Record::parse_ended(&bytes);
        }
    }
}
