//! Processes that have ended: their last records, which wait in a ring buffer (`bpf/exits.h`).

use std::fmt;
use std::os::fd::{AsFd as _, OwnedFd};

use aya::maps::{Array, Map, MapData, RingBuf};
use aya::programs::BtfTracePoint;
use aya::{Btf, Ebpf};

use super::programs::try_again;
use super::record::Record;

/// Of the buffer, for each CPU: a thousand records, two of which tell of one process.
const BYTES_FOR_A_CPU: u32 = 1 << 18;
const LEAST_BYTES: u32 = 1 << 20;
const MOST_BYTES: u32 = 1 << 24;
/// So many are taken at a time, however fast others come.
const MOST_RECORDS: usize = 1 << 17;

/// The buffer, and how many found no room in it. The program goes with the rest of the programs.
pub(crate) struct Exits {
    records: RingBuf<MapData>,
    lost: Array<MapData, u64>,
    /// Records that were something else.
    unread: u64,
}

fn attach(ebpf: &mut Ebpf, btf: &Btf, name: &str, tracepoint: &str) -> Result<(), Box<dyn std::error::Error>> {
    let program = ebpf.program_mut(name).ok_or_else(|| format!("the program {name} is not in the object"))?;
    let program: &mut BtfTracePoint = program.try_into()?;
    try_again(|| program.load(tracepoint, btf))?;
    program.attach()?;
    Ok(())
}

impl fmt::Debug for Exits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exits").field("lost", &self.lost()).finish_non_exhaustive()
    }
}

/// Bytes of the buffer on a host of so many CPUs: a power of two.
pub(crate) fn buffer_bytes(cpus: u32) -> u32 {
    cpus.saturating_mul(BYTES_FOR_A_CPU).clamp(LEAST_BYTES, MOST_BYTES).next_power_of_two()
}

impl Exits {
    /// Has the kernel tell from now on.
    ///
    /// # Errors
    /// Where it refuses, with what it says.
    pub(crate) fn attach(ebpf: &mut Ebpf, btf: &Btf) -> Result<Exits, Box<dyn std::error::Error>> {
        let mut map = |name: &str| ebpf.take_map(name).ok_or_else(|| format!("the map {name} is not in the object"));
        let (records, lost): (Map, Map) = (map("exits")?, map("lost_exits")?);
        let exits = Exits { records: RingBuf::try_from(records)?, lost: Array::try_from(lost)?, unread: 0 };
        // First what comes last: of none the end is told that was not told of before.
        attach(ebpf, btf, "freed", "sched_process_free")?;
        attach(ebpf, btf, "ending", "sched_process_exit")?;
        Ok(exits)
    }

    /// Replaces `ended` by what was told since the last call: records of processes that begin to end, and the last ones of such that
    /// have been freed.
    pub(crate) fn take(&mut self, ended: &mut Vec<Record>) {
        ended.clear();
        while let Some(bytes) = self.records.next() {
            match Record::parse_ended(&bytes) {
                Some(record) => ended.push(record),
                None => self.unread += 1,
            }
            if ended.len() >= MOST_RECORDS {
                break;
            }
        }
    }

    /// How many records found no room since the start.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.get(&0, 0).unwrap_or(0).saturating_add(self.unread)
    }

    /// What can be read from when the buffer is half full.
    pub(crate) fn ready(&self) -> Option<OwnedFd> {
        self.records.as_fd().try_clone_to_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_grows_with_the_host() {
        assert_eq!([1, 2, 4, 6, 64, 1000, u32::MAX].map(buffer_bytes), [20, 20, 20, 21, 24, 24, 24].map(|n| 1 << n));
    }
}
