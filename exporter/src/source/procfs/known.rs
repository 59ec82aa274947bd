//! The processes that are known from the last scan, and what is kept about each.

#[cfg(feature = "bpf")]
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::delays::Delays;
use super::idle::Parent;
use super::schedstat::Schedstat;

/// What is kept of one process between scans, beside its last reading, which stays in the snapshot.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// A number made of the raw name, the user and the parent that its identity was made from.
    pub(crate) comm: u64,
    pub(crate) uid: Option<u32>,
    pub(crate) ppid: u32,
    pub(crate) start_ticks: u64,
    /// The same and more, where it is told of by a record.
    #[cfg(feature = "bpf")]
    pub(crate) mark: crate::source::bpf::Mark,
    /// Whether its identity holds until something that is seen in each scan changes.
    pub(crate) settled: bool,
    /// A number made of the cgroup file that its identity was made from, where it was read.
    pub(crate) cgroup: Option<u64>,
    /// The inode of its directory, and when it had run, as of its last reading.
    pub(crate) inode: u64,
    pub(crate) schedstat: Option<Schedstat>,
    /// Whether that was a reading of `stat` alone.
    pub(crate) brief: bool,
    /// Whether it had ended by then.
    pub(crate) ended: bool,
    /// The scan of that reading, and the one that first saw it.
    pub(crate) read_in: u32,
    pub(crate) first_seen: u32,
    /// The scan that saw it last.
    pub(crate) seen: u32,
    /// When a scan first missed it, where the kernel is to tell of its end.
    #[cfg(feature = "bpf")]
    pub(crate) missed: Option<Instant>,
    /// What its threads have waited, where that is asked for.
    pub(crate) delays: Option<Box<Delays>>,
}

/// All known processes, each under a slot that stays its own while it lives.
#[derive(Debug, Default)]
pub(crate) struct KnownProcesses {
    slots: Vec<Option<Known>>,
    free: Vec<u32>,
    by_pid: HashMap<u32, u32, foldhash::fast::RandomState>,
    scan: u32,
}

impl KnownProcesses {
    /// A new scan begins: nothing has been seen in it yet.
    pub(crate) fn begin_scan(&mut self) {
        self.scan = self.scan.wrapping_add(1);
    }

    /// What is known of `pid`, marked as seen in this scan, and its slot.
    pub(crate) fn see(&mut self, pid: u32) -> Option<(u32, &mut Known)> {
        let slot = *self.by_pid.get(&pid)?;
        let known = self.slots.get_mut(slot as usize)?.as_mut()?;
        known.seen = self.scan;
        Some((slot, known))
    }

    /// The same, where it started at this time, unmarked.
    pub(crate) fn same(&mut self, pid: u32, start_ticks: u64) -> Option<&mut Known> {
        let slot = *self.by_pid.get(&pid)?;
        self.slots.get_mut(slot as usize)?.as_mut().filter(|known| known.start_ticks == start_ticks)
    }

    /// What is known of `pid`, unmarked, and its slot.
    pub(crate) fn find(&self, pid: u32) -> Option<(u32, &Known)> {
        let slot = *self.by_pid.get(&pid)?;
        Some((slot, self.slots.get(slot as usize)?.as_ref()?))
    }

    /// What is known of `pid`, unmarked.
    pub(crate) fn get(&self, pid: u32) -> Option<&Known> {
        self.find(pid).map(|(_, known)| known)
    }

    /// Whether it is the turn of a slot in a round of so many scans, so that what hardly ever changes is read rarely, and not
    /// of all processes at once.
    pub(crate) fn turn(&self, slot: u32, round: u32) -> bool {
        self.scan.wrapping_add(slot).is_multiple_of(round)
    }

    /// Whether the parent of `known` is still the process that it was when `known` was last read.
    pub(crate) fn parent(&self, pid: u32, known: &Known) -> Parent {
        if known.ppid == 0 {
            return Parent::Stays;
        }
        match self.get(known.ppid) {
            Some(parent) if parent.seen != self.scan && known.ppid > pid => Parent::Later,
            // A parent that was first seen in the scan that read the child, or later, may have another one's pid.
            Some(parent) if parent.seen == self.scan && !parent.ended && parent.first_seen < known.read_in => {
                Parent::Stays
            }
            _ => Parent::Gone,
        }
    }

    /// The number of this scan.
    pub(crate) fn scan(&self) -> u32 {
        self.scan
    }

    /// Each process is to be named anew when it is next seen.
    pub(crate) fn unsettle(&mut self) {
        for known in self.slots.iter_mut().flatten() {
            known.settled = false;
        }
    }

    /// A slot for a pid that is new or has become another process.
    pub(crate) fn slot(&mut self, pid: u32) -> u32 {
        match self.by_pid.entry(pid) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots.push(None);
                    (self.slots.len() - 1) as u32
                });
                *entry.insert(slot)
            }
        }
    }

    /// Remembers a process under its slot, as seen in this scan.
    pub(crate) fn put(&mut self, slot: u32, known: Known) {
        self.slots[slot as usize] = Some(Known { seen: self.scan, ..known });
    }

    /// Forgets a process that has vanished, and tells its slot.
    pub(crate) fn forget(&mut self, pid: u32) -> Option<u32> {
        let slot = self.by_pid.remove(&pid)?;
        self.slots[slot as usize] = None;
        self.free.push(slot);
        Some(slot)
    }

    /// Whether the last scan has seen the process of this pid and start.
    #[cfg(feature = "bpf")]
    pub(crate) fn is_seen(&self, pid: u32, start_ns: u64) -> bool {
        self.get(pid).is_some_and(|known| known.seen == self.scan && known.mark.start_ns == start_ns)
    }

    /// The pids of processes that no scan has seen for so long.
    #[cfg(feature = "bpf")]
    pub(crate) fn missed(&mut self, now: Instant, patience: Duration) -> Vec<u32> {
        let Self { slots, by_pid, scan, .. } = self;
        let mut missed = Vec::new();
        for (pid, slot) in by_pid.iter() {
            let Some(known) = &mut slots[*slot as usize] else { continue };
            if known.seen == *scan {
                known.missed = None;
            } else if now.saturating_duration_since(*known.missed.get_or_insert(now)) > patience {
                missed.push(*pid);
            }
        }
        missed
    }

    /// Forgets every process that this scan has not seen, and tells their slots.
    pub(crate) fn forget_unseen(&mut self, mut gone: impl FnMut(u32)) {
        let Self { slots, free, by_pid, scan } = self;
        by_pid.retain(|_, slot| {
            let known = &mut slots[*slot as usize];
            let seen = known.as_ref().is_some_and(|k| k.seen == *scan);
            if !seen {
                *known = None;
                free.push(*slot);
                gone(*slot);
            }
            seen
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(known: &mut KnownProcesses, pid: u32) -> u32 {
        let slot = known.slot(pid);
        known.put(slot, Known { ppid: 10, ..Known::default() });
        slot
    }

    #[test]
    fn slots_stay_and_are_used_again() {
        let mut known = KnownProcesses::default();
        known.begin_scan();
        assert_eq!([add(&mut known, 10), add(&mut known, 20), add(&mut known, 30)], [0, 1, 2]);
        known.forget_unseen(|_| {});
        known.begin_scan();
        assert!(known.see(10).is_some() && known.see(30).is_some());
        known.forget_unseen(|_| {});
        assert!(known.see(20).is_none());
        assert_eq!(known.slot(30), 2);
        assert_eq!(add(&mut known, 40), 1, "the slot of the vanished one");
        assert_eq!(known.forget(10), Some(0));
        assert_eq!(add(&mut known, 50), 0);
        assert_eq!(add(&mut known, 60), 3);
    }

    #[cfg(feature = "bpf")]
    #[test]
    fn who_is_missed_for_long() {
        let mut known = KnownProcesses::default();
        known.begin_scan();
        add(&mut known, 10);
        add(&mut known, 20);
        let begin = Instant::now();
        let missed = |known: &mut KnownProcesses, ms: u64| {
            known.missed(begin + Duration::from_millis(ms), Duration::from_millis(50))
        };
        assert!(missed(&mut known, 1000).is_empty());
        known.begin_scan();
        known.see(10);
        assert!(known.is_seen(10, 0) && !known.is_seen(20, 0) && !known.is_seen(10, 1));
        assert!(missed(&mut known, 2000).is_empty());
        known.begin_scan();
        known.see(10);
        assert!(missed(&mut known, 2050).is_empty());
        assert_eq!(missed(&mut known, 2051), [20]);
        known.see(20);
        assert!(missed(&mut known, 2052).is_empty(), "it was there after all");
    }

    #[test]
    fn parents() {
        let mut known = KnownProcesses::default();
        let child = |read_in: u32| Known { ppid: 10, read_in, ..Known::default() };
        known.begin_scan();
        assert_eq!(known.parent(20, &child(1)), Parent::Gone, "it was never seen");
        add(&mut known, 10);
        known.see(10).expect("known").1.first_seen = 1;
        assert_eq!(known.parent(20, &child(1)), Parent::Gone, "its pid may have been another one's");
        known.begin_scan();
        assert_eq!(known.parent(9, &child(2)), Parent::Later);
        assert_eq!(known.parent(20, &child(2)), Parent::Gone, "this scan has not seen it");
        known.see(10);
        assert_eq!(known.parent(20, &child(1)), Parent::Gone);
        assert_eq!(known.parent(20, &child(2)), Parent::Stays);
        assert_eq!(known.parent(9, &child(2)), Parent::Stays);
        known.see(10).expect("known").1.ended = true;
        assert_eq!(known.parent(20, &child(2)), Parent::Gone, "an ended parent gives its children away");
        assert_eq!(known.parent(20, &Known::default()), Parent::Stays, "it has none");
    }
}
