//! Collecting labels in any order.

use super::Labels;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Collects labels in any order and makes a [`Labels`] of them.
///
/// Names and values stand one after the other in one buffer: a builder that is emptied by [`LabelsBuilder::take`] and
/// filled again allocates nothing but the finished sets.
#[derive(Clone, Default)]
pub struct LabelsBuilder {
    text: String,
    pairs: Vec<Pair>,
    /// Where the finished set is put together.
    out: String,
}

/// Where a name and its value stand in the buffer.
#[derive(Clone)]
struct Pair {
    name: Range<usize>,
    value: Range<usize>,
}

impl LabelsBuilder {
    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        match self.pairs.iter().position(|p| &self.text[p.name.clone()] == name) {
            Some(index) => {
                let start = self.text.len();
                self.text.push_str(value);
                self.pairs[index].value = start..self.text.len();
            }
            None => self.push(|text| text.push_str(name), |text| text.push_str(value)),
        }
        self
    }

    /// Adds a label without looking whether its name is there already.
    pub(crate) fn push(&mut self, name: impl FnOnce(&mut String), value: impl FnOnce(&mut String)) {
        let start = self.text.len();
        name(&mut self.text);
        let middle = self.text.len();
        value(&mut self.text);
        self.pairs.push(Pair { name: start..middle, value: middle..self.text.len() });
    }

    /// A name that stands more than once, which only [`LabelsBuilder::push`] can bring about.
    pub(crate) fn duplicate(&mut self) -> Option<&str> {
        self.sort();
        let twice = self.pairs.windows(2).find(|w| self.text[w[0].name.clone()] == self.text[w[1].name.clone()])?;
        Some(&self.text[twice[0].name.clone()])
    }

    /// Removes a label.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.retain(|n| n != name)
    }

    /// Keeps the labels whose names the function accepts.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) -> &mut Self {
        let text = &self.text;
        self.pairs.retain(|p| keep(&text[p.name.clone()]));
        self
    }

    /// The value of a label, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// The labels that are set (their values are not empty), in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|p| (&self.text[p.name.clone()], &self.text[p.value.clone()]))
            .filter(|(_, v)| !v.is_empty())
    }

    /// Removes all labels and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.pairs.clear();
    }

    /// The finished set.
    pub fn build(mut self) -> Labels {
        self.take()
    }

    /// The finished set; the builder is empty afterwards and keeps its memory for the next one.
    pub fn take(&mut self) -> Labels {
        self.sort();
        self.out.clear();
        for pair in self.pairs.iter().filter(|p| !p.value.is_empty()) {
            for text in [&self.text[pair.name.clone()], &self.text[pair.value.clone()]] {
                let mut len = text.len();
                while len >= 0x40 {
                    self.out.push(char::from(len as u8 & 0x3f | 0x40));
                    len >>= 6;
                }
                self.out.push(char::from(len as u8));
                self.out.push_str(text);
            }
        }
        self.clear();
        Labels { data: Arc::from(self.out.as_str()) }
    }

    fn sort(&mut self) {
        let text = &self.text;
        self.pairs.sort_unstable_by(|a, b| text[a.name.clone()].cmp(&text[b.name.clone()]));
    }
}

impl fmt::Debug for LabelsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_replaces_and_removes() {
        let mut b = LabelsBuilder::default();
        b.set("a", "1").set("b", "2").set("a", "3").set("c", "4").set("b", "").remove("c").set("d", "5");
        assert_eq!((b.get("a"), b.get("b"), b.get("c")), (Some("3"), None, None));
        assert_eq!(format!("{b:?}"), r#"{"a": "3", "d": "5"}"#);
        assert_eq!(b.retain(|n| n != "d").take().to_string(), r#"{a="3"}"#);
        assert_eq!(b.take(), Labels::empty());
    }

    #[test]
    fn finds_a_name_that_stands_twice() {
        let mut b = LabelsBuilder::default();
        for name in ["b", "a", "b"] {
            b.push(|t| t.push_str(name), |t| t.push('1'));
        }
        assert_eq!(b.duplicate(), Some("b"));
        b.remove("b");
        assert_eq!(b.duplicate(), None);
    }
}
