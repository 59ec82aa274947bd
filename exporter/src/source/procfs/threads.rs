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

/// Brings `threads` up to date. One that ends meanwhile is left out. Nothing is allocated where the threads are those of the last scan.
pub(crate) fn read(
    files: &mut Files<'_>,
    reads: Reads,
    units: Units,
    listed: &mut Vec<Listed>,
    threads: &mut Vec<Thread>,
) {
    listed.clear();
    // Without a list there is no thread.
    let _ = files.root.list_in(files.path.threads(files.pid), listed);
    let mut place = 0;
    for Listed { pid: tid, .. } in listed.iter().copied() {
        let gone = threads[place..].iter().take_while(|thread| thread.tid < tid).count();
        threads.drain(place..place + gone);
        let known = threads.get_mut(place).filter(|thread| thread.tid == tid);
        match (thread(files, tid, reads, units, known.as_deref()), known) {
            (Ok(Some(now)), Some(known)) => *known = now,
            (Ok(Some(now)), None) => threads.insert(place, now),
            (_, known) => {
                if known.is_some() {
                    threads.remove(place);
                }
                continue;
            }
        }
        place += 1;
    }
    threads.truncate(place);
}

fn thread(
    files: &mut Files<'_>,
    tid: u32,
    reads: Reads,
    units: Units,
    before: Option<&Thread>,
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
            Some(thread) if thread.name.as_bytes() == comm => thread.name.clone(),
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
