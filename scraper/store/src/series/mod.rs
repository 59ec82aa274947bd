//! Label sets and the numbers that stand for them.

mod numbers;
mod postings;
mod resolve;
mod rows;

pub(crate) use numbers::{NumberMap, NumberSet};
pub(crate) use rows::{label_maps, labels_of, load, to_record_batch};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use postings::Postings;
use procession_openmetrics::Labels;
use std::hash::BuildHasher;

/// The series in memory, those that are active or have rows in the hot tables: label set -> number, number -> label
/// set, and postings for matchers.
///
/// Numbers are given in order of appearance and never given again: every posting list is sorted by itself, and a number
/// that somebody kept while its series was forgotten stands for nothing, never for another series.
pub(crate) struct SeriesIndex {
    labels: NumberMap<Labels>,
    /// Numbers, found by their label sets: 4 bytes an entry, the sets stand above.
    numbers: HashTable<u32>,
    postings: Postings,
    hasher: FixedState,
    next: u32,
}

/// What [`SeriesIndex::intern`] gives when all numbers are used up: it is of no series. A store that is opened anew
/// begins behind the numbers that are in use.
const EXHAUSTED: u32 = u32::MAX;

impl Default for SeriesIndex {
    fn default() -> Self {
        SeriesIndex {
            labels: NumberMap::default(),
            numbers: HashTable::new(),
            postings: Postings::default(),
            // Keyed anew in every process: label values come from outside.
            hasher: FixedState::with_seed(std::hash::RandomState::new().hash_one(0u8)),
            next: 0,
        }
    }
}

impl SeriesIndex {
    /// The number of a label set that is known.
    pub(crate) fn find(&self, labels: &Labels) -> Option<u32> {
        let hash = self.hasher.hash_one(labels);
        self.numbers.find(hash, |&n| self.get(n) == Some(labels)).copied()
    }

    /// The number of a label set, a new one where it is not known.
    pub(crate) fn intern(&mut self, labels: &Labels) -> u32 {
        if let Some(number) = self.find(labels) {
            return number;
        }
        let number = self.next;
        if number != EXHAUSTED {
            self.insert(number, labels.clone());
        }
        number
    }

    /// Adds a series under a number that is at least [`next_number`](Self::next_number).
    pub(crate) fn insert(&mut self, number: u32, labels: Labels) {
        debug_assert!(number >= self.next);
        self.next = number.saturating_add(1);
        for (name, value) in &labels {
            self.postings.push(name, value, number);
        }
        let hash = self.hasher.hash_one(&labels);
        self.labels.insert(number, labels);
        let (all, hasher) = (&self.labels, &self.hasher);
        // The closure hashes what is in the table already; every number in it has a label set.
        self.numbers.insert_unique(hash, number, |n| all.get(n).map_or(0, |l| hasher.hash_one(l)));
    }

    /// Lets go of series, and of the memory that they took.
    pub(crate) fn forget(&mut self, numbers: &NumberSet) {
        let mut forgotten = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(labels) = self.labels.remove(number) else { continue };
            if let Ok(entry) = self.numbers.find_entry(self.hasher.hash_one(&labels), |n| n == number) {
                entry.remove();
            }
            forgotten.push(labels);
        }
        self.postings.remove(&forgotten, numbers);
        if self.labels.len() < self.labels.capacity() / 4 {
            let (all, hasher) = (&self.labels, &self.hasher);
            self.numbers.shrink_to_fit(|n| all.get(n).map_or(0, |l| hasher.hash_one(l)));
            self.labels.shrink_to_fit();
        }
    }

    /// The number that the next series gets.
    pub(crate) fn next_number(&self) -> u32 {
        self.next
    }

    /// The label set of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&Labels> {
        self.labels.get(&number)
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Every number that has a series, in no order.
    pub(crate) fn iter_numbers(&self) -> impl Iterator<Item = u32> {
        self.labels.keys().copied()
    }

    /// Every number that has a series, ascending.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.iter_numbers().collect();
        numbers.sort_unstable();
        numbers
    }

    /// Label names and values with the numbers of their series.
    pub(crate) fn postings(&self) -> &Postings {
        &self.postings
    }

    /// How much is kept for how many series: places for numbers, and those in lists.
    #[cfg(test)]
    pub(crate) fn room(&self) -> (usize, usize) {
        (self.labels.capacity(), self.postings.room())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_set_has_one_number() {
        let mut index = SeriesIndex::default();
        let a = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
        let b = Labels::from_pairs([("__name__", "up"), ("job", "b")]);
        assert_eq!((index.intern(&a), index.intern(&b), index.intern(&a)), (0, 1, 0));
        assert_eq!(index.find(&Labels::empty()), None);
        assert_eq!(index.intern(&Labels::empty()), 2);
        assert_eq!((index.get(1), index.get(3), index.len()), (Some(&b), None, 3));
    }

    #[test]
    fn numbers_may_have_gaps() {
        let mut index = SeriesIndex::default();
        let a = Labels::from_pairs([("job", "a")]);
        index.insert(7, a.clone());
        assert_eq!((index.find(&a), index.len(), index.next_number()), (Some(7), 1, 8));
        assert_eq!(index.numbers(), [7]);
        // Enough to make the table grow, which hashes every set again.
        for i in 0..1000 {
            index.intern(&Labels::from_pairs([("i", i.to_string())]));
        }
        assert_eq!(index.find(&a), Some(7));
    }

    #[test]
    fn what_is_forgotten_leaves_no_trace() {
        let of = |round: u32, i: u32| {
            Labels::from_pairs([("job", "j"), ("i", &i.to_string()), ("round", &round.to_string())])
        };
        let mut index = SeriesIndex::default();
        let stays = index.intern(&of(999, 0));
        let mut room = Vec::new();
        for round in 0..50 {
            let numbers: Vec<u32> = (0..500).map(|i| index.intern(&of(round, i))).collect();
            room.push(index.room());
            index.forget(&numbers.iter().copied().collect());
            assert_eq!((index.len(), index.find(&of(round, 7)), index.get(numbers[7])), (1, None, None));
            let again = index.intern(&of(round, 7));
            assert!(again > numbers[499], "no number is given twice");
            index.forget(&[again].into_iter().collect());
        }
        assert_eq!(index.numbers(), [stays]);
        assert_eq!((index.postings().get("job", "j"), index.postings().get("i", "0")), (&[stays][..], &[stays][..]));
        assert_eq!(index.postings().values("i").count(), 1);
        assert!(room.iter().all(|r| r.0 <= 1000 && r.1 <= 5000), "{room:?}");
    }

    #[test]
    fn numbers_run_out_instead_of_coming_round() {
        let mut index = SeriesIndex::default();
        index.insert(u32::MAX - 1, Labels::empty());
        let next = index.intern(&Labels::from_pairs([("a", "1")]));
        assert_eq!((index.get(next), index.len(), index.find(&Labels::empty())), (None, 1, Some(u32::MAX - 1)));
    }
}
