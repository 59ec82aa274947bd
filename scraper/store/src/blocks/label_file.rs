//! The file of labels of a block: which label names its series have, and which values. Who lists them need not read every
//! series.
//!
//! It says nothing that `series.parquet` does not say; blocks of earlier versions have none.

use super::Block;
use super::columns::{Columns, LabelColumn};
use super::page_sums::check;
use parquet::errors::ParquetError;
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

impl LabelValues {
    /// Of the series of a block.
    pub(super) fn of(columns: &Columns) -> LabelValues {
        let list = |label: &LabelColumn| {
            let values = &label.values;
            (values.len() <= MAX_VALUES).then(|| values.iter().map(str::to_owned).collect())
        };
        LabelValues(columns.labels.iter().map(|label| (label.name.to_string(), list(label))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::columns::columns_of;
    use procession_openmetrics::Labels;
    use proptest::prelude::*;

    #[test]
    fn lists_no_label_with_too_many_values() {
        let sets = (0..=MAX_VALUES).map(|i| Labels::from_pairs([("a", "same"), ("b", &i.to_string())]));
        let LabelValues(found) = LabelValues::of(&columns_of(sets));
        assert_eq!(found["a"].iter().flatten().collect::<Vec<_>>(), ["same"]);
        assert_eq!(found["b"], None);
    }

    proptest! {
        #[test]
        fn finds_what_there_is(
            sets in proptest::collection::vec(proptest::collection::btree_map("[a-d]", "[xy]{1,2}", 0..4), 0..20),
        ) {
            let mut expected = BTreeMap::<String, Option<BTreeSet<String>>>::new();
            for (name, value) in sets.iter().flatten() {
                let values = expected.entry(name.clone()).or_insert_with(|| Some(BTreeSet::new()));
                values.as_mut().unwrap().insert(value.clone());
            }
            let LabelValues(found) = LabelValues::of(&columns_of(sets.iter().map(Labels::from_pairs)));
            prop_assert_eq!(found, expected);
        }
    }
}
