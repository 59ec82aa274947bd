//! What the threads of groups use, by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use super::{Groups, OTHER};
use crate::snapshot::{Counter, Counters, Gauge, Gauges, Snapshot, Thread};

/// The sums over threads of the same name in the same group. Feed it every snapshot, after the groups.
#[derive(Debug)]
pub struct Threads {
    totals: BTreeMap<(Arc<str>, Arc<str>), ThreadTotals>,
    known: HashMap<u32, Known, foldhash::fast::RandomState>,
    update: u32,
    /// The latest start among the first threads that were seen.
    first_youngest: Option<u64>,
    limit: usize,
    other: Arc<str>,
}

/// What threads of one name in one group add up to.
#[derive(Debug, Default, Clone)]
pub struct ThreadTotals {
    /// Grows only, also over threads that have ended.
    pub counters: Counters,
    /// [`Gauge::Threads`]: how many there are.
    pub gauges: Gauges,
}

/// What was counted of one thread.
#[derive(Debug, Default)]
struct Known {
    start: u64,
    /// Whether it was there before the first threads were seen: each of its counters counts from the first reading on.
    older: bool,
    counted: Counters,
    seen: u32,
}

impl Default for Threads {
    fn default() -> Threads {
        Threads {
            totals: BTreeMap::new(),
            known: HashMap::default(),
            update: 0,
            first_youngest: None,
            limit: usize::MAX,
            other: Arc::from(OTHER),
        }
    }
}

impl Threads {
    /// Never more names, over all groups, than this from the next update on; at least one, which then stands for all.
    pub fn limit(&mut self, names: usize) {
        self.limit = names.max(1);
    }

    /// Adds the threads of a snapshot, by the groups that their processes are in.
    pub fn update(&mut self, snapshot: &Snapshot, groups: &Groups) {
        self.update = self.update.wrapping_add(1);
        self.totals.retain(|(group, _), totals| {
            let gone = totals.gauges.get(Gauge::Threads) == Some(0) && groups.get(group).is_none() && **group != *OTHER;
            totals.gauges.set(Gauge::Threads, Some(0));
            !gone
        });
        let first = self.first_youngest.is_none();
        if first {
            self.first_youngest = snapshot.processes().flat_map(|process| &process.threads).map(|t| t.start).max();
        }
        for process in snapshot.processes() {
            let group = groups.name_of(process.slot);
            for thread in &process.threads {
                let used = self.used(thread, first);
                let Some(group) = group else { continue };
                let totals = self.totals_of(group, &thread.name);
                totals.counters.add(&used);
                let count = totals.gauges.get(Gauge::Threads).unwrap_or(0);
                totals.gauges.set(Gauge::Threads, Some(count + 1));
            }
        }
        let update = self.update;
        self.known.retain(|_, known| known.seen == update);
    }

    /// Each group and name, in the order of both, and what they add up to.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &ThreadTotals)> {
        self.totals.iter().map(|((group, name), totals)| (&**group, &**name, totals))
    }

    /// What a thread has used since its last reading; the first time all of it, where it has started since the first threads were seen.
    fn used(&mut self, thread: &Thread, first: bool) -> Counters {
        let older = first || self.first_youngest.is_some_and(|youngest| thread.start < youngest);
        let begun = || Known { start: thread.start, older, ..Known::default() };
        let known = self.known.entry(thread.tid).or_insert_with(begun);
        if known.start != thread.start {
            *known = begun();
        }
        known.seen = self.update;
        let mut used = Counters::default();
        for counter in Counter::ALL {
            let Some(now) = thread.counters.get(counter) else { continue };
            let before = known.counted.get(counter).unwrap_or(if known.older { now } else { 0 });
            used.set(counter, Some(now.saturating_sub(before)));
            known.counted.set(counter, Some(now.max(before)));
        }
        used
    }

    fn totals_of(&mut self, group: &Arc<str>, name: &Arc<str>) -> &mut ThreadTotals {
        let mut key = (group.clone(), name.clone());
        if !self.totals.contains_key(&key) {
            if self.totals.len() + 1 >= self.limit {
                self.totals.retain(|_, totals| totals.gauges.get(Gauge::Threads) != Some(0));
            }
            if self.totals.len() + 1 >= self.limit {
                key = (self.other.clone(), self.other.clone());
            }
        }
        self.totals.entry(key).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Identity, Process, State};

    fn thread(tid: u32, start: u64, name: &str, cpu: u64) -> Thread {
        let mut counters = Counters::default();
        counters.set(Counter::CpuUser, Some(cpu));
        Thread { tid, start, name: name.into(), counters }
    }

    /// One process in a group `java`.
    fn snapshot(threads: Vec<Thread>) -> Snapshot {
        let identity = Arc::new(Identity { pid: 1, name: "java".into(), ..Identity::default() });
        let (counters, gauges) = (Counters::default(), Gauges::default());
        [Process { slot: 0, identity, state: State::Sleeping, counters, gauges, threads, ..Process::default() }]
            .into_iter()
            .collect()
    }

    struct Host(Groups, Threads);

    impl Host {
        fn see(&mut self, threads: Vec<Thread>) -> Vec<(String, u64, u64)> {
            let snapshot = snapshot(threads);
            self.0.update(&snapshot);
            self.1.update(&snapshot, &self.0);
            let row = |(group, name, totals): (&str, &str, &ThreadTotals)| {
                let cpu = totals.counters.get(Counter::CpuUser).unwrap_or(0);
                (format!("{group}/{name}"), totals.gauges.get(Gauge::Threads).unwrap_or(0), cpu)
            };
            self.1.iter().map(row).collect()
        }
    }

    fn rows(rows: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
        rows.iter().map(|(name, threads, cpu)| ((*name).to_owned(), *threads, *cpu)).collect()
    }

    #[test]
    fn names_add_up_and_never_fall() {
        let mut host = Host(Groups::default(), Threads::default());
        let seen = host.see(vec![thread(1, 1, "main", 5), thread(2, 1, "gc", 10), thread(3, 1, "gc", 20)]);
        assert_eq!(seen, rows(&[("java/gc", 2, 0), ("java/main", 1, 0)]), "they count from now on");
        let seen = host.see(vec![thread(1, 1, "main", 5), thread(2, 1, "gc", 11)]);
        assert_eq!(seen, rows(&[("java/gc", 1, 1), ("java/main", 1, 0)]), "one has ended");
        let seen = host.see(vec![thread(1, 1, "main", 7), thread(2, 9, "gc", 4)]);
        assert_eq!(seen, rows(&[("java/gc", 1, 5), ("java/main", 1, 2)]), "the same number, another thread");
        let seen = host.see(vec![thread(1, 1, "idle", 8)]);
        assert_eq!(seen, rows(&[("java/gc", 0, 5), ("java/idle", 1, 1), ("java/main", 0, 2)]), "it has another name");
    }

    #[test]
    fn those_that_started_before_the_first_ones_were_seen_are_not_new() {
        let mut host = Host(Groups::default(), Threads::default());
        assert_eq!(host.see(vec![]), rows(&[]));
        assert_eq!(host.see(vec![thread(1, 50, "main", 5)]), rows(&[("java/main", 1, 0)]));
        let seen = host.see(vec![thread(1, 50, "main", 5), thread(2, 40, "old", 900), thread(3, 60, "new", 3)]);
        assert_eq!(seen, rows(&[("java/main", 1, 0), ("java/new", 1, 3), ("java/old", 1, 0)]));
    }

    #[test]
    fn beyond_the_limit_they_are_others() {
        let mut host = Host(Groups::default(), Threads::default());
        host.1.limit(3);
        host.see(vec![]);
        host.see(vec![thread(9, 1, "gone", 10)]);
        let seen = host.see((1..=5).map(|tid| thread(tid, 2, &format!("t{tid}"), 10)).collect());
        assert_eq!(seen, rows(&[("java/t1", 1, 10), ("java/t2", 1, 10), ("other/other", 3, 30)]));
        let seen = host.see(vec![thread(5, 2, "t5", 11)]);
        assert_eq!(seen, rows(&[("java/t5", 1, 1)]), "there is room again, where nobody is");
    }
}
