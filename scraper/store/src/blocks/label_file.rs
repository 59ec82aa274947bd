//! The file of labels of a block: which label names its series have, and which values. Who lists them need not read every
//! series.
//!
//! It says nothing that `series.parquet` does not say; blocks of earlier versions have none.

use super::Block;
use super::page_sums::check;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};
use parquet::errors::ParquetError;
use procession_openmetrics::Labels;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The file in a block's folder.
pub(crate) const LABELS_FILE: &str = "labels.json";

/// The most values of one label that are listed.
const MAX_VALUES: usize = 200_000;

/// Label names with their values; none where there are too many to list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LabelValues(pub(crate) BTreeMap<String, Option<BTreeSet<String>>>);

impl Block {
    /// The labels of its series, where it has the file and the file can be read.
    pub(crate) fn label_values(&self) -> Option<LabelValues> {
        let expected = self.meta.labels_file.as_ref()?;
        let path = self.folder.join(LABELS_FILE);
        let read = fs::read(&path).map_err(ParquetError::from).and_then(|text| {
            check(LABELS_FILE, &*text, expected)?;
            serde_json::from_slice(&text).map_err(|error| ParquetError::General(error.to_string()))
        });
        read.inspect_err(|error| tracing::warn!(path = %path.display(), %error, "the series are read instead")).ok()
    }
}

/// Collects the labels of series.
#[derive(Default)]
pub(super) struct Collect {
    names: HashMap<Box<str>, HashSet<Box<str>, RandomState>, RandomState>,
    /// The last series: its neighbour has most labels with it.
    last: Option<Labels>,
}

impl Collect {
    pub(super) fn add(&mut self, labels: &Labels) {
        let last = self.last.replace(labels.clone());
        let mut before = last.iter().flatten().peekable();
        for (name, value) in labels {
            while before.next_if(|(other, _)| *other < name).is_some() {}
            if before.next_if(|pair| *pair == (name, value)).is_some() {
                continue;
            }
            if !self.names.contains_key(name) {
                self.names.insert(name.into(), HashSet::default());
            }
            if let Some(values) = self.names.get_mut(name).filter(|values| values.len() <= MAX_VALUES)
                && !values.contains(value)
            {
                values.insert(value.into());
            }
        }
    }

    pub(super) fn finish(self) -> LabelValues {
        let list = |values: HashSet<Box<str>, RandomState>| {
            (values.len() <= MAX_VALUES).then(|| values.into_iter().map(Into::into).collect())
        };
        LabelValues(self.names.into_iter().map(|(name, values)| (name.into(), list(values))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_no_label_with_too_many_values() {
        let mut collect = Collect::default();
        for i in 0..=MAX_VALUES {
            collect.add(&Labels::from_pairs([("a", "same"), ("b", &i.to_string())]));
        }
        let LabelValues(found) = collect.finish();
        assert_eq!(found["a"].iter().flatten().collect::<Vec<_>>(), ["same"]);
        assert_eq!(found["b"], None);
    }

    proptest! {
        #[test]
        fn finds_what_there_is(
            sets in proptest::collection::vec(proptest::collection::btree_map("[a-d]", "[xy]{1,2}", 0..4), 0..20),
        ) {
            let (mut collect, mut expected) = (Collect::default(), BTreeMap::<String, Option<BTreeSet<String>>>::new());
            for set in &sets {
                collect.add(&Labels::from_pairs(set));
                for (name, value) in set {
                    let values = expected.entry(name.clone()).or_insert_with(|| Some(BTreeSet::new()));
                    values.as_mut().unwrap().insert(value.clone());
                }
            }
            prop_assert_eq!(collect.finish().0, expected);
        }
    }
}
