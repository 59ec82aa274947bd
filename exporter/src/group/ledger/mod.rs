//! What has been counted of each process so far, so that every unit of use is counted once.

mod ends;

use std::sync::Arc;

use hashbrown::HashMap;

use self::ends::Owed;
use super::inheritance::{Cpu, Credit, Gone, Inheritance, WITH_CHILDREN};
use crate::snapshot::{Counter, Counters, Identity, Membership, Process};

/// A chain of parents is followed so far.
const MAX_ANCESTORS: usize = 256;
/// Starts of processes are known as exactly as this: taskstats tell them in whole seconds, and both by clocks of their own.
const START_SLACK_MS: u64 = 2000;
/// One entry per slot of the source.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    by_pid: HashMap<u32, Place, foldhash::fast::RandomState>,
    inheritance: Inheritance,
    /// Pids whose process the last update has missed; their places are kept for that update.
    dead: Vec<u32>,
    /// The same of processes whose ends were told of since: their places are kept for the coming update.
    told_dead: Vec<u32>,
    /// Slots of processes of this update that follow a parent, and have not got its group yet.
    following: Vec<u32>,
    /// Groups of processes that the last update has missed.
    ended: Vec<u32>,
    update: u32,
    /// The latest start among the processes of the first update.
    first_youngest_ms: u64,
    /// Whether each end is told of, and what ended children have used that their parents owe.
    told: bool,
    /// Whether only those that no snapshot has had are told of.
    recorded: bool,
    owed: HashMap<u32, Owed, foldhash::fast::RandomState>,
    /// What the process that was asked for last has used: one place, so that nothing is allocated for each.
    used: Counters,
}

/// What a process has done since its last reading.
#[derive(Debug)]
pub(crate) struct Used<'a> {
    pub(crate) group: Option<u32>,
    pub(crate) counters: &'a Counters,
    /// Whether it was not there at the update before.
    pub(crate) started: bool,
    /// Whether this is the first reading of one that was there before the first update: what that says is not counted.
    pub(crate) found: bool,
}

/// Where a process goes, as far as that follows from its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assigned {
    /// Into the group of this number.
    Group(u32),
    /// Where its nearest ancestor with a group is.
    Follow,
    /// Nowhere.
    Hidden,
}

/// What has been counted of one process.
#[derive(Debug, Default, Clone)]
struct Entry {
    identity: Option<Arc<Identity>>,
    /// `None` for what is not shown.
    group: Option<u32>,
    /// Whether the group is that of an ancestor: kept when the ancestor ends and `init` becomes the parent.
    followed: bool,
    /// Whether the last update was the first to see it.
    new: bool,
    /// Whether it was there before the first update: each of its counters counts from the first reading on, whichever update that is in.
    older: bool,
    /// The rules have changed: what the identity says is to be looked at again, though it is the same.
    stale: bool,
    /// The update that saw it last.
    seen: u32,
    /// The highest reading of each counter that has gone into a group.
    counted: Counters,
    /// Counters that were not read while it was in no group, by their bits: what it used then is nobody's.
    unread: u64,
    /// Page faults at the last reading, its own and those of children it has waited for.
    faults: u64,
    /// Page faults of waited-for children: now, and as far as they are accounted for.
    waited: u64,
    waited_settled: u64,
    /// The same at the last two updates: what grew before them has nothing to do with a process that is missed now.
    waited_before: [u64; 2],
}

/// Where a pid's process stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    slot: u32,
    ppid: u32,
    alive: bool,
    /// Whether its end was told of and has been counted.
    counted: bool,
    /// The group that children have from one that no snapshot has had; `Some(None)` where they are to have none.
    passes_on: Option<Option<u32>>,
}

impl Ledger {
    /// A new snapshot is to be added.
    pub(crate) fn begin(&mut self) {
        self.update = self.update.wrapping_add(1);
        self.ended.clear();
        for pid in self.dead.drain(..) {
            if self.by_pid.get(&pid).is_some_and(|place| !place.alive) {
                self.by_pid.remove(&pid);
            }
        }
        self.dead.append(&mut self.told_dead);
    }

    /// The rules have changed: each process is asked for its group anew.
    pub(crate) fn ask_again(&mut self) {
        for entry in &mut self.entries {
            entry.stale = true;
        }
    }

    /// First pass over a snapshot: the process is there. `assign` is asked where its identity is new or has changed.
    pub(crate) fn see(&mut self, process: &Process, assign: impl FnOnce() -> Assigned) {
        let (slot, identity) = (process.slot as usize, &process.identity);
        if slot >= self.entries.len() {
            self.entries.resize_with(slot + 1, Entry::default);
        }
        let missed = self.entries[slot].seen != self.update.wrapping_sub(1);
        let known = !self.entries[slot].stale
            && self.entries[slot].identity.as_ref().is_some_and(|known| Arc::ptr_eq(known, identity));
        if !known {
            // A process that only has a new name keeps what was counted, in its old group.
            let same = self.entries[slot].identity.as_ref().is_some_and(|known| known.same_process(identity));
            if !same {
                self.part(slot);
                if self.update == 1 {
                    self.first_youngest_ms = self.first_youngest_ms.max(identity.start_ms);
                }
                let older = self.update == 1 || self.started_before_first(identity);
                let waited = process.counters.get(Counter::ChildrenMinorFaults).unwrap_or(0);
                // Of one that has started since, all children were told of.
                let waited_settled = if (self.told || self.recorded) && !older { 0 } else { waited };
                self.entries[slot] = Entry { new: true, older, waited, waited_settled, ..Entry::default() };
            }
            let entry = &mut self.entries[slot];
            match assign() {
                Assigned::Group(index) => (entry.group, entry.followed) = (Some(index), false),
                Assigned::Hidden => (entry.group, entry.followed) = (None, false),
                Assigned::Follow if entry.followed && !entry.stale => {}
                Assigned::Follow => {
                    (entry.group, entry.followed) = (None, false);
                    self.following.push(process.slot);
                }
            }
            entry.stale = false;
            entry.identity = Some(identity.clone());
        }
        if known && missed && !self.told {
            self.inheritance.came_back(process.slot);
        }
        if !known || missed {
            let place = Place { slot: process.slot, ppid: identity.ppid, alive: true, counted: false, passes_on: None };
            self.by_pid.insert(identity.pid, place);
        }
        let entry = &mut self.entries[slot];
        entry.seen = self.update;
        entry.waited_before = [entry.waited_before[1], entry.waited];
        let waited = process.counters.get(Counter::ChildrenMinorFaults).unwrap_or(entry.waited);
        let faults = waited.saturating_sub(entry.waited);
        entry.waited = waited;
        if self.told {
            return;
        }
        // What the first reading says was used before anything was counted.
        let grown = [Counter::ChildrenUser, Counter::ChildrenSystem].map(|counter| {
            let before = entry.counted.get(counter)?;
            Some(process.counters.get(counter)?.saturating_sub(before))
        });
        self.inheritance.grew(process.slot, grown.map(Option::unwrap_or_default), faults);
    }

    /// Whether a process that the first update has not seen was there all the same: that may have left it out for want of time.
    fn started_before_first(&self, identity: &Identity) -> bool {
        let start_ms = identity.start_ms;
        start_ms > 0 && start_ms.saturating_add(START_SLACK_MS) < self.first_youngest_ms
    }

    /// Between the passes: what is missing has ended, and its parent answers for it.
    pub(crate) fn settle(&mut self) {
        if self.told {
            return self.settle_owed();
        }
        for slot in 0..self.entries.len() {
            if self.entries[slot].seen == self.update.wrapping_sub(1) {
                self.part(slot);
            }
        }
        let Self { entries, by_pid, inheritance, .. } = self;
        inheritance.settle(|gone| {
            let slot = living_ancestor(by_pid, gone.ppid)?;
            entries.get_mut(slot as usize)?.has_waited_for(gone).then_some(slot)
        });
        inheritance.give(|slot| entries.get(slot as usize)?.group);
    }

    /// CPU time of ended processes that groups are given by this update.
    pub(crate) fn credits(&self) -> &[Credit] {
        self.inheritance.credits()
    }

    /// CPU time of ended processes that is in no group, since the start, in nanoseconds.
    pub(crate) fn unattributed(&self) -> Cpu {
        self.inheritance.unattributed()
    }

    /// Between the passes, too: who follows a parent gets its group. A parent may stand after its child in a snapshot.
    pub(crate) fn follow(&mut self) {
        let mut following = std::mem::take(&mut self.following);
        for slot in following.drain(..) {
            let group = self.entries.get(slot as usize).and_then(|e| self.ancestral_group(e.identity.as_ref()?.ppid));
            if let Some(entry) = self.entries.get_mut(slot as usize) {
                (entry.group, entry.followed) = (group, group.is_some());
            }
        }
        self.following = following;
    }

    /// The group of the nearest living ancestor that has one; an excluded one ends the search.
    fn ancestral_group(&self, mut pid: u32) -> Option<u32> {
        for _ in 0..MAX_ANCESTORS {
            let place = self.by_pid.get(&pid)?;
            if place.alive {
                let parent = self.entries.get(place.slot as usize)?;
                let excluded = matches!(parent.identity.as_ref()?.membership, Membership::Excluded { .. });
                if parent.group.is_some() || excluded {
                    return parent.group;
                }
            } else if let Some(group) = place.passes_on {
                return group;
            }
            pid = place.ppid;
        }
        None
    }

    /// Second pass: the group of a process, and what it has used since its last readings.
    pub(crate) fn used(&mut self, process: &Process) -> Option<Used<'_>> {
        let Ledger { entries, inheritance, used, .. } = self;
        let entry = entries.get_mut(process.slot as usize)?;
        let begun = entry.count(&process.counters, used);
        inheritance.pay(process.slot, |index, debt| ends::pay(used, begun, WITH_CHILDREN[index], debt));
        let new = std::mem::take(&mut entry.new);
        let (started, found) = (new && !entry.older, new && entry.older);
        Some(Used { group: entry.group, counters: used, started, found })
    }

    /// The groups of the processes that have ended, one by one.
    pub(crate) fn ended(&self) -> impl Iterator<Item = u32> + '_ {
        self.ended.iter().copied()
    }

    /// The group of the process under a slot.
    pub(crate) fn group(&self, slot: u32) -> Option<u32> {
        let entry = self.entries.get(slot as usize)?;
        entry.identity.as_ref().and(entry.group)
    }

    /// Groups have new numbers, or none any more.
    pub(crate) fn renumber(&mut self, new_index: &[Option<u32>]) {
        self.inheritance.renumber(|group| new_index.get(group? as usize).copied()?);
        for place in self.by_pid.values_mut() {
            place.passes_on = None;
        }
        for entry in &mut self.entries {
            let Some(old) = entry.group else { continue };
            match new_index.get(old as usize) {
                Some(Some(index)) => entry.group = Some(*index),
                // Where it is still there, its group is made anew, and it goes on from what was counted.
                _ => (entry.group, entry.stale) = (None, true),
            }
        }
    }

    /// The process under a slot has ended (or cannot be read any more, which its parent's faults will tell).
    fn part(&mut self, slot: usize) {
        let entry = &self.entries[slot];
        let Some(identity) = &entry.identity else { return };
        match self.by_pid.get_mut(&identity.pid) {
            Some(place) if place.slot as usize == slot && place.alive => place.alive = false,
            _ => return,
        }
        self.dead.push(identity.pid);
        self.ended.extend(entry.group);
        // Its end was to be told of, and was not: what it may have used since is lost.
        if self.told {
            return;
        }
        let mut gone = Gone::new(slot as u32, identity.ppid, entry.group, entry.faults);
        for (bytes, counter) in gone.bytes.iter_mut().zip(WITH_CHILDREN) {
            *bytes = entry.counted.get(counter).unwrap_or(0);
        }
        let cpu = |own: Counter, children: Counter| {
            entry.counted.get(own).unwrap_or(0).saturating_add(entry.counted.get(children).unwrap_or(0))
        };
        gone.cpu = [cpu(Counter::CpuUser, Counter::ChildrenUser), cpu(Counter::CpuSystem, Counter::ChildrenSystem)];
        self.inheritance.ended(gone);
    }
}

impl Entry {
    /// Replaces `used` by what was used since the last readings, each unit once. A counter that could not be read this time has used
    /// nothing, and the next reading counts from the last good one. Says which counters begin with this reading, by their bits: what was
    /// used before it is nobody's.
    fn count(&mut self, now: &Counters, used: &mut Counters) -> u64 {
        used.clear();
        let mut begun = 0;
        for counter in Counter::ALL {
            let bit = 1_u64 << counter as u64;
            let Some(now) = now.get(counter) else {
                self.unread |= if self.group.is_none() { bit } else { 0 };
                continue;
            };
            let counted = self.counted.get(counter);
            let begins = self.unread & bit != 0 || self.older && counted.is_none() && counter.is_of_whole_life();
            let before = if begins { now } else { counted.unwrap_or(0) };
            begun |= if begins { bit } else { 0 };
            self.unread &= !bit;
            used.set(counter, Some(now.saturating_sub(before)));
            self.counted.set(counter, Some(now.max(before)));
        }
        self.faults = now.get(Counter::MinorFaults).unwrap_or(0).saturating_add(self.waited);
        begun
    }

    /// Whether it has waited for an ended child, as far as its page faults tell. They tell it once.
    fn has_waited_for(&mut self, child: &Gone) -> bool {
        let settled = self.waited_settled.max(self.waited_before[0]);
        let unsettled = self.waited.saturating_sub(settled);
        if child.faults == 0 || unsettled < child.faults {
            return false;
        }
        self.waited_settled = settled + child.faults;
        true
    }
}

/// The nearest living ancestor: where a parent has ended too, its own parent has got both.
fn living_ancestor(by_pid: &HashMap<u32, Place, foldhash::fast::RandomState>, mut pid: u32) -> Option<u32> {
    for _ in 0..MAX_ANCESTORS {
        let place = by_pid.get(&pid)?;
        if place.alive {
            return Some(place.slot);
        }
        pid = place.ppid;
    }
    None
}
