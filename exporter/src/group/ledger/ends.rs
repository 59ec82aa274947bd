//! Ends that the kernel tells of, with the last counters of each process, also of such that no snapshot has had: nothing has to be
//! guessed from what parents are credited with.
//!
//! - CPU time of children is in the groups of the children; what parents are credited with is not looked at.
//! - Bytes and calls: those of a parent grow by those of each child that it waits for. They are taken off there, once its waited-for page
//!   faults have grown by all that its ended children had: where nobody waits they do not, and there is nothing to take off.

use std::mem;
use std::sync::Arc;

use super::{Assigned, Entry, Gone, Ledger, MAX_ANCESTORS, Place, WITH_CHILDREN};
use crate::snapshot::{Counter, Counters, End, Identity};

/// A parent that has not shown up after so many updates is none that can be seen.
const UPDATES_KEPT: u32 = 8;
/// The slot of a process that never had one.
const NO_SLOT: u32 = u32::MAX;

/// What the ended children of a process have used, with theirs: its own numbers have it too if it has waited for them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Owed {
    bytes: [u64; WITH_CHILDREN.len()],
    faults: u64,
    /// The update after which the last of them ended.
    update: u32,
}

impl Ledger {
    /// Each end is told of from now on: nothing is taken for ended because a snapshot has it not.
    pub(crate) fn exits_are_told(&mut self) {
        self.told = true;
    }

    /// Each end of a process that no snapshot has had is told of from now on, before its parent may be credited with what it used after.
    pub(crate) fn exits_are_recorded(&mut self) {
        self.recorded = true;
        self.inheritance.all_are_known();
    }

    /// Processes have ended, children before their parents: the group of each. `assign` is asked for those that are new or have
    /// another identity than in the last snapshot.
    pub(crate) fn last_groups(
        &mut self,
        ends: &[End],
        mut assign: impl FnMut(&Identity) -> Assigned,
    ) -> Vec<Option<u32>> {
        // Parents first, whom children may follow.
        let mut groups: Vec<_> = ends.iter().rev().map(|end| self.last_group(end, &mut assign)).collect();
        groups.reverse();
        groups
    }

    /// Whether there was a snapshot. What ended before it is not counted: what parents were credited with is in their first readings.
    pub(crate) fn has_begun(&self) -> bool {
        self.update > 0
    }

    /// The entry of a process that a snapshot has had.
    fn known(&self, end: &End) -> Option<usize> {
        let slot = end.slot? as usize;
        let identity = self.entries.get(slot)?.identity.as_ref()?;
        identity.same_process(&end.identity).then_some(slot)
    }

    /// The group that a process ends in.
    fn last_group(&mut self, end: &End, mut assign: impl FnMut(&Identity) -> Assigned) -> Option<u32> {
        let identity = &end.identity;
        let known = self.known(end);
        if let Some(slot) = known {
            let entry = &self.entries[slot];
            let same = entry.identity.as_ref().is_some_and(|known| Arc::ptr_eq(known, identity));
            if same && !entry.stale {
                return entry.group;
            }
        }
        let assigned = assign(identity);
        let group = match assigned {
            Assigned::Group(index) => Some(index),
            Assigned::Hidden => None,
            Assigned::Follow => match known.map(|slot| &self.entries[slot]).filter(|e| e.followed && !e.stale) {
                Some(entry) => entry.group,
                None => self.ancestral_group(identity.ppid),
            },
        };
        match known {
            Some(slot) => {
                (self.entries[slot].group, self.entries[slot].identity) = (group, Some(identity.clone()));
            }
            None => {
                let passes_on = match assigned {
                    Assigned::Hidden => Some(None),
                    _ => group.map(Some),
                };
                let place = Place { slot: NO_SLOT, ppid: identity.ppid, alive: false, counted: false, passes_on };
                // The pid may be another process's by now.
                if !self.by_pid.get(&identity.pid).is_some_and(|place| place.alive) {
                    self.by_pid.insert(identity.pid, place);
                    self.told_dead.push(identity.pid);
                }
            }
        }
        group
    }

    /// What a process has used since its last reading, all of it where it has started since the first snapshot and none has had it, and
    /// whether that is so. In the order in which they ended.
    pub(crate) fn used_at_end(&mut self, end: &End, group: Option<u32>) -> (&Counters, bool) {
        if !self.told {
            let started = self.record(end, group);
            return (&self.used, started);
        }
        let (pid, ppid) = (end.identity.pid, end.identity.ppid);
        let known = self.known(end);
        let mut entry = match known {
            Some(slot) => mem::take(&mut self.entries[slot]),
            None => Entry { new: true, older: self.started_before_first(&end.identity), ..Entry::default() },
        };
        let Ledger { inheritance, used, owed, by_pid, .. } = self;
        entry.waited = end.counters.get(Counter::ChildrenMinorFaults).unwrap_or(entry.waited);
        let begun = entry.count(&end.counters, used);
        let mut debts = known.map(|slot| inheritance.take_debts(slot as u32)).unwrap_or_default();
        if let Some(owed) = owed.remove(&pid).filter(|owed| entry.has_waited(owed)) {
            debts = std::array::from_fn(|index| debts[index].saturating_add(owed.bytes[index]));
        }
        for (counter, debt) in WITH_CHILDREN.into_iter().zip(&mut debts) {
            pay(used, begun, counter, debt);
        }
        match by_pid.get_mut(&pid) {
            Some(place) if known.is_some_and(|slot| place.slot as usize == slot) => {
                (place.alive, place.counted) = (false, true);
                self.told_dead.push(pid);
            }
            Some(place) if !place.alive => place.counted = true,
            _ => {}
        }
        // All that the kernel may have added to its parent's numbers.
        let parent = self.who_has_waited(ppid);
        let owed = self.owed.entry(parent).or_default();
        owed.update = self.update;
        owed.faults = owed.faults.saturating_add(entry.faults);
        for ((owed, counter), debt) in owed.bytes.iter_mut().zip(WITH_CHILDREN).zip(debts) {
            *owed = owed.saturating_add(end.counters.get(counter).unwrap_or(0)).saturating_add(debt);
        }
        (&self.used, entry.new && !entry.older)
    }

    /// The same of one that no snapshot has had, as far as it goes: its parent answers for the rest, as for that of others that have
    /// ended. Says whether it has started since the first snapshot.
    fn record(&mut self, end: &End, group: Option<u32>) -> bool {
        // The clock by which its start is told may have been set back since: that is not to cost what starts later.
        let older = self.update == 1 && self.started_before_first(&end.identity);
        let mut entry = Entry { group, older, ..Entry::default() };
        entry.count(&end.counters, &mut self.used);
        let mut gone = Gone::new(NO_SLOT, end.identity.ppid, group, entry.faults);
        let counted = |counter| end.counters.get(counter).unwrap_or(0);
        gone.bytes = WITH_CHILDREN.map(counted);
        gone.cpu = [Counter::CpuUser, Counter::CpuSystem].map(counted);
        self.inheritance.ended(gone);
        !older
    }

    /// The parent; where the kernel has told of its end before, whoever has got its numbers.
    fn who_has_waited(&self, mut pid: u32) -> u32 {
        for _ in 0..MAX_ANCESTORS {
            match self.by_pid.get(&pid) {
                Some(place) if place.counted => pid = place.ppid,
                _ => break,
            }
        }
        pid
    }

    /// Between the passes over a snapshot: parents that have waited for ended children owe what these have used.
    pub(super) fn settle_owed(&mut self) {
        let Ledger { owed, by_pid, entries, inheritance, update, .. } = self;
        owed.retain(|pid, owed| match by_pid.get(pid).filter(|place| place.alive) {
            Some(place) => {
                let Some(entry) = entries.get_mut(place.slot as usize).filter(|entry| entry.seen == *update) else {
                    return update.wrapping_sub(owed.update) < UPDATES_KEPT;
                };
                if entry.has_waited(owed) {
                    inheritance.owe(place.slot, owed.bytes);
                }
                false
            }
            None => update.wrapping_sub(owed.update) < UPDATES_KEPT,
        });
    }
}

impl Entry {
    /// Whether it has waited for its ended children, as far as its page faults tell. They tell it once.
    fn has_waited(&mut self, children: &Owed) -> bool {
        let unsettled = self.waited.saturating_sub(self.waited_settled);
        if children.faults == 0 || unsettled < children.faults {
            return false;
        }
        self.waited_settled += children.faults;
        true
    }
}

/// Takes a debt off what was used. Where the counter has only begun, all that is owed was used before.
pub(super) fn pay(used: &mut Counters, begun: u64, counter: Counter, debt: &mut u64) {
    if begun & 1 << counter as u64 != 0 {
        *debt = 0;
    } else if let Some(bytes) = used.get(counter) {
        let paid = bytes.min(*debt);
        *debt -= paid;
        used.set(counter, Some(bytes - paid));
    }
}
