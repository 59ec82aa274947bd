//! What is too dear to be read of every process in every scan.

use std::time::{Duration, Instant};

/// No further process is read in a scan when this has passed; the first one always is.
const BUDGET: Duration = Duration::from_millis(50);

/// Whose turn it is: all processes one after another, by their pids, so many in each scan as there is time for.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The pid that was read last.
    last: u32,
}

impl Turns {
    /// Calls `read` with the indices of `pids`, which ascend, from the one after the last on, until the budget is used up
    /// or all had their turn.
    pub(crate) fn take(&mut self, pids: &[u32], mut read: impl FnMut(usize), deadline: Option<Instant>) {
        let begin = Instant::now();
        let end = deadline.map_or(begin + BUDGET, |deadline| deadline.min(begin + BUDGET));
        let first = pids.partition_point(|pid| *pid <= self.last);
        for index in (first..pids.len()).chain(0..first) {
            read(index);
            self.last = pids[index];
            if Instant::now() >= end {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_turn_before_any_has_a_second_one() {
        let mut turns = Turns::default();
        let mut one = |pids: &[u32]| {
            let mut taken = Vec::new();
            turns.take(pids, |index| taken.push(pids[index]), Some(Instant::now()));
            taken
        };
        let turns_of: Vec<Vec<u32>> = (0..4).map(|_| one(&[3, 5, 9])).collect();
        assert_eq!(turns_of, [[3], [5], [9], [3]]);
        assert_eq!(one(&[4, 9]), [4], "one that has come, another that has gone");
        assert_eq!(one(&[2, 4]), [2]);
        assert!(one(&[]).is_empty());
        let mut all = Vec::new();
        turns.take(&[1, 2, 3], |index| all.push(index), None);
        assert!(all.starts_with(&[2]), "{all:?}");
    }
}
