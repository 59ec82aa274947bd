//! Which processes have series of their own, and what the others add up to.

use std::sync::Arc;

use super::Totals;
use super::ranking::{Ranking, Weight};
use crate::snapshot::{Counters, Gauge, Identity, Process, Snapshot};

/// The choice, and the sums over those that were not chosen. Feed it every snapshot, after the groups.
#[derive(Debug)]
pub struct Selection {
    /// So many processes may have series, those that stand for the others counting as one.
    limit: usize,
    entries: Vec<Entry>,
    ranking: Ranking,
    weights: Vec<Weight>,
    folded: Totals,
    folded_now: usize,
    /// Whether there were ever too many: from then on the sums are shown, since counters that come and go mean nothing.
    ever: bool,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    identity: Option<Arc<Identity>>,
    /// What it has used since the snapshot before.
    used: Counters,
    /// The same over the last scans, each weighing half of the one after it.
    cpu: u64,
    io: u64,
    shown: bool,
}

impl Default for Selection {
    /// All are shown.
    fn default() -> Selection {
        Selection {
            limit: usize::MAX,
            entries: Vec::new(),
            ranking: Ranking::default(),
            weights: Vec::new(),
            folded: Totals::default(),
            folded_now: 0,
            ever: false,
        }
    }
}

impl Selection {
    /// Shows at most so many from the next snapshot on; at least one, which then stands for all.
    pub fn configure(&mut self, limit: usize) {
        self.limit = limit.max(1);
    }

    /// What a process has used since its last reading, from [`Groups::update_with`](super::Groups::update_with).
    pub fn used(&mut self, process: &Process, used: &Counters) {
        let slot = process.slot as usize;
        if slot >= self.entries.len() {
            self.entries.resize_with(slot + 1, Entry::default);
        }
        let entry = &mut self.entries[slot];
        let mut weight = Weight::of(used);
        if !entry.identity.as_ref().is_some_and(|known| Arc::ptr_eq(known, &process.identity)) {
            if !entry.identity.as_ref().is_some_and(|known| known.same_process(&process.identity)) {
                *entry = Entry::default();
                // Nothing else is known yet to choose by.
                weight = Weight::of(&process.counters);
            }
            entry.identity = Some(process.identity.clone());
        }
        entry.used.copy(used);
        entry.cpu = (entry.cpu / 2).saturating_add(weight.cpu);
        entry.io = (entry.io / 2).saturating_add(weight.io);
    }

    /// Chooses among the processes of a snapshot, and adds up the others.
    pub fn update(&mut self, snapshot: &Snapshot, mut eligible: impl FnMut(&Process) -> bool) {
        let Selection { limit, entries, ranking, weights, folded, folded_now, ever } = self;
        folded.begin();
        *folded_now = 0;
        let members = snapshot.processes().filter(|process| eligible(process)).count();
        *ever |= members > *limit;
        let all = members + usize::from(*ever) <= *limit;
        for process in snapshot.processes() {
            if let Some(entry) = entries.get_mut(process.slot as usize) {
                entry.shown = all;
            }
        }
        if !all {
            weights.clear();
            weights.extend(snapshot.processes().map(|process| {
                let entry = entries.get(process.slot as usize);
                let memory = process.gauges.get(Gauge::Resident).unwrap_or(0);
                entry.map_or_else(Weight::default, |entry| Weight { cpu: entry.cpu, memory, io: entry.io })
            }));
            ranking.keep(weights, *limit - 1, |index| {
                let Some(process) = snapshot.at(index) else { return false };
                let entry = entries.get_mut(process.slot as usize).filter(|entry| !entry.shown && eligible(process));
                entry.map(|entry| entry.shown = true).is_some()
            });
            for process in snapshot.processes() {
                if let Some(entry) = entries.get(process.slot as usize).filter(|e| !e.shown && eligible(process)) {
                    folded.add(process, &entry.used);
                    *folded_now += 1;
                }
            }
        }
        folded.end();
    }

    /// Whether a process of the last snapshot has series of its own.
    pub fn shows(&self, process: &Process) -> bool {
        self.limit == usize::MAX || self.entries.get(process.slot as usize).is_some_and(|entry| entry.shown)
    }

    /// The sums over processes without series of their own; `None` where there never was one.
    pub fn folded(&self) -> Option<&Totals> {
        self.ever.then_some(&self.folded)
    }

    /// How many those are now.
    pub fn folded_processes(&self) -> usize {
        self.folded_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::Groups;
    use crate::snapshot::{Counter, Gauges, State};
    use proptest::prelude::*;

    fn process(slot: u32, cpu: u64, memory: u64) -> Process {
        let identity = Identity { pid: slot + 1, name: format!("p{slot}"), ..Identity::default() };
        let (mut counters, mut gauges) = (Counters::default(), Gauges::default());
        counters.set(Counter::CpuUser, Some(cpu));
        gauges.set(Gauge::Resident, Some(memory));
        let identity = Arc::new(identity);
        Process { slot, identity, state: State::Sleeping, counters, gauges, ..Process::default() }
    }

    struct Host {
        groups: Groups,
        selection: Selection,
        snapshot: Snapshot,
    }

    impl Host {
        fn new(processes: Vec<Process>, limit: usize) -> Host {
            let mut selection = Selection::default();
            selection.configure(limit);
            Host { groups: Groups::default(), selection, snapshot: processes.into_iter().collect() }
        }

        /// Slots of those that are shown; CPU and memory of the others.
        fn scan(&mut self) -> (Vec<u32>, Option<(u64, u64)>) {
            let Host { groups, selection, snapshot } = self;
            groups.update_with(snapshot, |process, used| selection.used(process, used));
            selection.update(snapshot, |process| groups.name_of(process.slot).is_some());
            let shown = snapshot.processes().filter(|p| selection.shows(p)).map(|p| p.slot).collect();
            let other = selection.folded().map(|totals| {
                let cpu = totals.counters.get(Counter::CpuUser).unwrap_or(0);
                (cpu, totals.gauges.get(Gauge::Resident).unwrap_or(0))
            });
            (shown, other)
        }

        fn keep(&mut self, slots: u32) {
            self.snapshot.begin();
            assert!((0..slots).all(|slot| self.snapshot.keep(slot)));
        }

        fn works(&mut self, index: usize, cpu: u64) {
            let counters = &mut self.snapshot.get_mut(index as u32).expect("a slot for each").counters;
            let now = counters.get(Counter::CpuUser).unwrap_or(0) + cpu;
            counters.set(Counter::CpuUser, Some(now));
        }
    }

    #[test]
    fn up_to_the_limit_all_are_shown() {
        let mut host = Host::new((0..4).map(|slot| process(slot, 1, 1)).collect(), 4);
        assert_eq!(host.scan(), (vec![0, 1, 2, 3], None));
    }

    #[test]
    fn beyond_it_the_leaders_are_and_the_rest_adds_up() {
        let processes =
            vec![process(0, 5, 1), process(1, 900, 1), process(2, 1, 500), process(3, 2, 2), process(4, 3, 4)];
        let mut host = Host::new(processes, 3);
        assert_eq!(
            host.scan(),
            (vec![1, 2], Some((0, 1 + 2 + 4))),
            "by what they had used before, which is not in the sums"
        );
        // What a process used before it was folded is not in the sums, and what was folded stays in them.
        host.works(3, 10_000);
        host.works(1, 7);
        assert_eq!(host.scan(), (vec![2, 3], Some((7, 1 + 1 + 4))));
        host.keep(3);
        assert_eq!(host.scan().1, Some((7, 1)), "three and the sums are one too many");
        host.keep(2);
        assert_eq!(host.scan(), (vec![0, 1], Some((7, 0))));
    }

    proptest! {
        /// Never more than the limit, the sums never fall, and nothing is in neither.
        #[test]
        fn laws(rounds in prop::collection::vec(prop::collection::vec(0_u64..100, 12), 1..12), limit in 1_usize..16) {
            let mut host = Host::new((0..12).map(|slot| process(slot, 0, 1)).collect(), limit);
            let mut before = 0;
            for round in rounds {
                for (index, cpu) in round.into_iter().enumerate() {
                    host.works(index, cpu);
                }
                let (shown, other) = host.scan();
                prop_assert!(shown.len() + usize::from(other.is_some()) <= limit);
                prop_assert_eq!(shown.len() + host.selection.folded_processes(), 12);
                let (cpu, memory) = other.unwrap_or((before, 0));
                prop_assert!(cpu >= before);
                prop_assert_eq!(memory as usize, host.selection.folded_processes());
                before = cpu;
            }
        }
    }
}
