//! Series in portions that one fetch can hold.

use procession_openmetrics::Labels;
use procession_promql::{MatchOp, Matcher};
use std::collections::BTreeSet;

/// Halves a list of series by the values of the label that tells most of them apart: for each half a matcher that holds
/// it and refuses the other. `None` for a single series.
pub(super) fn halves(series: &[Labels]) -> Option<[(Matcher, Vec<Labels>); 2]> {
    let names: BTreeSet<&str> = series.iter().flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
    let values = |name: &str| -> BTreeSet<&str> { series.iter().map(|l| l.get(name).unwrap_or("")).collect() };
    let (name, values) = names.into_iter().map(|name| (name, values(name))).max_by_key(|(_, values)| values.len())?;
    if values.len() < 2 {
        return None;
    }
    let values: Vec<&str> = values.into_iter().collect();
    let middle = values[values.len() / 2];
    let (low, high) = values.split_at(values.len() / 2);
    let (in_low, in_high) = series.iter().cloned().partition(|l| l.get(name).unwrap_or("") < middle);
    Some([(one_of(name, low)?, in_low), (one_of(name, high)?, in_high)])
}

/// A matcher that holds for a label whose value is one of these.
fn one_of(name: &str, values: &[&str]) -> Option<Matcher> {
    let op = match values {
        [value] => MatchOp::Equal((*value).to_owned()),
        _ => {
            let escaped: Vec<_> = values.iter().map(|v| regex::escape(v)).collect();
            // Values come from the data, and many make a large automaton: more than the default 10 MiB is in order.
            let pattern = format!("^(?:{})$", escaped.join("|"));
            MatchOp::Regex(regex::RegexBuilder::new(&pattern).size_limit(1 << 30).build().ok()?)
        }
    };
    Some(Matcher { name: name.to_owned(), op })
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_promql::matches_all;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_half_has_its_own_series_and_no_other(
            sets in proptest::collection::btree_set(proptest::collection::btree_map("[ab]", "[c.|*\n]{0,2}", 0..3), 0..12)
        ) {
            let series: BTreeSet<Labels> = sets.iter().map(Labels::from_pairs).collect();
            let series: Vec<Labels> = series.into_iter().collect();
            match halves(&series) {
                None => prop_assert!(series.len() < 2),
                Some(halves) => {
                    prop_assert_eq!(halves[0].1.len() + halves[1].1.len(), series.len());
                    for (matcher, list) in halves {
                        prop_assert!(!list.is_empty());
                        for one in &series {
                            prop_assert_eq!(matches_all(std::slice::from_ref(&matcher), one), list.contains(one));
                        }
                    }
                }
            }
        }
    }
}
