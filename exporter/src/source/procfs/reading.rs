//! What the files of one process say, in the terms of a snapshot.

use super::io::Io;
use super::schedstat::Schedstat;
use super::smaps::Smaps;
use super::stat::Stat;
use super::status::Status;
use super::units::Units;
use crate::snapshot::{Counter, Counters, Gauge, Gauges};

/// The files of one process as they were read; `None` for what was not asked for or could not be had.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) stat: &'a Stat<'a>,
    pub(crate) status: Option<Status>,
    pub(crate) io: Option<Io>,
    pub(crate) schedstat: Option<Schedstat>,
    pub(crate) open_fds: Option<u64>,
    pub(crate) fd_limit: Option<u64>,
    pub(crate) smaps: Option<Smaps>,
    pub(crate) oom_score: Option<u64>,
    /// Whether the kernel counts what a process waits for storage: it says 0 where it does not.
    pub(crate) block_delay: bool,
}

impl Reading<'_> {
    /// The quantities that only grow.
    pub(crate) fn counters(&self, units: Units) -> Counters {
        let Reading { stat, status, io, schedstat, .. } = self;
        let mut counters = Counters::default();
        for (counter, ticks) in [
            (Counter::CpuUser, Some(stat.user_ticks)),
            (Counter::CpuSystem, Some(stat.system_ticks)),
            (Counter::ChildrenUser, stat.children_user_ticks),
            (Counter::ChildrenSystem, stat.children_system_ticks),
            (Counter::BlockDelay, self.block_delay.then(|| stat.block_delay_ticks()).flatten()),
        ] {
            counters.set(counter, ticks.map(|ticks| units.nanoseconds(ticks)));
        }
        for (counter, value) in [
            (Counter::MinorFaults, Some(stat.minor_faults)),
            (Counter::MajorFaults, Some(stat.major_faults)),
            (Counter::ChildrenMinorFaults, Some(stat.waited_minor_faults)),
            (Counter::ChildrenMajorFaults, Some(stat.waited_major_faults)),
            (Counter::Read, io.map(|io| io.read_bytes)),
            (Counter::Written, io.map(|io| io.write_bytes)),
            (Counter::LogicalRead, io.map(|io| io.logical_read_bytes)),
            (Counter::LogicalWritten, io.map(|io| io.logical_write_bytes)),
            (Counter::ReadCalls, io.map(|io| io.read_calls)),
            (Counter::WriteCalls, io.map(|io| io.write_calls)),
            (Counter::Voluntary, status.and_then(|status| status.voluntary_switches)),
            (Counter::Involuntary, status.and_then(|status| status.involuntary_switches)),
            (Counter::RunQueue, schedstat.map(|schedstat| schedstat.waited_ns)),
        ] {
            counters.set(counter, value);
        }
        counters
    }

    /// The quantities of the moment.
    pub(crate) fn gauges(&self, units: Units) -> Gauges {
        let Reading { stat, status, .. } = self;
        // What has no memory of its own has none swapped out: a known 0, as its other memory is. A process with memory and
        // without a line runs on a kernel that does not have it yet (the kinds came with 4.5): not known, not 0.
        let memory = |bytes: fn(&Status) -> Option<u64>| {
            let status = status.as_ref()?;
            bytes(status).or_else(|| status.swap_bytes.is_none().then_some(0))
        };
        let mut gauges = Gauges::default();
        for (gauge, value) in [
            (Gauge::Resident, Some(stat.resident_pages.saturating_mul(units.page_bytes))),
            (Gauge::Virtual, Some(stat.virtual_bytes)),
            (Gauge::Threads, Some(stat.threads)),
            (Gauge::Swap, memory(|status| status.swap_bytes)),
            (Gauge::Anonymous, memory(|status| status.anonymous_bytes)),
            (Gauge::FileBacked, memory(|status| status.file_bytes)),
            (Gauge::Shared, memory(|status| status.shared_bytes)),
            (Gauge::Locked, memory(|status| status.locked_bytes)),
            (Gauge::Data, memory(|status| status.data_bytes)),
            (Gauge::Stack, memory(|status| status.stack_bytes)),
            (Gauge::OpenFds, self.open_fds),
            (Gauge::FdLimit, self.fd_limit),
            (Gauge::OomScore, self.oom_score),
            (Gauge::Proportional, self.smaps.map(|smaps| smaps.proportional_bytes)),
            (Gauge::ProportionalSwap, self.smaps.map(|smaps| smaps.proportional_swap_bytes)),
            (Gauge::Unique, self.smaps.map(|smaps| smaps.unique_bytes)),
        ] {
            gauges.set(gauge, value);
        }
        gauges
    }
}
