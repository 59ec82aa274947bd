//! The processes that are known from the last scan, each under a slot that stays its own while it lives.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::snapshot::{Identity, Membership};

/// What names a process, and whether that holds until something that is seen in each scan changes.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) identity: Arc<Identity>,
    pub(crate) settled: bool,
}

#[derive(Debug)]
struct Entry {
    slot: u32,
    known: Known,
    seen: u32,
}

/// All known processes.
#[derive(Debug, Default)]
pub(crate) struct KnownProcesses {
    by_pid: HashMap<u32, Entry, foldhash::fast::RandomState>,
    free: Vec<u32>,
    next: u32,
    scan: u32,
}

impl KnownProcesses {
    pub(crate) fn begin_scan(&mut self) {
        self.scan = self.scan.wrapping_add(1);
    }

    /// Each process is to be named anew when it is next seen.
    pub(crate) fn unsettle(&mut self) {
        for entry in self.by_pid.values_mut() {
            entry.known.settled = false;
        }
    }

    /// What the rules said of a process, where that still holds.
    pub(crate) fn membership(&self, identity: &Identity) -> Option<Membership> {
        let known = &self.by_pid.get(&identity.pid)?.known;
        let same = known.identity.same_process(identity)
            && known.identity.name == identity.name
            && known.identity.ppid == identity.ppid
            && known.identity.user == identity.user
            && known.identity.executable == identity.executable;
        (known.settled && same).then(|| known.identity.membership.clone())
    }

    /// Takes a process over from this scan. Its slot, and its identity: the same `Arc` where nothing in it has changed.
    pub(crate) fn keep(&mut self, pid: u32, now: Known) -> (u32, Arc<Identity>) {
        let (scan, free, next) = (self.scan, &mut self.free, &mut self.next);
        let entry = self.by_pid.entry(pid).or_insert_with(|| {
            let slot = free.pop().unwrap_or_else(|| {
                *next += 1;
                *next - 1
            });
            Entry { slot, known: now.clone(), seen: scan }
        });
        if *entry.known.identity != *now.identity {
            entry.known.identity = now.identity;
        }
        entry.known.settled = now.settled;
        entry.seen = scan;
        (entry.slot, entry.known.identity.clone())
    }

    /// The slot of a known process, which is so seen in this scan.
    pub(crate) fn see(&mut self, pid: u32) -> Option<u32> {
        let entry = self.by_pid.get_mut(&pid)?;
        entry.seen = self.scan;
        Some(entry.slot)
    }

    /// Forgets every process that this scan has not seen, and tells their slots.
    pub(crate) fn forget_unseen(&mut self, mut gone: impl FnMut(u32)) {
        let Self { by_pid, free, scan, .. } = self;
        by_pid.retain(|_, entry| {
            let seen = entry.seen == *scan;
            if !seen {
                free.push(entry.slot);
                gone(entry.slot);
            }
            seen
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(pid: u32, name: &str, settled: bool) -> Known {
        let membership = Membership::Rule { rule: 1, group: name.into() };
        Known { identity: Arc::new(Identity { pid, name: name.into(), membership, ..Identity::default() }), settled }
    }

    #[test]
    fn slots_stay_and_are_used_again() {
        let mut all = KnownProcesses::default();
        all.begin_scan();
        let slots: Vec<u32> = [7, 8, 9].map(|pid| all.keep(pid, known(pid, "x", true)).0).to_vec();
        assert_eq!(slots, [0, 1, 2]);
        let before = all.keep(9, known(9, "x", true)).1;
        all.begin_scan();
        let (slot, after) = all.keep(9, known(9, "x", true));
        assert!(slot == 2 && Arc::ptr_eq(&before, &after));
        assert!(!Arc::ptr_eq(&before, &all.keep(9, known(9, "y", true)).1));
        all.keep(7, known(7, "x", true));
        all.forget_unseen(|_| {});
        assert_eq!(all.keep(8, known(8, "x", true)).0, 1);
        assert_eq!(all.keep(10, known(10, "x", true)).0, 3);
    }

    #[test]
    fn what_the_rules_said_holds_until_something_changes() {
        let mut all = KnownProcesses::default();
        all.begin_scan();
        all.keep(7, known(7, "x", true));
        assert!(all.membership(&known(7, "x", true).identity).is_some());
        assert!(all.membership(&known(7, "y", true).identity).is_none());
        assert!(all.membership(&known(8, "x", true).identity).is_none());
        all.unsettle();
        assert!(all.membership(&known(7, "x", true).identity).is_none());
    }
}
