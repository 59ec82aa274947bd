//! Which series have which label: label name -> value -> numbers, ascending.

use super::NumberSet;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use procession_openmetrics::Labels;

type Values = HashMap<Box<str>, Vec<u32>, RandomState>;

/// The inverted index.
#[derive(Default)]
pub(crate) struct Postings {
    names: HashMap<Box<str>, Values, RandomState>,
}

impl Postings {
    /// Adds a series to a label's list; numbers come in ascending order.
    pub(crate) fn push(&mut self, name: &str, value: &str, number: u32) {
        // Twice a look-up for a new key, but no allocation for a known one.
        if !self.names.contains_key(name) {
            self.names.insert(name.into(), Values::default());
        }
        let Some(values) = self.names.get_mut(name) else { return };
        match values.get_mut(value) {
            Some(list) => list.push(number),
            None => _ = values.insert(value.into(), vec![number]),
        }
    }

    /// Takes series out of the lists; `labels` are theirs. Each list that has one of them is gone through once.
    pub(crate) fn remove(&mut self, labels: &[Labels], numbers: &NumberSet) {
        let mut affected: HashMap<&str, HashSet<&str, RandomState>, RandomState> = HashMap::default();
        for (name, value) in labels.iter().flatten() {
            affected.entry(name).or_default().insert(value);
        }
        for (name, of_name) in affected {
            let Some(values) = self.names.get_mut(name) else { continue };
            for value in of_name {
                let Some(list) = values.get_mut(value) else { continue };
                list.retain(|number| !numbers.contains(number));
                if list.is_empty() {
                    values.remove(value);
                } else if list.len() < list.capacity() / 4 {
                    list.shrink_to_fit();
                }
            }
            if values.is_empty() {
                self.names.remove(name);
            } else if values.len() < values.capacity() / 4 {
                values.shrink_to_fit();
            }
        }
    }

    /// The places that all lists have.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.names.values().flat_map(|values| values.values()).map(Vec::capacity).sum()
    }

    /// The series that have this label with this value.
    pub(crate) fn get(&self, name: &str, value: &str) -> &[u32] {
        self.names.get(name).and_then(|values| values.get(value)).map_or(&[], Vec::as_slice)
    }

    /// Every value of a label with its series, in no order. No series stands under two values.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = (&str, &[u32])> {
        self.names.get(name).into_iter().flatten().map(|(value, list)| (&**value, list.as_slice()))
    }

    /// Every label name, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(|name| &**name)
    }
}
