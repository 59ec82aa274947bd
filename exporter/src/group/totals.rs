//! What the processes of a group add up to.

use std::time::Instant;

use super::Peaks;
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Process, State};

/// Sums over a group.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Grows only. `None` until a process of the group could be read.
    pub counters: Counters,
    /// Over the processes that could be read; `None` where none could, 0 where the group is empty.
    pub gauges: Gauges,
    /// Processes in each state, by [`State`]; `None` for a state that no process of the group was ever seen in.
    pub states: [Option<u64>; State::ALL.len()],
    /// Starts of the living, in milliseconds since the Unix epoch.
    pub starts_ms: Starts,
    /// The worst ratio of open files to their limit among the living, in billionths.
    pub worst_fd_ratio: Option<u64>,
    /// Processes that were first seen after the first snapshot.
    pub starts: u64,
    /// Processes that have ended.
    pub exits: u64,
    /// Of the last minute, where they are asked for. Those of merged groups begin anew: the sum of peaks is none.
    pub peaks: Option<Box<Peaks>>,
}

impl Totals {
    /// The number of processes at present.
    pub fn processes(&self) -> u64 {
        self.states.iter().flatten().sum()
    }

    /// Forgets what is of the moment.
    pub(crate) fn begin(&mut self) {
        self.gauges.clear();
        self.starts_ms = Starts::default();
        self.worst_fd_ratio = None;
        for count in self.states.iter_mut().flatten() {
            *count = 0;
        }
    }

    /// Adds a process and what it has used since its last reading.
    pub(crate) fn add(&mut self, process: &Process, used: &Counters) {
        self.counters.add(used);
        self.gauges.add(&process.gauges);
        let count = &mut self.states[process.state as usize];
        *count = Some(count.unwrap_or(0) + 1);
        if let (Some(open), Some(limit)) = (process.gauges.get(Gauge::OpenFds), process.gauges.get(Gauge::FdLimit)) {
            let ratio = u128::from(open) * 1_000_000_000 / u128::from(limit.max(1));
            self.worst_fd_ratio = self.worst_fd_ratio.max(Some(u64::try_from(ratio).unwrap_or(u64::MAX)));
        }
        self.starts_ms.add(process.identity.start_ms);
    }

    /// Adds all of another group.
    pub(crate) fn merge(&mut self, other: &Totals) {
        self.counters.add(&other.counters);
        self.gauges.add(&other.gauges);
        for (total, count) in self.states.iter_mut().zip(other.states) {
            *total = total.map_or(count, |total| Some(total + count.unwrap_or(0)));
        }
        self.starts += other.starts;
        self.exits += other.exits;
        self.starts_ms.merge(other.starts_ms);
        self.worst_fd_ratio = self.worst_fd_ratio.max(other.worst_fd_ratio);
    }

    /// Takes a sample for the peaks, or forgets them.
    pub(crate) fn sample(&mut self, now: Option<Instant>) {
        let Some(now) = now else {
            self.peaks = None;
            return;
        };
        let cpu = [Counter::CpuUser, Counter::CpuSystem, Counter::Cpu];
        let cpu_ns = cpu.iter().filter_map(|counter| self.counters.get(*counter)).fold(0, u64::saturating_add);
        let resident = self.gauges.get(Gauge::Resident).unwrap_or(0);
        self.peaks.get_or_insert_default().sample(now, cpu_ns, resident);
    }

    /// All processes are added: an empty group uses nothing, and that is known.
    pub(crate) fn end(&mut self) {
        if self.processes() == 0 {
            self.worst_fd_ratio = Some(0);
            self.gauges.zero();
        }
    }
}

/// Starts of processes: the first, the last, and what they add up to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Starts {
    first: u64,
    last: u64,
    sum: u128,
    count: u64,
}

impl Starts {
    /// The earliest one; `None` where none is known.
    pub fn earliest(self) -> Option<u64> {
        (self.count > 0).then_some(self.first)
    }

    /// The latest one.
    pub fn latest(self) -> Option<u64> {
        (self.count > 0).then_some(self.last)
    }

    /// The mean.
    pub fn mean(self) -> Option<u64> {
        u64::try_from(self.sum.checked_div(u128::from(self.count))?).ok()
    }

    /// Adds one; 0 is that of a process whose start a source could not tell.
    fn add(&mut self, start_ms: u64) {
        if start_ms > 0 {
            self.merge(Starts { first: start_ms, last: start_ms, sum: u128::from(start_ms), count: 1 });
        }
    }

    fn merge(&mut self, more: Starts) {
        let first = [self.earliest(), more.earliest()].into_iter().flatten().min().unwrap_or(0);
        let (last, sum) = (self.last.max(more.last), self.sum + more.sum);
        *self = Starts { first, last, sum, count: self.count + more.count };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_the_last_and_the_mean() {
        let starts = |all: &[u64]| {
            let mut starts = Starts::default();
            all.iter().for_each(|start| starts.add(*start));
            (starts.earliest(), starts.latest(), starts.mean())
        };
        assert_eq!(starts(&[]), (None, None, None));
        assert_eq!(starts(&[0]), (None, None, None), "it is not known");
        assert_eq!(starts(&[50, 0, 10, 31]), (Some(10), Some(50), Some(30)));
        assert_eq!(starts(&[u64::MAX, u64::MAX]), (Some(u64::MAX), Some(u64::MAX), Some(u64::MAX)));
    }
}
