//! Groups: which one a process belongs to, and what a group's processes add up to. Pure over snapshots.

mod by_name;
mod ledger;
mod totals;

use std::sync::Arc;

use hashbrown::HashMap;

use self::ledger::{Assigned, Ledger};
pub use self::totals::Totals;
use crate::snapshot::{Identity, Membership, Snapshot};

/// Beyond so many groups, those without a process are forgotten.
pub const MAX_GROUPS: usize = 10_000;

/// A group and what it adds up to.
#[derive(Debug)]
pub struct Group {
    /// The value of the label `group`.
    pub name: Arc<str>,
    /// Sums over its processes; counters also over those that have ended.
    pub totals: Totals,
}

/// All groups. Feed it every snapshot, in order.
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Group>,
    by_name: HashMap<Arc<str>, u32, foldhash::fast::RandomState>,
    ledger: Ledger,
    /// Indices of `groups`, by name: the order in which they are shown.
    order: Vec<u32>,
    forgotten: u64,
    /// Whether a process that no rule takes is put in the group of its nearest ancestor that has one.
    children: bool,
}

impl Groups {
    /// Says whether processes that no rule takes follow their parents, from the next update on; at first they do not.
    ///
    /// What was counted so far stays where it is.
    pub fn configure(&mut self, children: bool) {
        self.children = children;
        self.ledger.ask_again();
    }

    /// Adds a snapshot: counters grow by what each process has used since the last one, gauges are counted anew.
    ///
    /// The first reading of a process counts whole, as all of it was used by a member of the group; that is so also for
    /// processes older than the exporter, so that a group begins with its processes' lifetime totals.
    pub fn update(&mut self, snapshot: &Snapshot) {
        for group in &mut self.groups {
            group.totals.begin();
        }
        self.ledger.begin();
        for process in &snapshot.processes {
            self.ledger.see(process, || assign(&mut self.groups, &mut self.by_name, &process.identity, self.children));
        }
        self.ledger.settle();
        self.ledger.follow();
        for process in &snapshot.processes {
            if let Some((Some(index), used)) = self.ledger.used(process) {
                self.groups[index as usize].totals.add(process, &used);
            }
        }
        for group in &mut self.groups {
            group.totals.end();
        }
        if self.groups.len() > MAX_GROUPS {
            self.forget_empty();
        }
        if self.order.len() != self.groups.len() {
            self.order = (0..self.groups.len() as u32).collect();
            self.order.sort_by(|a, b| self.groups[*a as usize].name.cmp(&self.groups[*b as usize].name));
        }
    }

    /// Every group, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.order.iter().map(|index| &self.groups[*index as usize])
    }

    /// The number of groups, also those without a process at present.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is no group at all.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Groups that were forgotten since the start because there were more than [`MAX_GROUPS`].
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The name of the group that the process under `slot` was put in by the last update; `None` where it is in none.
    pub fn name_of(&self, slot: u32) -> Option<&Arc<str>> {
        Some(&self.groups[self.ledger.group(slot)? as usize].name)
    }

    fn forget_empty(&mut self) {
        let mut new_index = vec![None; self.groups.len()];
        let mut kept = Vec::with_capacity(self.groups.len());
        for (old, group) in std::mem::take(&mut self.groups).into_iter().enumerate() {
            if group.totals.processes() > 0 {
                new_index[old] = Some(kept.len() as u32);
                kept.push(group);
            }
        }
        self.forgotten += (new_index.len() - kept.len()) as u64;
        self.groups = kept;
        self.by_name = self.groups.iter().zip(0..).map(|(g, i)| (g.name.clone(), i)).collect();
        self.ledger.renumber(&new_index);
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
    groups.push(Group { name, totals: Totals::default() });
    index
}

#[cfg(test)]
mod tests;
