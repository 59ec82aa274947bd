//! Label sets: the identity of a series.

mod builder;

pub use builder::LabelsBuilder;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The label that holds the metric name.
pub const METRIC_NAME: &str = "__name__";

/// An immutable label set, sorted by label name, each name once, no empty values (an empty value means that the label
/// is not there, as in Prometheus's data model).
///
/// All names and values stand in one allocation, each behind its length, so that a million series are a million
/// allocations and cloning is a counter. Equality and hashing work on these bytes; ordering is by pairs.
#[derive(Clone)]
pub struct Labels {
    /// Lengths are written seven bits at a time as ASCII (six bits of the number and one that says "more follows"), so
    /// that the whole is a `str` and reading a name or value needs no check for UTF-8.
    data: Arc<str>,
}

impl Labels {
    /// The label set without labels.
    pub fn empty() -> Self {
        Labels { data: Arc::from("") }
    }

    /// Builds a set from pairs in any order. Pairs with an empty value are left out; of two pairs with one name the
    /// last stays. Where a name that stands twice is an error (parsing an exposition), check before.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    /// The pairs in the order of their names.
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.data }
    }

    /// The value of a label, or `None` where the set does not have it.
    pub fn get(&self, name: &str) -> Option<&str> {
        // Names are sorted, but sets are small: a scan to the first name that is not smaller beats an index.
        for (n, v) in self.iter() {
            match n.cmp(name) {
                Ordering::Less => {}
                Ordering::Equal => return Some(v),
                Ordering::Greater => return None,
            }
        }
        None
    }

    /// The metric name, or `""` where there is none.
    pub fn metric_name(&self) -> &str {
        self.get(METRIC_NAME).unwrap_or("")
    }

    /// The number of labels, the metric name included.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// A builder that holds the same pairs.
    pub fn to_builder(&self) -> LabelsBuilder {
        let mut builder = LabelsBuilder::default();
        for (name, value) in self {
            builder.push(|text| text.push_str(name), |text| text.push_str(value));
        }
        builder
    }
}

impl Default for Labels {
    fn default() -> Self {
        Labels::empty()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.data, &other.data) || self.data == other.data
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.data.hash(state);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        // Series that are compared most often begin alike: what is the same in both need not be compared text by text.
        let same = same_bytes(self.data.as_bytes(), other.data.as_bytes());
        let mut left = self.iter();
        let mut begin = 0;
        while begin < same {
            left.text();
            let end = self.data.len() - left.rest.len();
            if end > same {
                break;
            }
            begin = end;
        }
        let (mut left, mut right) = (Iter { rest: &self.data[begin..] }, Iter { rest: &other.data[begin..] });
        loop {
            match (left.rest.is_empty(), right.rest.is_empty()) {
                (false, false) => match left.text().cmp(right.text()) {
                    Ordering::Equal => {}
                    order => return order,
                },
                (left, right) => return right.cmp(&left),
            }
        }
    }
}

/// How many bytes are the same at the beginning of both.
fn same_bytes(a: &[u8], b: &[u8]) -> usize {
    const STEP: usize = 16;
    let steps = a.chunks_exact(STEP).zip(b.chunks_exact(STEP)).take_while(|(a, b)| a == b).count() * STEP;
    steps + a[steps..].iter().zip(&b[steps..]).take_while(|(a, b)| a == b).count()
}

/// As PromQL and the exposition formats write it: `name{a="b",c="d"}`, names in quotes where they need them; `{}` for
/// the empty set.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("{}");
        }
        let mut out = Vec::new();
        crate::write::series(&mut out, self);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The pairs of a [`Labels`] in the order of their names.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a str,
}

impl<'a> Iter<'a> {
    fn text(&mut self) -> &'a str {
        let (mut len, mut shift, mut used) = (0usize, 0, 0);
        for &digit in self.rest.as_bytes() {
            used += 1;
            len |= usize::from(digit & 0x3f) << shift;
            shift += 6;
            if digit & 0x40 == 0 {
                break;
            }
        }
        let (text, rest) = self.rest[used..].split_at(len);
        self.rest = rest;
        text
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some((self.text(), self.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn sorts_and_drops_empty_values() {
        let l = Labels::from_pairs([("b", "2"), ("gone", ""), (METRIC_NAME, "up"), ("a", "1")]);
        assert_eq!(l.iter().collect::<Vec<_>>(), [("__name__", "up"), ("a", "1"), ("b", "2")]);
        assert_eq!((l.metric_name(), l.get("b"), l.get("c"), l.len()), ("up", Some("2"), None, 3));
        assert_eq!(Labels::empty().len(), 0);
    }

    #[test]
    fn shows_a_series() {
        for (pairs, shown) in [
            (&[][..], "{}"),
            (&[(METRIC_NAME, "up")], "up"),
            (&[(METRIC_NAME, "up"), ("b", "2"), ("a", "1")], r#"up{a="1",b="2"}"#),
            (&[("a", "1")], r#"{a="1"}"#),
            (&[(METRIC_NAME, "up"), ("a", "\\ \"\n\t'")], "up{a=\"\\\\ \\\"\\n\t'\"}"),
            (&[(METRIC_NAME, "disk.free"), ("mount point", "/")], r#"{"disk.free","mount point"="/"}"#),
        ] {
            assert_eq!(Labels::from_pairs(pairs.iter().copied()).to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn is_the_map_it_was_made_of(map in proptest::collection::btree_map("[a-z_]{1,200}", "\\PC{1,300}", 0..6)) {
            let l = Labels::from_pairs(&map);
            prop_assert_eq!(&l.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect::<BTreeMap<_, _>>(), &map);
            prop_assert_eq!(&l.to_builder().build(), &l);
            for (n, v) in &map {
                prop_assert_eq!(l.get(n), Some(v.as_str()));
            }
        }

        #[test]
        fn orders_as_its_pairs(
            a in proptest::collection::btree_map("[ab]{1,2}", "(a{13,17}|ä{31,33})?[abä]{1,2}", 0..3),
            b in proptest::collection::btree_map("[ab]{1,2}", "(a{13,17}|ä{31,33})?[abä]{1,2}", 0..3),
        ) {
            let of = |m: &BTreeMap<String, String>| m.iter().map(|(n, v)| (n.clone(), v.clone())).collect::<Vec<_>>();
            prop_assert_eq!(Labels::from_pairs(&a).cmp(&Labels::from_pairs(&b)), of(&a).cmp(&of(&b)));
        }
    }
}
