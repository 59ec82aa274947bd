//! One process as sysinfo has it, in the terms of a snapshot. Sysinfo says 0 where it may not look and where it knows
//! nothing: what may mean that is not known.

use ::sysinfo::{Process, ProcessStatus, Uid};

use crate::metric::{Families, Family};
use crate::snapshot::{Counter, Counters, Gauge, Gauges, State};

/// Sysinfo knows a process's threads, and the limit of its open files, on Linux alone.
const THREADS_AND_LIMIT: bool = cfg!(target_os = "linux");
/// Where the bytes that sysinfo counts went: on Windows it counts those of all calls, on FreeBSD and NetBSD it calls bytes
/// what are blocks.
const BYTES: Option<[Counter; 2]> = if cfg!(any(target_os = "linux", target_os = "macos")) {
    Some([Counter::Read, Counter::Written])
} else if cfg!(target_os = "windows") {
    Some([Counter::LogicalRead, Counter::LogicalWritten])
} else {
    None
};

/// The user whose rights a process has; Windows knows its owner.
pub(crate) fn user(process: &Process) -> Option<&Uid> {
    process.effective_user_id().or_else(|| process.user_id())
}

/// The name without what a worker of Linux's kernel works on, which changes from moment to moment.
pub(crate) fn stable_name(name: &[u8], kernel: bool) -> &[u8] {
    if !kernel || !name.starts_with(b"kworker/") || name.starts_with(b"kworker/R-") {
        return name;
    }
    let end = name.iter().position(|b| matches!(*b, b'-' | b'+')).unwrap_or(name.len());
    &name[..end]
}

/// What has been used. Sysinfo does not tell user from system mode.
pub(crate) fn counters(process: &Process) -> Counters {
    let mut counters = Counters::default();
    let cpu_ms = Some(process.accumulated_cpu_time()).filter(|ms| *ms > 0);
    counters.set(Counter::Cpu, cpu_ms.map(|ms| ms.saturating_mul(1_000_000)));
    let disk = process.disk_usage();
    if let Some([read, written]) = BYTES
        && (disk.total_read_bytes, disk.total_written_bytes) != (0, 0)
    {
        counters.set(read, Some(disk.total_read_bytes));
        counters.set(written, Some(disk.total_written_bytes));
    }
    counters
}

/// What there is at the moment. Open files are counted only where a family asks.
pub(crate) fn gauges(process: &Process, families: Families) -> Gauges {
    let mut gauges = Gauges::default();
    let known = |bytes: u64| Some(bytes).filter(|bytes| *bytes > 0);
    gauges.set(Gauge::Resident, known(process.memory()));
    gauges.set(Gauge::Virtual, known(process.virtual_memory()));
    if THREADS_AND_LIMIT {
        // Those beside the first.
        gauges.set(Gauge::Threads, process.tasks().map(|tasks| tasks.len() as u64 + 1));
    }
    if families.any(&[Family::OpenFds, Family::FdLimit]) {
        let open = process.open_files().map(|files| files as u64);
        // macOS says none where it may not look.
        gauges.set(Gauge::OpenFds, if cfg!(target_os = "macos") { open.and_then(known) } else { open });
    }
    if THREADS_AND_LIMIT && families.has(Family::FdLimit) {
        gauges.set(Gauge::FdLimit, process.open_files_limit().map(|limit| limit as u64));
    }
    gauges
}

/// What a process is doing.
pub(crate) fn state(process: &Process) -> State {
    state_of(process.status(), cfg!(target_os = "linux"), cfg!(any(target_os = "windows", target_os = "macos")))
}

/// `running_unknown`: Windows tells of no states, macOS of none beside those of processes that are stopped, idle or
/// ended; both then say that a process is running.
fn state_of(status: ProcessStatus, linux: bool, running_unknown: bool) -> State {
    match status {
        ProcessStatus::Run if running_unknown => State::Other,
        ProcessStatus::Run => State::Running,
        // What NetBSD calls so is ready to run.
        ProcessStatus::Suspended if cfg!(target_os = "netbsd") => State::Running,
        ProcessStatus::Sleep => State::Sleeping,
        ProcessStatus::UninterruptibleDiskSleep => State::DiskSleep,
        ProcessStatus::Stop => State::Stopped,
        ProcessStatus::Tracing => State::Traced,
        ProcessStatus::Zombie => State::Zombie,
        ProcessStatus::Dead => State::Dead,
        // BSD and macOS mean a process that is being made.
        ProcessStatus::Idle if linux => State::Idle,
        _ => State::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_system() {
        for (status, linux, windows) in [
            (ProcessStatus::Run, State::Running, State::Other),
            (ProcessStatus::Sleep, State::Sleeping, State::Sleeping),
            (ProcessStatus::Zombie, State::Zombie, State::Zombie),
            (ProcessStatus::Idle, State::Idle, State::Other),
            (ProcessStatus::Unknown(7), State::Other, State::Other),
        ] {
            assert_eq!((state_of(status, true, false), state_of(status, false, true)), (linux, windows), "{status:?}");
        }
    }

    #[test]
    fn workers_lose_what_they_work_on() {
        for (name, kernel, expected) in [
            ("kworker/0:1-events", true, "kworker/0:1"),
            ("kworker/R-ext4", true, "kworker/R-ext4"),
            ("kworker/0:1-mine", false, "kworker/0:1-mine"),
            ("ksoftirqd/0", true, "ksoftirqd/0"),
        ] {
            assert_eq!(stable_name(name.as_bytes(), kernel), expected.as_bytes());
        }
    }
}
