//! Processes that have ended, as the last records of the kernel tell of them.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dead::Dead;
use super::{Procfs, identify};
use crate::snapshot::{End, Identity, Snapshot};
use crate::source::bpf::{Exits, Programs, Record, convert};

/// The last record of a process mostly comes some milliseconds after its end. This is late,
const LATE_AFTER: Duration = Duration::from_secs(2);
/// and after this none will come.
const LOST_AFTER: Duration = Duration::from_secs(60);
/// Records that there is always room for.
const MOST_KEPT: usize = 1024;

impl Procfs {
    /// Adds the processes that have ended since the last call, the youngest first: children before their parents. They are known no
    /// more.
    pub(super) fn recorded_ends(&mut self, snapshot: &mut Snapshot, ends: &mut Vec<End>) {
        let Some(exits) = self.programs.as_mut().and_then(|programs| programs.exits_mut()) else { return };
        let mut ended = std::mem::take(&mut self.ended);
        exits.take(&mut ended);
        let now = Instant::now();
        ended.retain(|record| match record.is_last() {
            true => self.ending.remove(&(record.pid, record.start_ns)).is_none_or(|ending| !ending.told),
            false => {
                let ending = Ending { record: *record, since: now, told: false };
                self.ending.insert((record.pid, record.start_ns), ending);
                false
            }
        });
        ended.append(&mut self.overdue);
        ended.sort_by_key(|record| Reverse(record.start_ns));
        // Names first: what has forked another one may be among them.
        ends.extend(ended.iter().map(|record| self.end(record, snapshot)));
        for end in ends.iter() {
            if let Some(slot) = end.slot {
                self.known.forget(end.identity.pid);
                snapshot.forget(slot);
            }
        }
        ends.append(&mut self.lost);
        // The room for a storm of them is not kept.
        ended.clear();
        ended.shrink_to(MOST_KEPT);
        self.ended = ended;
    }

    fn end(&mut self, record: &Record, snapshot: &Snapshot) -> End {
        let known = self.known.find(record.pid).filter(|(_, known)| known.mark.start_ns == record.start_ns);
        let slot = known.map(|(slot, _)| slot);
        let last = slot.and_then(|slot| snapshot.get(slot));
        // It still was the program that was named: then it ends under that name.
        let named = known
            .is_some_and(|(_, known)| known.mark.is_program(record) && known.comm == identify::number(record.name()));
        let mut counters =
            convert::last_counters(record, self.reads, self.block_delay, last.map(|last| &last.counters));
        if self.programs.as_ref().is_some_and(Programs::counts_network) {
            convert::traffic(record, &mut counters);
        }
        let identity = match last.filter(|_| named) {
            Some(last) => last.identity.clone(),
            None => Arc::new(self.named_at_its_end(record, snapshot)),
        };
        End { slot, identity, counters }
    }

    fn named_at_its_end(&mut self, record: &Record, snapshot: &Snapshot) -> Identity {
        let dead = Dead {
            pid: record.pid,
            ppid: record.ppid,
            start_ms: self.boot_ms.saturating_add(self.units.milliseconds(self.units.ticks(record.start_ns))),
            comm: record.name(),
            uid: record.uid,
            kernel: record.flags & convert::KERNEL_THREAD != 0,
        };
        self.named_as_dead(&dead, snapshot, |parent| parent.mark.has_forked(record))
    }

    /// What tells of each process that ends, where that is to be had.
    pub(super) fn told_exits(&self) -> Option<&Exits> {
        self.programs.as_ref()?.exits().ok()
    }

    /// The processes that this scan has not seen have ended: their last records come yet. Where they do not, what was told when they
    /// began to end is the last; and where that was not told either, the last reading.
    pub(super) fn await_ends(&mut self, snapshot: &mut Snapshot) {
        let Procfs { ending, known, overdue, .. } = self;
        let now = Instant::now();
        ending.retain(|_, ending| {
            let waited = now.saturating_duration_since(ending.since);
            if ending.told {
                return waited < LOST_AFTER;
            }
            // It may not have been waited for, and be there for long.
            if waited > LATE_AFTER && !known.is_seen(ending.record.pid, ending.record.start_ns) {
                overdue.push(ending.record);
                (ending.told, ending.since) = (true, now);
            }
            true
        });
        ending.shrink_to(MOST_KEPT);
        for pid in self.known.missed(now, LOST_AFTER) {
            let Some(slot) = self.known.forget(pid) else { continue };
            if let Some(last) = snapshot.take(slot) {
                self.lost.push(End { slot: Some(slot), identity: last.identity, counters: last.counters });
            }
        }
    }
}

/// What was told of a process when it began to end.
#[derive(Debug)]
pub(super) struct Ending {
    record: Record,
    /// When that was, or when it was taken for its last.
    since: Instant,
    told: bool,
}
