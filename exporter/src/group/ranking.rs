//! Who is kept where not all can be: those that lead by CPU, by memory or by input and output.

use crate::snapshot::{Counter, Counters};

/// By what one is ranked; the higher the more worth keeping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) cpu: u64,
    pub(crate) memory: u64,
    pub(crate) io: u64,
}

impl Weight {
    /// CPU time in nanoseconds, bytes read from and written to storage. Memory is no counter.
    pub(crate) fn of(counters: &Counters) -> Weight {
        let sum = |of: &[Counter]| of.iter().filter_map(|c| counters.get(*c)).fold(0, u64::saturating_add);
        let cpu = sum(&[Counter::CpuUser, Counter::CpuSystem, Counter::Cpu]);
        Weight { cpu, memory: 0, io: sum(&[Counter::Read, Counter::Written]) }
    }

    /// Both together.
    pub(crate) fn plus(self, more: Weight) -> Weight {
        let memory = self.memory.saturating_add(more.memory);
        Weight { cpu: self.cpu.saturating_add(more.cpu), memory, io: self.io.saturating_add(more.io) }
    }
}

/// Room for the work, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Ranking {
    orders: [Vec<u32>; 3],
}

impl Ranking {
    /// Calls `keep` with the indices of the first `room` of `weights`: the first by CPU, by memory, by input and output, the
    /// second by CPU, and so on. Of equal ones the earlier is kept, so that nothing changes without a reason.
    pub(crate) fn keep(&mut self, weights: &[Weight], room: usize, mut keep: impl FnMut(usize) -> bool) {
        let by: [fn(&Weight) -> u64; 3] = [|w| w.cpu, |w| w.memory, |w| w.io];
        for (order, by) in self.orders.iter_mut().zip(by) {
            order.clear();
            order.extend(0..weights.len() as u32);
            order.sort_unstable_by_key(|index| (std::cmp::Reverse(by(&weights[*index as usize])), *index));
        }
        let mut kept = 0;
        for rank in 0..weights.len() {
            for order in &self.orders {
                if kept >= room {
                    return;
                }
                kept += usize::from(keep(order[rank] as usize));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn kept(weights: &[(u64, u64, u64)], room: usize) -> Vec<usize> {
        let weights: Vec<Weight> = weights.iter().map(|&(cpu, memory, io)| Weight { cpu, memory, io }).collect();
        let mut kept = BTreeSet::new();
        Ranking::default().keep(&weights, room, |index| kept.insert(index));
        kept.into_iter().collect()
    }

    #[test]
    fn leaders_of_each_kind_in_turn() {
        let weights = [(1, 1, 1), (9, 0, 0), (0, 9, 0), (0, 0, 9), (8, 0, 0)];
        assert_eq!(kept(&weights, 0), Vec::<usize>::new());
        assert_eq!(kept(&weights, 1), [1]);
        assert_eq!(kept(&weights, 3), [1, 2, 3]);
        assert_eq!(kept(&weights, 4), [1, 2, 3, 4]);
        assert_eq!(kept(&weights, 9), [0, 1, 2, 3, 4]);
        assert_eq!(kept(&[(0, 0, 0); 4], 2), [0, 1]);
    }

    proptest! {
        #[test]
        fn as_many_as_there_is_room_for(weights: Vec<(u64, u64, u64)>, room in 0_usize..20) {
            prop_assert_eq!(kept(&weights, room).len(), room.min(weights.len()));
        }
    }
}
