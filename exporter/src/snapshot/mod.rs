//! What a source saw in one scan: one reading per process, the same shape from every source.
//!
//! A quantity that could not be read (no permission, not offered by the platform) is `None`, never 0.

mod counter;
mod end;
mod gauge;
mod host;
mod identity;
mod limits;
mod state;
mod values;

use std::sync::Arc;

pub use self::counter::{Counter, Counters};
pub use self::end::End;
pub use self::gauge::{Gauge, Gauges};
pub use self::host::Host;
pub use self::identity::{Identity, Membership};
pub use self::limits::{Bound, Limits, Resource};
pub use self::state::State;

/// All processes of one scan. Given to the source again and again: what has not changed stays where it is.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The last reading of each process, under its slot.
    slots: Vec<Option<Process>>,
    /// The slots of the processes of this scan, in ascending order of their pids.
    order: Vec<u32>,
    /// Processes that were not read again before the deadline: those known before stand in with their last reading, new
    /// ones are missing.
    pub skipped: usize,
    /// Processes that were not read again because they have not run since their last reading, which stands in.
    pub reused: usize,
    /// The host that they are on.
    pub host: Host,
}

/// One reading of one process.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// A small number that belongs to this process as long as it lives, and to another one after:
    /// later stages keep their state per process in a `Vec` under it instead of a map.
    pub slot: u32,
    /// What names the process. The same `Arc` from scan to scan until something in it changes.
    pub identity: Arc<Identity>,
    /// What it was doing when it was read.
    pub state: State,
    /// Quantities that only grow while the process lives.
    pub counters: Counters,
    /// Quantities of the moment.
    pub gauges: Gauges,
    /// Its threads, where they are asked for.
    pub threads: Vec<Thread>,
    /// The function of the kernel that its main thread waits in, where it waits and that is asked for and may be known.
    pub wait_channel: Option<Arc<str>>,
    /// Its resource limits, where they are asked for.
    pub limits: Option<Arc<Limits>>,
}

/// One thread of a process.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Thread id; that of the main thread is the process's.
    pub tid: u32,
    /// Start, in some unit that only grows: `(tid, start)` is the thread.
    pub start: u64,
    /// Its name, cleaned as that of a process.
    pub name: Arc<str>,
    /// What it has used by itself.
    pub counters: Counters,
}

impl Snapshot {
    /// A new scan begins: no process has been seen in it yet.
    pub fn begin(&mut self) {
        self.order.clear();
        self.skipped = 0;
        self.reused = 0;
        self.host = Host::default();
    }

    /// Adds a reading. The processes of a scan are added in ascending order of their pids.
    pub fn put(&mut self, process: Process) {
        let slot = process.slot;
        if slot as usize >= self.slots.len() {
            self.slots.resize_with(slot as usize + 1, || None);
        }
        self.slots[slot as usize] = Some(process);
        self.order.push(slot);
    }

    /// Replaces the reading of a process that this scan has seen already.
    pub fn replace(&mut self, process: Process) {
        if let Some(place) = self.slots.get_mut(process.slot as usize) {
            *place = Some(process);
        }
    }

    /// The last reading of the process under a slot holds for this scan too. Says whether there is one.
    pub fn keep(&mut self, slot: u32) -> bool {
        let known = self.get(slot).is_some();
        if known {
            self.order.push(slot);
        }
        known
    }

    /// The last reading of the process under a slot, also where this scan has not seen it.
    pub fn get(&self, slot: u32) -> Option<&Process> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// The same, to bring it up to date.
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Process> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// What processes are read for in turns is not known any more, since something else is asked for.
    pub fn forget_turns(&mut self) {
        for process in self.slots.iter_mut().flatten() {
            process.gauges.forget_turns();
        }
    }

    /// Takes the last reading of the process under a slot out, so that a new one can use its room.
    pub fn take(&mut self, slot: u32) -> Option<Process> {
        self.slots.get_mut(slot as usize)?.take()
    }

    /// The process under a slot has ended, though this scan has seen it.
    pub fn take_out(&mut self, slot: u32) {
        self.order.retain(|seen| *seen != slot);
        self.forget(slot);
    }

    /// The process under a slot has ended. This scan has not seen it.
    pub fn forget(&mut self, slot: u32) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = None;
        }
    }

    /// The processes of this scan, in ascending order of their pids.
    pub fn processes(&self) -> impl DoubleEndedIterator<Item = &Process> + Clone {
        self.order.iter().filter_map(|slot| self.get(*slot))
    }

    /// The process in a place of that order.
    pub fn at(&self, index: usize) -> Option<&Process> {
        self.get(*self.order.get(index)?)
    }

    /// How many threads there are on the host beyond those of the processes of this scan; `None` where that is not known, or
    /// some processes were left out. What starts or ends during the scan makes it a little wrong.
    pub fn hidden_threads(&self) -> Option<u64> {
        let seen = self.processes().map(|process| process.gauges.get(Gauge::Threads)).sum::<Option<u64>>()?;
        self.host.threads.filter(|_| self.skipped == 0).map(|all| all.saturating_sub(seen))
    }

    /// How many processes this scan has seen.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether this scan has seen no process.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl FromIterator<Process> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Process>>(processes: I) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for process in processes {
            snapshot.put(process);
        }
        snapshot
    }
}
