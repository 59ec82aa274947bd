//! What the files of one process say, in the terms of a snapshot.

use super::io::Io;
use super::reads::Reads;
use super::schedstat::Schedstat;
use super::stat::Stat;
use super::status::Status;
use super::units::Units;
use crate::metric::Family;
use crate::snapshot::{Counter, Counters, Gauge, Gauges};

/// The files of one process as they were read; `None` for what was not asked for or could not be had.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) reads: Reads,
    pub(crate) stat: &'a Stat<'a>,
    pub(crate) status: Option<Status>,
    pub(crate) io: Option<Io>,
    pub(crate) schedstat: Option<Schedstat>,
    pub(crate) open_fds: Option<u64>,
    pub(crate) fd_limit: Option<u64>,
    pub(crate) threads_waited_ns: Option<u64>,
    pub(crate) oom_score: Option<u64>,
    /// Whether the kernel counts what a process waits for storage: it says 0 where it does not.
    pub(crate) block_delay: bool,
}

impl Reading<'_> {
    /// The quantities that only grow.
    pub(crate) fn counters(&self, units: Units, counters: &mut Counters) {
        let Reading { stat, status, io, schedstat, .. } = self;
        let on = |family| self.reads.families.has(family);
        counters.clear();
        let tail = if on(Family::BlockDelay) || on(Family::GuestCpu) { stat.tail() } else { None };
        for (counter, ticks) in [
            (Counter::CpuUser, Some(stat.user_ticks)),
            (Counter::CpuSystem, Some(stat.system_ticks)),
            (Counter::ChildrenUser, stat.children_user_ticks),
            (Counter::ChildrenSystem, stat.children_system_ticks),
            (Counter::BlockDelay, tail.filter(|_| self.block_delay).map(|tail| tail.block_delay_ticks)),
            (Counter::Guest, tail.filter(|_| on(Family::GuestCpu)).map(|tail| tail.guest_ticks)),
        ] {
            counters.set(counter, ticks.map(|ticks| units.nanoseconds(ticks)));
        }
        let logical = io.filter(|_| on(Family::LogicalIo));
        for (counter, value) in [
            (Counter::MinorFaults, Some(stat.minor_faults)),
            (Counter::MajorFaults, Some(stat.major_faults)),
            (Counter::ChildrenMinorFaults, Some(stat.waited_minor_faults)),
            (Counter::ChildrenMajorFaults, on(Family::ChildrenFaults).then_some(stat.waited_major_faults)),
            (Counter::Read, io.map(|io| io.read_bytes)),
            (Counter::Written, io.map(|io| io.write_bytes)),
            (Counter::LogicalRead, logical.map(|io| io.logical_read_bytes)),
            (Counter::LogicalWritten, logical.map(|io| io.logical_write_bytes)),
            (Counter::ReadCalls, logical.map(|io| io.read_calls)),
            (Counter::WriteCalls, logical.map(|io| io.write_calls)),
            (Counter::Voluntary, status.and_then(|status| status.voluntary_switches)),
            (Counter::Involuntary, status.and_then(|status| status.involuntary_switches)),
            (Counter::RunQueue, schedstat.filter(|_| on(Family::RunQueue)).map(|schedstat| schedstat.waited_ns)),
            (Counter::ThreadsRunQueue, self.threads_waited_ns),
        ] {
            counters.set(counter, value);
        }
    }

    /// The quantities of the moment. What processes are read for in turns stays as it is.
    pub(crate) fn gauges(&self, units: Units, gauges: &mut Gauges) {
        let Reading { stat, status, .. } = self;
        let on = |family| self.reads.families.has(family);
        // What has no memory of its own has none swapped out: a known 0, as its other memory is. A process with memory and
        // without a line runs on a kernel that does not have it yet (the kinds came with 4.5): not known, not 0.
        let memory = |bytes: fn(&Status) -> Option<u64>| {
            let status = status.as_ref()?;
            bytes(status).or_else(|| status.swap_bytes.is_none().then_some(0))
        };
        let details = |bytes: fn(&Status) -> Option<u64>| memory(bytes).filter(|_| on(Family::MemoryDetails));
        let tail = if on(Family::Scheduling) { stat.tail() } else { None };
        gauges.begin();
        for (gauge, value) in [
            (Gauge::Resident, Some(stat.resident_pages.saturating_mul(units.page_bytes))),
            (Gauge::Virtual, Some(stat.virtual_bytes)),
            (Gauge::Threads, Some(stat.threads)),
            (Gauge::Swap, memory(|status| status.swap_bytes)),
            (Gauge::Anonymous, memory(|status| status.anonymous_bytes)),
            (Gauge::FileBacked, memory(|status| status.file_bytes)),
            (Gauge::Shared, memory(|status| status.shared_bytes)),
            (Gauge::Locked, details(|status| status.locked_bytes)),
            (Gauge::Data, details(|status| status.data_bytes)),
            (Gauge::Stack, details(|status| status.stack_bytes)),
            (Gauge::OpenFds, self.open_fds),
            (Gauge::FdLimit, self.fd_limit),
            (Gauge::OomScore, self.oom_score),
            (Gauge::PendingSignals, status.filter(|_| on(Family::PendingSignals)).and_then(|s| s.pending_signals)),
            (Gauge::Nice, on(Family::Scheduling).then_some(stat.nice.cast_unsigned())),
            (Gauge::RealtimePriority, tail.map(|tail| tail.realtime_priority)),
            (Gauge::Policy, tail.map(|tail| tail.policy)),
        ] {
            gauges.set(gauge, value);
        }
    }
}
