//! Which labels put series together: `by`, `without`, `on`, `ignoring`.

use crate::eval::Column;
use foldhash::HashMap;
use procession_openmetrics::{Labels, METRIC_NAME};

/// A choice of labels. Series that agree in the chosen ones belong together.
#[derive(Clone, Debug)]
pub(crate) struct Grouping {
    /// Sorted, each once.
    names: Vec<String>,
    without: bool,
    /// Of `without`: the metric name counts like any label.
    with_name: bool,
}

/// Series put together.
#[derive(Debug)]
pub(crate) struct Groups {
    /// The group of each column; groups are numbered by their first member.
    pub(crate) of: Vec<usize>,
    /// The columns of each group in their order.
    pub(crate) members: Vec<Vec<usize>>,
}

impl Grouping {
    /// These labels alone.
    pub(crate) fn by(names: Vec<String>) -> Self {
        Grouping::new(names, false)
    }

    /// All labels but these; the metric name never counts.
    pub(crate) fn without(names: Vec<String>) -> Self {
        Grouping::new(names, true)
    }

    /// All labels but one, the metric name included.
    pub(crate) fn by_all_but(name: &str) -> Self {
        Grouping { names: vec![name.to_owned()], without: true, with_name: true }
    }

    fn new(mut names: Vec<String>, without: bool) -> Self {
        names.sort_unstable();
        names.dedup();
        Grouping { names, without, with_name: false }
    }

    pub(crate) fn is_without(&self) -> bool {
        self.without
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The same choice with one label more among `by`; `without` stays.
    pub(crate) fn keeping(&self, name: &str) -> Self {
        let mut names = self.names.clone();
        if !self.without {
            names.push(name.to_owned());
        }
        Grouping::new(names, self.without)
    }

    fn chooses(&self, name: &str) -> bool {
        let named = self.names.binary_search_by(|n| n.as_str().cmp(name)).is_ok();
        if self.without { !named && (self.with_name || name != METRIC_NAME) } else { named }
    }

    /// Bytes that are equal exactly for series of one group.
    pub(crate) fn key(&self, labels: &Labels, key: &mut Vec<u8>) {
        key.clear();
        if self.names.is_empty() && !self.without {
            return;
        }
        for (name, value) in labels.iter().filter(|(name, _)| self.chooses(name)) {
            for text in [name, value] {
                key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                key.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// The chosen labels of a series: what identifies its group.
    pub(crate) fn labels(&self, labels: &Labels) -> Labels {
        Labels::from_pairs(labels.iter().filter(|(name, _)| self.chooses(name)))
    }

    /// Puts columns together.
    pub(crate) fn groups(&self, columns: &[Column]) -> Groups {
        let mut signatures = Signatures::new(self);
        let mut groups = Groups { of: Vec::with_capacity(columns.len()), members: Vec::new() };
        for (i, column) in columns.iter().enumerate() {
            let group = signatures.number(&column.labels);
            if group == groups.members.len() {
                groups.members.push(Vec::new());
            }
            groups.members[group].push(i);
            groups.of.push(group);
        }
        groups
    }
}

/// Numbers groups in the order in which they are first met.
pub(crate) struct Signatures<'a> {
    grouping: &'a Grouping,
    numbers: HashMap<Box<[u8]>, usize>,
    key: Vec<u8>,
}

impl<'a> Signatures<'a> {
    pub(crate) fn new(grouping: &'a Grouping) -> Self {
        Signatures { grouping, numbers: HashMap::default(), key: Vec::new() }
    }

    pub(crate) fn number(&mut self, labels: &Labels) -> usize {
        self.grouping.key(labels, &mut self.key);
        if let Some(number) = self.numbers.get(self.key.as_slice()) {
            return *number;
        }
        let number = self.numbers.len();
        self.numbers.insert(self.key.as_slice().into(), number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_agree_with_labels() {
        let series = [
            Labels::from_pairs([(METRIC_NAME, "x"), ("a", "1"), ("b", "2")]),
            Labels::from_pairs([(METRIC_NAME, "y"), ("a", "1"), ("b", "2")]),
            Labels::from_pairs([("a", "1")]),
            Labels::from_pairs([("a", "12")]),
            Labels::from_pairs([("b", "1")]),
            Labels::empty(),
        ];
        for grouping in [
            Grouping::by(vec![]),
            Grouping::by(vec!["b".into(), "a".into(), "a".into()]),
            Grouping::by(vec![METRIC_NAME.into()]),
            Grouping::without(vec![]),
            Grouping::without(vec!["a".into()]),
            Grouping::by_all_but("b"),
        ] {
            for left in &series {
                for right in &series {
                    let (mut l, mut r) = (Vec::new(), Vec::new());
                    grouping.key(left, &mut l);
                    grouping.key(right, &mut r);
                    assert_eq!(l == r, grouping.labels(left) == grouping.labels(right), "{left} {right} {grouping:?}");
                }
            }
        }
    }
}
