//! Matchers to the numbers of the series that satisfy them.

use super::SeriesIndex;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use procession_promql::{MatchOp, Matcher};

impl SeriesIndex {
    /// The series that satisfy every matcher, ascending.
    pub(crate) fn resolve(&self, matchers: &[Matcher]) -> Vec<u32> {
        // `=` with a value is a list as it stands; the shortest goes first. What else there is narrows the result down.
        let (exact, rest): (Vec<_>, Vec<_>) = matchers.iter().partition(|m| posting_value(m).is_some());
        let mut lists: Vec<&[u32]> =
            exact.iter().filter_map(|m| Some(self.postings.get(&m.name, posting_value(m)?))).collect();
        lists.sort_unstable_by_key(|list| list.len());

        let mut rest = rest;
        let mut found: Vec<u32> = match lists.split_first() {
            Some((first, others)) => others.iter().fold(first.to_vec(), |found, list| intersect(&found, list)),
            None => match rest.iter().position(|m| !m.matches("")) {
                Some(at) => self.union(rest.remove(at)),
                None => self.numbers(),
            },
        };
        for matcher in rest {
            self.narrow(&mut found, matcher);
        }
        found
    }

    /// The series whose label satisfies a matcher that refuses a missing label.
    fn union(&self, matcher: &Matcher) -> Vec<u32> {
        let lists = self.postings.values(&matcher.name).filter(|(value, _)| matcher.matches(value));
        let mut found: Vec<u32> = lists.flat_map(|(_, list)| list).copied().collect();
        found.sort_unstable();
        found
    }

    fn narrow(&self, found: &mut Vec<u32>, matcher: &Matcher) {
        // Thousands of series share a few values, and an expression costs far more than a look into a map.
        let mut known: HashMap<&str, bool, RandomState> = HashMap::default();
        found.retain(|&number| {
            let value = self.get(number).and_then(|labels| labels.get(&matcher.name)).unwrap_or("");
            *known.entry(value).or_insert_with(|| matcher.matches(value))
        });
    }
}

/// The value whose list holds exactly the series that satisfy the matcher.
fn posting_value(matcher: &Matcher) -> Option<&str> {
    match &matcher.op {
        MatchOp::Equal(value) if !value.is_empty() => Some(value),
        _ => None,
    }
}

/// Both lists ascend; the first is the shorter one.
fn intersect(short: &[u32], long: &[u32]) -> Vec<u32> {
    let mut rest = long;
    let mut both = Vec::with_capacity(short.len());
    for &number in short {
        // Doubling steps: a short list against a long one costs the short one's length times a logarithm.
        let mut step = 1;
        while step < rest.len() && rest[step] < number {
            step *= 2;
        }
        let within = &rest[..rest.len().min(step + 1)];
        rest = &rest[within.partition_point(|&n| n < number)..];
        if rest.first() == Some(&number) {
            both.push(number);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_openmetrics::Labels;
    use procession_promql::matches_all;
    use proptest::prelude::*;
    use regex::Regex;

    fn matcher() -> impl Strategy<Value = Matcher> {
        let text = prop_oneof![Just(""), Just("a"), Just("b"), Just("c")];
        let expression = prop_oneof![Just("a|b"), Just(".*"), Just(".+"), Just("a?"), Just("c")];
        let op = prop_oneof![
            text.clone().prop_map(|t| MatchOp::Equal(t.to_owned())),
            text.prop_map(|t| MatchOp::NotEqual(t.to_owned())),
            expression.clone().prop_map(|e| MatchOp::Regex(Regex::new(&format!("^(?s:{e})$")).unwrap())),
            expression.prop_map(|e| MatchOp::NotRegex(Regex::new(&format!("^(?s:{e})$")).unwrap())),
        ];
        ("[xyz]", op).prop_map(|(name, op)| Matcher { name, op })
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(
            sets in proptest::collection::vec(proptest::collection::btree_map("[xyz]", "[abc]", 0..4), 0..60),
            gap in 0u32..3,
            forgotten in proptest::collection::vec(0u32..60, 0..40),
            matchers in proptest::collection::vec(matcher(), 0..4),
        ) {
            let mut index = SeriesIndex::default();
            index.insert(gap, Labels::from_pairs([("x", "a"), ("first", "1")]));
            for set in &sets {
                index.intern(&Labels::from_pairs(set));
            }
            index.forget(&forgotten.into_iter().collect());
            let expected: Vec<u32> =
                index.numbers().into_iter().filter(|&n| matches_all(&matchers, index.get(n).unwrap())).collect();
            prop_assert_eq!(index.resolve(&matchers), expected);
        }

        #[test]
        fn intersects(
            short in proptest::collection::btree_set(0u32..300, 0..20),
            long in proptest::collection::btree_set(0u32..300, 0..200),
        ) {
            let (a, b): (Vec<u32>, Vec<u32>) = (short.iter().copied().collect(), long.iter().copied().collect());
            prop_assert_eq!(intersect(&a, &b), short.intersection(&long).copied().collect::<Vec<_>>());
        }
    }
}
