//! What the processes of a group add up to.

use crate::snapshot::{Counters, Gauge, Gauges, Process, State};

/// Sums over a group.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Totals {
    /// Grows only. `None` until a process of the group could be read.
    pub counters: Counters,
    /// Over the processes that could be read; `None` where none could, 0 where the group is empty.
    pub gauges: Gauges,
    /// Processes in each state, by [`State`]; `None` for a state that no process of the group was ever seen in.
    pub states: [Option<u64>; State::ALL.len()],
    /// Earliest start among the living, in milliseconds since the Unix epoch.
    pub oldest_start_ms: Option<u64>,
    /// The worst ratio of open files to their limit among the living, in billionths.
    pub worst_fd_ratio: Option<u64>,
    /// Processes that were first seen after the first snapshot.
    pub starts: u64,
    /// Processes that have ended.
    pub exits: u64,
}

impl Totals {
    /// The number of processes at present.
    pub fn processes(&self) -> u64 {
        self.states.iter().flatten().sum()
    }

    /// Forgets what is of the moment.
    pub(crate) fn begin(&mut self) {
        self.gauges = Gauges::default();
        self.oldest_start_ms = None;
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
        // 0 where a source could not tell.
        let start = Some(process.identity.start_ms).filter(|start| *start > 0);
        self.oldest_start_ms = earlier(self.oldest_start_ms, start);
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
        self.oldest_start_ms = earlier(self.oldest_start_ms, other.oldest_start_ms);
        self.worst_fd_ratio = self.worst_fd_ratio.max(other.worst_fd_ratio);
    }

    /// All processes are added: an empty group uses nothing, and that is known.
    pub(crate) fn end(&mut self) {
        if self.processes() == 0 {
            self.worst_fd_ratio = Some(0);
            for gauge in Gauge::ALL.into_iter().filter(|gauge| !Gauge::SOCKETS.contains(gauge)) {
                self.gauges.set(gauge, Some(0));
            }
        }
    }
}

/// The earlier of two times, as far as they are known.
fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
