//! `/proc/PID/task`: the threads of a process, one by one. Their files are those of a process; `stat`, `status` and `io` hold what
//! the thread has used by itself.

use std::sync::Arc;

use super::files::{Files, Vanished};
use super::path::File;
use super::reads::Reads;
use super::root::Listed;
use super::units::Units;
use super::{io, name, stat, status};
use crate::snapshot::{Counter, Counters, Thread};
use crate::source::name::clean;

/// Replaces `threads` by the threads that there are now. One that ends meanwhile is left out.
pub(crate) fn read(
    files: &mut Files<'_>,
    reads: Reads,
    units: Units,
    listed: &mut Vec<Listed>,
    threads: &mut Vec<Thread>,
) {
    let known = std::mem::take(threads);
    if files.root.list_in(files.path.threads(files.pid), listed).is_err() {
        return;
    }
    // No allocation where the threads are those of the last scan.
    let mut known = known.into_iter().peekable();
    threads.reserve(listed.len());
    for Listed { pid: tid, .. } in listed.iter().copied() {
        while known.next_if(|thread| thread.tid < tid).is_some() {}
        let before = known.next_if(|thread| thread.tid == tid);
        if let Ok(Some(thread)) = thread(files, tid, reads, units, before) {
            threads.push(thread);
        }
    }
}

fn thread(
    files: &mut Files<'_>,
    tid: u32,
    reads: Reads,
    units: Units,
    before: Option<Thread>,
) -> Result<Option<Thread>, Vanished> {
    let mut counters = Counters::default();
    let stat = files.of_thread(tid, File::Stat, |text| {
        let stat = stat::parse(text)?;
        let comm = name::stable(&stat);
        for (counter, value) in [
            (Counter::CpuUser, units.nanoseconds(stat.user_ticks)),
            (Counter::CpuSystem, units.nanoseconds(stat.system_ticks)),
            (Counter::MinorFaults, stat.minor_faults),
            (Counter::MajorFaults, stat.major_faults),
        ] {
            counters.set(counter, Some(value));
        }
        let name = match before {
            Some(thread) if thread.name.as_bytes() == comm => thread.name,
            _ => Arc::from(clean(comm)),
        };
        Some((name, stat.start_ticks))
    })?;
    let Some((name, start)) = stat else { return Ok(None) };
    if reads.status {
        let status = files.of_thread(tid, File::Status, status::parse)?;
        counters.set(Counter::Voluntary, status.and_then(|status| status.voluntary_switches));
        counters.set(Counter::Involuntary, status.and_then(|status| status.involuntary_switches));
    }
    if reads.io {
        let io = files.of_thread(tid, File::Io, io::parse)?;
        counters.set(Counter::Read, io.map(|io| io.read_bytes));
        counters.set(Counter::Written, io.map(|io| io.write_bytes));
    }
    Ok(Some(Thread { tid, start, name, counters }))
}
