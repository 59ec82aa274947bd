//! What the kernel gives to the parent of an ended process, and whose it is.
//!
//! A process that waits for an ended child is credited with all that the child has used, and with what the child was credited
//! with itself: bytes and calls in the same numbers as its own, CPU time in numbers apart. What was counted for the child
//! already is taken off; the rest is what the child used after it was last read, and what children used that were never
//! seen. Nothing of it is lost, and nothing counts twice:
//!
//! - Bytes and calls: the rest stays with the parent's group.
//! - CPU time: the rest goes to the group of the children that have ended, where they are of one group and the faults that they
//!   brought along leave no room for a child that was never seen; otherwise to the parent's group. Where each child is told of there is
//!   none that was never seen, and the groups of the children divide the rest.
//!
//! Whether the parent waited for a child at all (and not `init`, or nobody, where `SIGCHLD` is ignored) is seen in the
//! parent's waited-for page faults, which grow at the same moment by all the faults of the child, and every process has some.
//! CPU time that an ended process of which this is not known may have used is in no group: it would count twice.

use hashbrown::HashMap;

use crate::snapshot::Counter;

/// The counters in which the kernel counts waited-for children too.
pub(crate) const WITH_CHILDREN: [Counter; 6] = [
    Counter::Read,
    Counter::Written,
    Counter::LogicalRead,
    Counter::LogicalWritten,
    Counter::ReadCalls,
    Counter::WriteCalls,
];
/// CPU time in user and in kernel mode.
pub(crate) type Cpu = [u64; 2];
/// Updates in which a parent may show that it has waited for a child: the one that misses the child, and one more, as the
/// parent may have been read just before.
const TRIES: u8 = 2;
/// A process that does no more than to end has at least so many page faults (measured: `fork`, `_exit` without a library),
/// unless it shares its parent's memory.
const LEAST_FAULTS: u64 = 7;

/// A process that has ended, and what was counted for it.
#[derive(Debug)]
pub(crate) struct Gone {
    pub(crate) slot: u32,
    pub(crate) ppid: u32,
    /// Its group, where it was in one.
    pub(crate) group: Option<u32>,
    /// Its page faults, with those of children it has waited for.
    pub(crate) faults: u64,
    /// By [`WITH_CHILDREN`], with what it still owed for its own children.
    pub(crate) bytes: [u64; WITH_CHILDREN.len()],
    /// With that of children it has waited for, as far as that is accounted for.
    pub(crate) cpu: Cpu,
    tries: u8,
}

/// CPU time that a group is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credit {
    pub(crate) group: Option<u32>,
    pub(crate) cpu: Cpu,
}

/// What has been added to one parent's numbers, and is nobody's yet.
#[derive(Debug, Default)]
struct Share {
    cpu: Cpu,
    faults: u64,
    /// The groups of the ended children that it is of, and how many of each.
    heirs: Vec<(Option<u32>, u64)>,
}

/// The share of this update, and that of the one before: a child that ends after it was read is missed one update after its
/// parent's numbers have grown.
#[derive(Debug, Default)]
struct Pool {
    before: Share,
    now: Share,
}

/// All that is passed on. Sparse: few processes wait for children between two updates.
#[derive(Debug, Default)]
pub(crate) struct Inheritance {
    gone: Vec<Gone>,
    debts: HashMap<u32, [u64; WITH_CHILDREN.len()], foldhash::fast::RandomState>,
    pools: HashMap<u32, Pool, foldhash::fast::RandomState>,
    credits: Vec<Credit>,
    /// CPU time of ended processes of which it is not known who has waited for them: it may be in any pool.
    withheld: Cpu,
    unattributed: Cpu,
    /// Whether each ended child is known, so that all that is left is of those that are.
    all_known: bool,
}

impl Gone {
    pub(crate) fn new(slot: u32, ppid: u32, group: Option<u32>, faults: u64) -> Gone {
        Gone { slot, ppid, group, faults, bytes: [0; WITH_CHILDREN.len()], cpu: [0; 2], tries: 0 }
    }
}

impl Inheritance {
    /// No child ends from now on of which nothing is told.
    pub(crate) fn all_are_known(&mut self) {
        self.all_known = true;
    }

    /// The numbers of the children that the process under a slot has waited for have grown.
    pub(crate) fn grew(&mut self, slot: u32, cpu: Cpu, faults: u64) {
        if cpu != [0; 2] || faults > 0 {
            let share = &mut self.pools.entry(slot).or_default().now;
            (share.cpu, share.faults) = (plus(share.cpu, cpu), share.faults + faults);
        }
    }

    /// A process has ended. What is left in its pool goes on to whoever waits for it.
    pub(crate) fn ended(&mut self, mut gone: Gone) {
        if let Some(pool) = self.pools.remove(&gone.slot) {
            gone.cpu = minus(gone.cpu, plus(pool.before.cpu, pool.now.cpu));
        }
        for (bytes, debt) in gone.bytes.iter_mut().zip(self.debts.remove(&gone.slot).unwrap_or_default()) {
            *bytes = bytes.saturating_add(debt);
        }
        self.gone.push(gone);
    }

    /// The process under a slot has not ended: it could not be read for a time.
    pub(crate) fn came_back(&mut self, slot: u32) {
        self.gone.retain(|gone| gone.slot != slot);
    }

    /// Asks for each ended process who has waited for it: `take_over` tells the slot of the parent that has.
    pub(crate) fn settle(&mut self, mut take_over: impl FnMut(&Gone) -> Option<u32>) {
        let Inheritance { gone, debts, pools, withheld, .. } = self;
        *withheld = [0; 2];
        gone.retain_mut(|gone| match take_over(gone) {
            Some(slot) => {
                if gone.bytes != [0; WITH_CHILDREN.len()] {
                    for (debt, bytes) in debts.entry(slot).or_default().iter_mut().zip(gone.bytes) {
                        *debt = debt.saturating_add(bytes);
                    }
                }
                pools.entry(slot).or_default().take(gone);
                false
            }
            None => {
                *withheld = plus(*withheld, gone.cpu);
                gone.tries += 1;
                gone.tries < TRIES
            }
        });
    }

    /// Gives away what is then left of the update before; `group` tells the group of a slot.
    pub(crate) fn give(&mut self, group: impl Fn(u32) -> Option<u32>) {
        let Inheritance { pools, credits, unattributed, withheld, all_known, .. } = self;
        credits.clear();
        pools.retain(|slot, pool| {
            let share = std::mem::replace(&mut pool.before, std::mem::take(&mut pool.now));
            let cpu = minus(share.cpu, *withheld);
            *unattributed = plus(*unattributed, minus(share.cpu, cpu));
            if cpu != [0; 2] {
                match share.heirs.as_slice() {
                    [(heir, _)] if *all_known || share.faults < LEAST_FAULTS => {
                        credits.push(Credit { group: *heir, cpu });
                    }
                    heirs if *all_known && !heirs.is_empty() => credits.extend(divided(cpu, heirs)),
                    _ => credits.push(Credit { group: group(*slot), cpu }),
                }
            }
            pool.before.cpu != [0; 2] || pool.before.faults > 0
        });
    }

    /// What groups are given by this update.
    pub(crate) fn credits(&self) -> &[Credit] {
        &self.credits
    }

    /// CPU time of ended processes that is in no group, since the start.
    pub(crate) fn unattributed(&self) -> Cpu {
        self.unattributed
    }

    /// Takes off what was counted for children already. `used` is one counter of [`WITH_CHILDREN`], by its index there.
    pub(crate) fn pay(&mut self, slot: u32, mut used: impl FnMut(usize, &mut u64)) {
        if let Some(debts) = self.debts.get_mut(&slot) {
            for (index, debt) in debts.iter_mut().enumerate() {
                used(index, debt);
            }
            if *debts == [0; WITH_CHILDREN.len()] {
                self.debts.remove(&slot);
            }
        }
    }

    /// The process under a slot has been credited with what was counted for its children already.
    pub(crate) fn owe(&mut self, slot: u32, bytes: [u64; WITH_CHILDREN.len()]) {
        if bytes != [0; WITH_CHILDREN.len()] {
            for (debt, bytes) in self.debts.entry(slot).or_default().iter_mut().zip(bytes) {
                *debt = debt.saturating_add(bytes);
            }
        }
    }

    /// What the process under a slot, which has ended, has not paid of that.
    pub(crate) fn take_debts(&mut self, slot: u32) -> [u64; WITH_CHILDREN.len()] {
        self.debts.remove(&slot).unwrap_or_default()
    }

    /// Groups have new numbers, or none any more.
    pub(crate) fn renumber(&mut self, new_index: impl Fn(Option<u32>) -> Option<u32>) {
        for gone in &mut self.gone {
            gone.group = new_index(gone.group);
        }
        for share in self.pools.values_mut().flat_map(|pool| [&mut pool.before, &mut pool.now]) {
            for (group, _) in &mut share.heirs {
                *group = new_index(*group);
            }
        }
    }
}

impl Pool {
    /// What was counted for a child is not to be given away again. All of it was added at one moment: in this update, or in
    /// the one before, where the child was read before it ended and its parent after.
    fn take(&mut self, child: &Gone) {
        let (mut cpu, mut faults) = (child.cpu, child.faults);
        let holds = |share: &Share| share.faults >= faults && least(share.cpu, cpu) == cpu;
        let now_first = holds(&self.now) || !holds(&self.before);
        let Pool { before, now } = self;
        for share in if now_first { [now, before] } else { [before, now] } {
            if faults > 0 && share.faults > 0 {
                match share.heirs.iter_mut().find(|(group, _)| *group == child.group) {
                    Some((_, children)) => *children += 1,
                    None => share.heirs.push((child.group, 1)),
                }
            }
            let (cpu_paid, faults_paid) = (least(cpu, share.cpu), faults.min(share.faults));
            (share.cpu, cpu) = (minus(share.cpu, cpu_paid), minus(cpu, cpu_paid));
            (share.faults, faults) = (share.faults - faults_paid, faults - faults_paid);
        }
    }
}

/// What is left of all children, to their groups by their numbers: what is told of a child lacks the time since the last tick, whoever it
/// is.
fn divided(cpu: Cpu, heirs: &[(Option<u32>, u64)]) -> impl Iterator<Item = Credit> + '_ {
    let mut left = cpu;
    let mut children: u64 = heirs.iter().map(|(_, children)| children).sum();
    heirs.iter().map(move |(group, count)| {
        let share =
            left.map(|time| u64::try_from(u128::from(time) * u128::from(*count) / u128::from(children)).unwrap_or(0));
        left = minus(left, share);
        children -= count;
        Credit { group: *group, cpu: share }
    })
}

fn plus(a: Cpu, b: Cpu) -> Cpu {
    [a[0].saturating_add(b[0]), a[1].saturating_add(b[1])]
}

fn minus(a: Cpu, b: Cpu) -> Cpu {
    [a[0].saturating_sub(b[0]), a[1].saturating_sub(b[1])]
}

fn least(a: Cpu, b: Cpu) -> Cpu {
    [a[0].min(b[0]), a[1].min(b[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_divided_by_the_numbers_of_children() {
        let heirs = [(Some(1), 3), (None, 1), (Some(2), 3)];
        let credits: Vec<Credit> = divided([700, 10], &heirs).collect();
        let expected = [(Some(1), [300, 4]), (None, [100, 1]), (Some(2), [300, 5])];
        assert_eq!(credits, expected.map(|(group, cpu)| Credit { group, cpu }));
    }
}
