//! Finding series of a block by matchers, or by all of their labels.

use super::columns::{Columns, LabelColumn};
use procession_openmetrics::{Labels, METRIC_NAME};
use procession_promql::{MatchOp, Matcher};
use std::cmp::Ordering;
use std::ops::Range;

/// What a matcher comes to in a block.
enum Test<'a> {
    /// Every series satisfies it.
    All,
    /// None does.
    None,
    /// Those with this number in the column do.
    Is(&'a LabelColumn, u64),
    /// Those do whose number has a true in the list, which has so many.
    Among(&'a LabelColumn, Vec<bool>, usize),
}

impl Test<'_> {
    fn has(&self, at: usize) -> bool {
        match self {
            Test::All => true,
            Test::None => false,
            Test::Is(label, code) => label.codes.get(at) == *code,
            Test::Among(label, allowed, _) => allowed.get(label.codes.get(at) as usize) == Some(&true),
        }
    }

    /// The share of the values that pass: what lets few through goes first.
    fn share(&self) -> f64 {
        match self {
            Test::All => 1.0,
            Test::None => 0.0,
            Test::Is(label, _) => 1.0 / (label.values.len() + 1) as f64,
            Test::Among(label, _, count) => *count as f64 / (label.values.len() + 1) as f64,
        }
    }
}

impl Columns {
    /// The places of the series that satisfy every matcher and may have samples from `first_ms` to `last_ms`, ascending.
    pub(super) fn resolve(&self, matchers: &[Matcher], first_ms: i64, last_ms: i64) -> Vec<u32> {
        let mut within = 0..self.len();
        let mut tests = Vec::new();
        for matcher in matchers {
            match self.test(matcher) {
                Test::All => {}
                Test::None => return Vec::new(),
                // They stand together.
                Test::Is(label, code) if *label.name == *METRIC_NAME => within = run_of(label, within, code),
                test => tests.push(test),
            }
        }
        tests.sort_by(|a, b| a.share().total_cmp(&b.share()));
        let is_wanted = |at: usize| self.span(at).meets(first_ms, last_ms);
        let Some((first, rest)) = tests.split_first() else {
            return within.filter(|&at| is_wanted(at)).map(|at| at as u32).collect();
        };
        let mut found: Vec<u32> = within.filter(|&at| first.has(at)).map(|at| at as u32).collect();
        found.retain(|&at| rest.iter().all(|test| test.has(at as usize)) && is_wanted(at as usize));
        found
    }

    fn test(&self, matcher: &Matcher) -> Test<'_> {
        let Some(label) = self.label(&matcher.name) else {
            return if matcher.matches("") { Test::All } else { Test::None };
        };
        if let MatchOp::Equal(value) = &matcher.op
            && !value.is_empty()
        {
            return label.values.find(value).map_or(Test::None, |at| Test::Is(label, at as u64 + 1));
        }
        let allowed: Vec<bool> = std::iter::once("").chain(label.values.iter()).map(|v| matcher.matches(v)).collect();
        match allowed.iter().filter(|is| **is).count() {
            0 => Test::None,
            count if count == allowed.len() => Test::All,
            count => Test::Among(label, allowed, count),
        }
    }

    /// The place of a series.
    pub(super) fn find(&self, labels: &Labels) -> Option<u32> {
        let mut wanted = vec![0; self.labels.len()];
        for (name, value) in labels {
            let at = self.labels.binary_search_by(|label| (*label.name).cmp(name)).ok()?;
            wanted[at] = self.labels[at].values.find(value)? as u64 + 1;
        }
        let name = self.labels.iter().position(|label| *label.name == *METRIC_NAME);
        let (mut begin, mut end) = (0, self.len());
        while begin < end {
            let middle = begin + (end - begin) / 2;
            match self.compare(middle, &wanted, name) {
                Ordering::Less => begin = middle + 1,
                Ordering::Equal => return Some(middle as u32),
                Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// As [`order`](super::order) does, by the numbers of the values. `name` is the column of the metric name.
    fn compare(&self, at: usize, wanted: &[u64], name: Option<usize>) -> Ordering {
        let of = |label: usize| self.labels[label].codes.get(at);
        let mut order = name.map_or(Ordering::Equal, |name| of(name).cmp(&wanted[name]));
        for label in (0..wanted.len()).filter(|label| Some(*label) != name) {
            if order.is_ne() {
                break;
            }
            // Where one does not have the label, its next one has a greater name, or there is none, which is less than any.
            let has_more = |codes: &dyn Fn(usize) -> u64| {
                (label + 1..wanted.len()).any(|later| Some(later) != name && codes(later) > 0)
            };
            order = match (of(label), wanted[label]) {
                (a, 0) if a > 0 => {
                    if has_more(&|l| wanted[l]) {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                (0, b) if b > 0 => {
                    if has_more(&of) {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                (a, b) => a.cmp(&b),
            };
        }
        order
    }
}

/// The places with this number, where they ascend.
fn run_of(label: &LabelColumn, within: Range<usize>, code: u64) -> Range<usize> {
    let edge = |is_before: &dyn Fn(u64) -> bool| {
        let (mut begin, mut end) = (within.start, within.end);
        while begin < end {
            let middle = begin + (end - begin) / 2;
            if is_before(label.codes.get(middle)) { begin = middle + 1 } else { end = middle }
        }
        begin
    };
    edge(&|c| c < code)..edge(&|c| c <= code)
}

#[cfg(test)]
mod tests {
    use super::super::columns::Collect;
    use super::super::file::Stored;
    use super::super::numbers::Form;
    use super::super::order;
    use super::*;
    use crate::head::Span;
    use procession_openmetrics::LabelsBuilder;
    use procession_promql::matches_all;
    use proptest::prelude::*;
    use regex::Regex;
    use std::collections::BTreeMap;

    fn matcher() -> impl Strategy<Value = Matcher> {
        let text = prop_oneof![Just(""), Just("a"), Just("b"), Just("ä"), Just("no such value")];
        let expression =
            prop_oneof![Just("a|b"), Just(".*"), Just(".+"), Just("a?"), Just("ä"), Just(""), Just("nothing")];
        let op = prop_oneof![
            text.clone().prop_map(|t| MatchOp::Equal(t.to_owned())),
            text.prop_map(|t| MatchOp::NotEqual(t.to_owned())),
            expression.clone().prop_map(|e| MatchOp::Regex(Regex::new(&format!("^(?s:{e})$")).unwrap())),
            expression.prop_map(|e| MatchOp::NotRegex(Regex::new(&format!("^(?s:{e})$")).unwrap())),
        ];
        (name(), op).prop_map(|(name, op)| Matcher { name, op })
    }

    /// Some stand before the metric name, some behind; and there may be many.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof![Just("__name__".to_owned()), "[AXxyz]".prop_map(String::from)]
    }

    fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
        proptest::collection::btree_map(name(), "[abä]{1,2}", 0..4)
    }

    type Series = (Labels, Span, u64, Stored);

    fn series() -> impl Strategy<Value = Vec<Series>> {
        let stored = (prop_oneof![(0u8..=15).prop_map(Form::Numbers), Just(Form::Exact)], any::<bool>());
        let about = (-1000i64..1000, 0i64..300, 1u64..70_000, stored);
        proptest::collection::btree_map(labels(), about, 0..60).prop_map(|all| {
            let mut all: Vec<Series> = (all.into_iter())
                .map(|(labels, (first_ms, length, samples, (form, stale)))| {
                    let span = Span { first_ms, last_ms: first_ms + length };
                    (Labels::from_pairs(&labels), span, samples, Stored { form, stale })
                })
                .collect();
            all.sort_by(|(a, ..), (b, ..)| order(a, b));
            all
        })
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(
            series in series(),
            matchers in proptest::collection::vec(matcher(), 0..4),
            (first_ms, length) in (-1200i64..1400, 0i64..500),
            others in proptest::collection::vec(labels(), 0..20),
        ) {
            let mut collect = Collect::default();
            series.iter().for_each(|(labels, span, samples, stored)| collect.add(labels, *span, *samples, *stored));
            let collected = collect.finish();
            let bytes = collected.to_bytes().unwrap().unwrap();
            let columns = Columns::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&columns, &collected);
            prop_assert_eq!(columns.len(), series.len());
            let (mut row, mut builder) = (0, LabelsBuilder::default());
            for (at, (labels, span, samples, stored)) in series.iter().enumerate() {
                prop_assert_eq!(&columns.labels(at, &mut builder), labels);
                let located = columns.located(at);
                prop_assert_eq!((located.rows, located.stored, located.span), (row..row + samples, *stored, *span));
                row += samples;
                prop_assert_eq!(columns.find(labels), Some(at as u32), "{}", labels);
            }
            for labels in others.iter().map(Labels::from_pairs) {
                let expected = series.iter().position(|(of, ..)| *of == labels).map(|at| at as u32);
                prop_assert_eq!(columns.find(&labels), expected, "{}", labels);
            }

            let last_ms = first_ms + length;
            let is_found = |(labels, span, ..): &Series| matches_all(&matchers, labels) && span.meets(first_ms, last_ms);
            let expected: Vec<u32> = (0..).zip(&series).filter(|(_, of)| is_found(of)).map(|(at, _)| at).collect();
            prop_assert_eq!(columns.resolve(&matchers, first_ms, last_ms), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(series in series(), cut in any::<usize>(), flip in any::<(usize, u8)>()) {
            let mut collect = Collect::default();
            series.iter().for_each(|(labels, span, samples, stored)| collect.add(labels, *span, *samples, *stored));
            let mut bytes = collect.finish().to_bytes().unwrap().unwrap();
            prop_assert!(Columns::from_bytes(&bytes[..cut % bytes.len()]).is_err());
            let at = flip.0 % bytes.len();
            bytes[at] ^= flip.1;
            if let Ok(columns) = Columns::from_bytes(&bytes) {
                let all = columns.resolve(&[Matcher::equal("x", "a")], i64::MIN, i64::MAX);
                all.iter().for_each(|at| drop(columns.labels(*at as usize, &mut LabelsBuilder::default())));
                columns.find(&Labels::from_pairs([("x", "a")]));
            }
        }
    }
}
