//! What is known of a block's series, column by column: labels as numbers of their values, times, and where the samples are.
//!
//! A matcher is tried on the values that a label has in the block, of which there are few; of the series only the numbers of
//! their values are looked at. Label sets are made for those that are found. A series takes some 15 to 20 bytes.

use super::file::Stored;
use super::numbers::Form;
use super::packed::{Packed, Texts};
use crate::head::Span;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};
use procession_openmetrics::{Labels, LabelsBuilder};
use std::hash::BuildHasher;
use std::ops::Range;

/// The series of a block by their place in it: by metric name, then by the other labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// The first moment of the first series.
    pub(super) base_ms: i64,
    /// The first moment of each one, from there on, as [`zigzag`].
    pub(super) first: Packed,
    /// How much later the last moment is.
    pub(super) length_ms: Packed,
    /// Where the rows of each one end in the file of samples.
    pub(super) ends: Packed,
    /// How its samples are stored, as [`stored_number`].
    pub(super) stored: Packed,
    /// By name.
    pub(super) labels: Vec<LabelColumn>,
}

/// A label name, and which value each series has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LabelColumn {
    pub(super) name: Box<str>,
    /// Ascending.
    pub(super) values: Texts,
    /// The place of its value, from 1 on; 0 where a series has none.
    pub(super) codes: Packed,
}

impl LabelColumn {
    /// The value that a number stands for; empty for 0.
    pub(super) fn value(&self, code: u64) -> &str {
        code.checked_sub(1).map_or("", |at| self.values.get(at as usize))
    }
}

/// Where the samples of a series are, and what is to be known to read them.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) rows: Range<u64>,
    pub(crate) stored: Stored,
    pub(crate) span: Span,
}

impl Located {
    /// About how many samples have `start_ms < timestamp <= end_ms`, as if they were evenly spread.
    pub(crate) fn about(&self, (start_ms, end_ms): (i64, i64)) -> usize {
        let of_span =
            |ms: i64| ms.clamp(self.span.first_ms, self.span.last_ms).saturating_sub(self.span.first_ms) as f64;
        let length = of_span(self.span.last_ms);
        let share = if length > 0.0 { (of_span(end_ms) - of_span(start_ms)) / length } else { 1.0 };
        ((self.rows.end - self.rows.start) as f64 * share).ceil() as usize + 1
    }
}

impl Columns {
    /// The number of series.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn span(&self, at: usize) -> Span {
        let first_ms = self.base_ms.wrapping_add(unzigzag(self.first.get(at)));
        Span { first_ms, last_ms: first_ms.wrapping_add(self.length_ms.get(at) as i64) }
    }

    pub(super) fn rows(&self, at: usize) -> Range<u64> {
        at.checked_sub(1).map_or(0, |before| self.ends.get(before))..self.ends.get(at)
    }

    pub(super) fn located(&self, at: usize) -> Located {
        Located { rows: self.rows(at), stored: stored_of(self.stored.get(at)), span: self.span(at) }
    }

    /// Makes the label set of a series.
    pub(super) fn labels(&self, at: usize, builder: &mut LabelsBuilder) -> Labels {
        for label in &self.labels {
            let code = label.codes.get(at);
            if code > 0 {
                builder.set(&label.name, label.value(code));
            }
        }
        builder.take()
    }

    pub(super) fn label(&self, name: &str) -> Option<&LabelColumn> {
        self.labels.binary_search_by(|label| (*label.name).cmp(name)).ok().map(|at| &self.labels[at])
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let of_label = |label: &LabelColumn| {
            size_of::<LabelColumn>() + label.name.len() + label.values.memory_bytes() + label.codes.memory_bytes()
        };
        let packed = [&self.first, &self.length_ms, &self.ends, &self.stored];
        packed.iter().map(|p| p.memory_bytes()).sum::<usize>() + self.labels.iter().map(of_label).sum::<usize>()
    }
}

/// Small numbers either side of zero as small numbers.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// The exponent that stands for doubles as they are.
const EXACT: u64 = 127;

fn stored_number(stored: Stored) -> u64 {
    let form = match stored.form {
        Form::Numbers(exponent) => u64::from(exponent),
        Form::Exact => EXACT,
    };
    form << 1 | u64::from(stored.stale)
}

fn stored_of(number: u64) -> Stored {
    let form = if number >> 1 == EXACT { Form::Exact } else { Form::Numbers((number >> 1) as u8) };
    Stored { form, stale: number & 1 == 1 }
}

/// Collects the series of a block, in their order.
#[derive(Default)]
pub(super) struct Collect {
    base_ms: Option<i64>,
    first: Packed,
    length_ms: Packed,
    ends: Packed,
    stored: Packed,
    labels: Vec<CollectLabel>,
    names: HashMap<Box<str>, usize, RandomState>,
    hasher: RandomState,
}

#[derive(Default)]
struct CollectLabel {
    name: Box<str>,
    /// In the order of their first series.
    values: Vec<Box<str>>,
    /// Places among them.
    found: HashTable<usize>,
    /// The place of the last one: neighbours have most values in common.
    last: usize,
    /// Places among the values, from 1 on; as long as the series up to the last one that has the label.
    codes: Packed,
}

impl Collect {
    pub(super) fn add(&mut self, labels: &Labels, span: Span, samples: u64, stored: Stored) {
        let at = self.ends.len();
        for (name, value) in labels {
            let label = match self.names.get(name) {
                Some(&label) => &mut self.labels[label],
                None => {
                    self.names.insert(name.into(), self.labels.len());
                    self.labels.push(CollectLabel { name: name.into(), ..CollectLabel::default() });
                    let last = self.labels.len() - 1;
                    &mut self.labels[last]
                }
            };
            (label.codes.len()..at).for_each(|_| label.codes.push(0));
            let place = label.place(value, &self.hasher);
            label.codes.push(place as u64 + 1);
        }
        let base_ms = *self.base_ms.get_or_insert(span.first_ms);
        self.first.push(zigzag(span.first_ms.wrapping_sub(base_ms)));
        self.length_ms.push(span.last_ms.wrapping_sub(span.first_ms) as u64);
        let begin = at.checked_sub(1).map_or(0, |before| self.ends.get(before));
        self.ends.push(begin.saturating_add(samples));
        self.stored.push(stored_number(stored));
    }

    pub(super) fn finish(self) -> Columns {
        let series = self.ends.len();
        let mut labels: Vec<LabelColumn> = self.labels.into_iter().map(|label| label.finish(series)).collect();
        labels.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let (mut first, mut length_ms, mut ends, mut stored) = (self.first, self.length_ms, self.ends, self.stored);
        [&mut first, &mut length_ms, &mut ends, &mut stored].into_iter().for_each(Packed::shrink);
        Columns { base_ms: self.base_ms.unwrap_or(0), first, length_ms, ends, stored, labels }
    }
}

impl CollectLabel {
    fn place(&mut self, value: &str, hasher: &RandomState) -> usize {
        if self.values.get(self.last).is_some_and(|last| **last == *value) {
            return self.last;
        }
        let (values, hash) = (&mut self.values, hasher.hash_one(value));
        self.last = match self.found.find(hash, |&at| *values[at] == *value) {
            Some(&at) => at,
            None => {
                values.push(value.into());
                let at = values.len() - 1;
                *self.found.insert_unique(hash, at, |&at| hasher.hash_one(&*values[at])).get()
            }
        };
        self.last
    }

    /// Puts the values in order.
    fn finish(self, series: usize) -> LabelColumn {
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        order.sort_unstable_by(|a, b| self.values[*a].cmp(&self.values[*b]));
        let mut codes = vec![0; order.len() + 1];
        let mut values = Texts::default();
        for (code, &at) in (1..).zip(&order) {
            codes[at + 1] = code;
            values.push(&self.values[at]);
        }
        values.shrink();
        let codes = (0..series).map(|at| codes[self.codes.get(at) as usize]).collect();
        LabelColumn { name: self.name, values, codes }
    }
}

#[cfg(test)]
pub(super) fn columns_of(sets: impl IntoIterator<Item = Labels>) -> Columns {
    let mut collect = Collect::default();
    let stored = Stored { form: Form::Exact, stale: false };
    sets.into_iter().for_each(|labels| collect.add(&labels, Span { first_ms: 0, last_ms: 9 }, 1, stored));
    collect.finish()
}
