//! Label sets and the numbers that stand for them.

mod postings;
mod resolve;
mod rows;

pub(crate) use rows::{label_maps, labels_of, load, to_record_batch};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use postings::Postings;
use procession_openmetrics::Labels;
use std::hash::BuildHasher;

/// All series of a store, in memory: label set -> number, number -> label set, and postings for matchers.
///
/// Numbers are given in order of appearance and never given again, so that every posting list is sorted by itself.
pub(crate) struct SeriesIndex {
    /// By number; a number without a series belonged to one that retention removed.
    labels: Vec<Option<Labels>>,
    /// Numbers, found by their label sets: 4 bytes an entry, the sets stand above.
    numbers: HashTable<u32>,
    postings: Postings,
    hasher: FixedState,
}

impl Default for SeriesIndex {
    fn default() -> Self {
        SeriesIndex {
            labels: Vec::new(),
            numbers: HashTable::new(),
            postings: Postings::default(),
            // Keyed anew in every process: label values come from outside.
            hasher: FixedState::with_seed(std::hash::RandomState::new().hash_one(0u8)),
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
        let number = self.next_number();
        self.insert(number, labels.clone());
        number
    }

    /// Adds a series under a number that is at least [`next_number`](Self::next_number).
    pub(crate) fn insert(&mut self, number: u32, labels: Labels) {
        debug_assert!(number >= self.next_number());
        self.labels.resize_with(number as usize, || None);
        for (name, value) in &labels {
            self.postings.push(name, value, number);
        }
        let hash = self.hasher.hash_one(&labels);
        self.labels.push(Some(labels));
        let (all, hasher) = (&self.labels, &self.hasher);
        // The closure hashes what is in the table already; every number in it has a label set.
        self.numbers.insert_unique(hash, number, |&n| all[n as usize].as_ref().map_or(0, |l| hasher.hash_one(l)));
    }

    /// The number that the next series gets.
    pub(crate) fn next_number(&self) -> u32 {
        // Four billion label sets need hundreds of gigabytes of memory before this line matters.
        self.labels.len() as u32
    }

    /// The label set of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&Labels> {
        self.labels.get(number as usize)?.as_ref()
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Every number that has a series, ascending.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.labels).filter(|(_, labels)| labels.is_some()).map(|(n, _)| n)
    }

    /// Label names and values with the numbers of their series.
    pub(crate) fn postings(&self) -> &Postings {
        &self.postings
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
        assert_eq!(index.numbers().collect::<Vec<_>>(), [7]);
        // Enough to make the table grow, which hashes every set again.
        for i in 0..1000 {
            index.intern(&Labels::from_pairs([("i", i.to_string())]));
        }
        assert_eq!(index.find(&a), Some(7));
    }
}
