//! Groups: which one a process belongs to, and what a group's processes add up to. Pure over snapshots.

mod by_name;
mod inheritance;
mod ledger;
mod peaks;
mod ranking;
mod selection;
mod threads;
mod totals;
mod waits;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use self::ledger::{Assigned, Ledger};
pub use self::peaks::Peaks;
use self::ranking::{Ranking, Weight};
pub use self::selection::Selection;
pub use self::threads::{ThreadTotals, Threads};
pub use self::totals::{Starts, Totals};
pub use self::waits::Waits;
use crate::snapshot::{Counter, Counters, End, Gauge, Identity, Membership, Process, Snapshot};

/// Unless told otherwise: beyond so many groups, those without a process are forgotten, and then small ones folded.
pub const MAX_GROUPS: usize = 10_000;

/// The group that folded groups go to, and what stands for processes without series of their own.
pub const OTHER: &str = "other";

/// A group and what it adds up to.
#[derive(Debug)]
pub struct Group {
    /// The value of the label `group`.
    pub name: Arc<str>,
    /// Sums over its processes; counters also over those that have ended.
    pub totals: Totals,
    /// When it was first seen without a process, where it has none.
    empty_since: Option<Instant>,
    /// What its processes had used before the first update: it tells which groups are small, and is not counted.
    before: Weight,
}

/// All groups. Feed it every snapshot, in order.
#[derive(Debug)]
pub struct Groups {
    groups: Vec<Group>,
    by_name: HashMap<Arc<str>, u32, foldhash::fast::RandomState>,
    ledger: Ledger,
    /// Indices of `groups`, by name: the order in which they are shown.
    order: Vec<u32>,
    forgotten: u64,
    /// Whether a process that no rule takes is put in the group of its nearest ancestor that has one.
    children: bool,
    limit: usize,
    folded: u64,
}

impl Group {
    fn new(name: Arc<str>) -> Group {
        Group { name, totals: Totals::default(), empty_since: None, before: Weight::default() }
    }
}

impl Default for Groups {
    fn default() -> Groups {
        Groups {
            groups: Vec::new(),
            by_name: HashMap::default(),
            ledger: Ledger::default(),
            order: Vec::new(),
            forgotten: 0,
            children: false,
            limit: MAX_GROUPS,
            folded: 0,
        }
    }
}

impl Groups {
    /// Keeps at most so many groups from the next update on; at least one, which then stands for all.
    pub fn limit(&mut self, groups: usize) {
        self.limit = groups.max(1);
    }

    /// Says whether processes that no rule takes follow their parents, from the next update on; at first they do not.
    ///
    /// What was counted so far stays where it is.
    pub fn configure(&mut self, children: bool) {
        self.children = children;
        self.ledger.ask_again();
    }

    /// Says that [`Groups::ended`] is told of each process that ends: none is taken for ended because a snapshot has it not.
    pub fn exits_are_told(&mut self) {
        self.ledger.exits_are_told();
    }

    /// Says that [`Groups::ended`] is told of each process that ends and that no snapshot has had. The others end as snapshots have them
    /// not; what any of them used after what is told of it, parents are credited with.
    pub fn exits_are_recorded(&mut self) {
        self.ledger.exits_are_recorded();
    }

    /// Adds what processes that have ended since the last snapshot had used, also such that no snapshot has had; children come before
    /// their parents. Before the first snapshot nothing is added.
    pub fn ended(&mut self, ends: &[End]) {
        if !self.ledger.has_begun() {
            return;
        }
        let Groups { groups, by_name, ledger, children, .. } = self;
        let last = ledger.last_groups(ends, |identity| assign(groups, by_name, identity, *children));
        for (end, group) in ends.iter().zip(last) {
            let (used, started) = ledger.used_at_end(end, group);
            let Some(group) = group.and_then(|index| groups.get_mut(index as usize)) else { continue };
            group.totals.counters.add(used);
            group.totals.starts += u64::from(started);
            group.totals.exits += 1;
            group.empty_since = None;
        }
        // Names that nobody has at the next snapshot are not to pile up until then.
        if self.groups.len() > self.limit.saturating_mul(2) {
            self.trim();
        }
        self.sort();
    }

    /// Adds a snapshot: counters grow by what each process has used since the last one, gauges are counted anew.
    ///
    /// The first reading of a process counts whole, as all of it was used by a member of the group. Not so that of a process which was
    /// there before the first update: it counts from then on, so that groups begin at 0. After a restart, totals of whole lives would be
    /// taken for what was used since.
    pub fn update(&mut self, snapshot: &Snapshot) {
        self.update_with(snapshot, |_, _| {});
    }

    /// The same; `used_by` is told what each process has used since its last reading, each unit once.
    pub fn update_with(&mut self, snapshot: &Snapshot, mut used_by: impl FnMut(&Process, &Counters)) {
        for group in &mut self.groups {
            group.totals.begin();
        }
        self.ledger.begin();
        for process in snapshot.processes() {
            self.ledger.see(process, || assign(&mut self.groups, &mut self.by_name, &process.identity, self.children));
        }
        self.ledger.settle();
        self.ledger.follow();
        for process in snapshot.processes() {
            let Some(used) = self.ledger.used(process) else { continue };
            let Some(index) = used.group else { continue };
            used_by(process, used.counters);
            let totals = &mut self.groups[index as usize].totals;
            totals.add(process, used.counters);
            totals.starts += u64::from(used.started);
            if used.found {
                let before = &mut self.groups[index as usize].before;
                *before = before.plus(Weight::of(&process.counters));
            }
        }
        for credit in self.ledger.credits() {
            let Some(index) = credit.group else { continue };
            let mut used = Counters::default();
            used.set(Counter::CpuUser, Some(credit.cpu[0]));
            used.set(Counter::CpuSystem, Some(credit.cpu[1]));
            self.groups[index as usize].totals.counters.add(&used);
        }
        for index in self.ledger.ended() {
            self.groups[index as usize].totals.exits += 1;
        }
        for group in &mut self.groups {
            group.totals.end();
        }
        if self.groups.len() > self.limit {
            self.trim();
        }
        self.sort();
    }

    fn trim(&mut self) {
        self.forget(|group| group.totals.processes() == 0);
        if self.groups.len() > self.limit {
            self.fold();
        }
    }

    /// Takes a sample of each group for its peaks, after an update; or forgets those.
    pub fn sample(&mut self, now: Option<Instant>) {
        for group in &mut self.groups {
            group.totals.sample(now);
        }
    }

    /// Forgets groups that have had no process for so long; returns the rest of their counters to nobody, so that a group
    /// that comes back later begins anew.
    pub fn forget_gone(&mut self, now: Instant, after: Duration) {
        let mut any = false;
        for group in &mut self.groups {
            match group.totals.processes() {
                0 => any |= now.saturating_duration_since(*group.empty_since.get_or_insert(now)) >= after,
                _ => group.empty_since = None,
            }
        }
        if any {
            let gone = |since: Instant| now.saturating_duration_since(since) >= after;
            self.forget(|group| group.empty_since.is_some_and(gone));
            self.sort();
        }
    }

    fn sort(&mut self) {
        if self.order.len() != self.groups.len() {
            self.order = (0..self.groups.len() as u32).collect();
            self.order.sort_by(|a, b| self.groups[*a as usize].name.cmp(&self.groups[*b as usize].name));
        }
    }

    /// Every group, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.order.iter().map(|index| &self.groups[*index as usize])
    }

    /// The group of a name.
    pub fn get(&self, name: &str) -> Option<&Group> {
        self.groups.get(*self.by_name.get(name)? as usize)
    }

    /// The number of groups, also those without a process at present.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is no group at all.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Groups without a process that were forgotten since the start: too many, or gone for too long.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Groups with processes that were folded into [`OTHER`] since the start.
    pub fn folded(&self) -> u64 {
        self.folded
    }

    /// CPU time, in nanoseconds in user and in kernel mode, that ended processes have used since the start and that no group
    /// could be given, since it may have been counted already.
    pub fn unattributed_cpu(&self) -> [u64; 2] {
        self.ledger.unattributed()
    }

    /// The name of the group that the process under `slot` was put in by the last update; `None` where it is in none.
    pub fn name_of(&self, slot: u32) -> Option<&Arc<str>> {
        Some(&self.groups[self.ledger.group(slot)? as usize].name)
    }

    fn forget(&mut self, forgettable: impl Fn(&Group) -> bool) {
        let mut new_index = vec![None; self.groups.len()];
        let mut kept = Vec::with_capacity(self.groups.len());
        for (old, group) in std::mem::take(&mut self.groups).into_iter().enumerate() {
            if !forgettable(&group) {
                new_index[old] = Some(kept.len() as u32);
                kept.push(group);
            }
        }
        self.forgotten += (new_index.len() - kept.len()) as u64;
        self.replace(kept, &new_index);
    }

    /// Keeps the leading groups; the others' processes and all that they have used go to [`OTHER`].
    fn fold(&mut self) {
        let weight = |group: &Group| {
            let memory = group.totals.gauges.get(Gauge::Resident).unwrap_or(0);
            Weight { memory, ..Weight::of(&group.totals.counters).plus(group.before) }
        };
        let weights: Vec<Weight> = self.groups.iter().map(weight).collect();
        let mut keep = vec![false; weights.len()];
        let other = self.by_name.get(OTHER).map(|index| *index as usize);
        Ranking::default()
            .keep(&weights, self.limit - 1, |index| Some(index) != other && !std::mem::replace(&mut keep[index], true));
        let (mut new_index, mut kept) = (vec![None; weights.len()], Vec::with_capacity(self.limit));
        let mut folded = Group::new(OTHER.into());
        for (old, group) in std::mem::take(&mut self.groups).into_iter().enumerate() {
            if keep[old] {
                new_index[old] = Some(kept.len() as u32 + 1);
                kept.push(group);
            } else {
                new_index[old] = Some(0);
                folded.totals.merge(&group.totals);
                self.folded += u64::from(Some(old) != other);
            }
        }
        kept.insert(0, folded);
        self.replace(kept, &new_index);
    }

    fn replace(&mut self, groups: Vec<Group>, new_index: &[Option<u32>]) {
        self.groups = groups;
        self.by_name = self.groups.iter().zip(0..).map(|(g, i)| (g.name.clone(), i)).collect();
        self.ledger.renumber(new_index);
        self.order.clear();
    }
}

/// Where a process goes; groups are made where there is none of that name: equal names are one group, whatever bytes
/// they came from.
fn assign(
    groups: &mut Vec<Group>,
    by_name: &mut HashMap<Arc<str>, u32, foldhash::fast::RandomState>,
    identity: &Identity,
    children: bool,
) -> Assigned {
    match &identity.membership {
        Membership::ByName => Assigned::Group(index_of(groups, by_name, by_name::group_name(identity))),
        Membership::Rule { group, .. } => Assigned::Group(index_of(groups, by_name, group)),
        Membership::Untaken if children => Assigned::Follow,
        Membership::Untaken | Membership::Excluded { .. } => Assigned::Hidden,
    }
}

fn index_of(
    groups: &mut Vec<Group>,
    by_name: &mut HashMap<Arc<str>, u32, foldhash::fast::RandomState>,
    name: &str,
) -> u32 {
    if let Some(index) = by_name.get(name) {
        return *index;
    }
    let (name, index) = (Arc::<str>::from(name), groups.len() as u32);
    by_name.insert(name.clone(), index);
    groups.push(Group::new(name));
    index
}

#[cfg(test)]
mod tests;
