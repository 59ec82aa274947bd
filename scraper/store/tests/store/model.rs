//! Against a model that is too simple to be wrong: a map of maps.

use crate::support::{Samples, batch, newest, select, series, tiny_blocks};
use procession_openmetrics::Labels;
use procession_promql::{MatchOp, Matcher, matches_all};
use procession_store::{Appended, Store};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(usize, i64, Option<u8>)>),
    Flush,
    Seal,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let sample = (0usize..12, 0i64..60, proptest::option::weighted(0.9, any::<u8>()));
    prop_oneof![
        6 => proptest::collection::vec(sample, 0..40).prop_map(Step::Append),
        2 => Just(Step::Flush),
        2 => Just(Step::Seal),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    series: BTreeMap<Labels, BTreeMap<i64, Option<f64>>>,
}

impl Model {
    fn append(&mut self, rows: &[(&Labels, i64, Option<f64>)]) -> Appended {
        let mut told = Appended::default();
        for &(labels, timestamp, value) in rows {
            let samples = self.series.entry(labels.clone()).or_default();
            match samples.last_key_value().map(|(last, _)| timestamp.cmp(last)) {
                Some(std::cmp::Ordering::Less) => told.out_of_order += 1,
                Some(std::cmp::Ordering::Equal) => told.duplicates += 1,
                _ => {
                    samples.insert(timestamp, value);
                    told.stored += 1;
                }
            }
        }
        told
    }

    fn select(&self, matchers: &[Matcher], start: i64, end: i64) -> Vec<(Labels, Samples)> {
        let of = |samples: &BTreeMap<i64, Option<f64>>| -> Samples {
            samples.iter().filter(|(t, _)| **t > start && **t <= end).map(|(t, v)| (*t, *v)).collect()
        };
        let series = self.series.iter().filter(|(labels, _)| matches_all(matchers, labels));
        series.map(|(labels, samples)| (labels.clone(), of(samples))).filter(|(_, s)| !s.is_empty()).collect()
    }
}

fn matchers(choice: usize) -> Vec<Matcher> {
    let name = Matcher::equal("__name__", "m");
    let i = |op| Matcher { name: "i".into(), op };
    match choice {
        0 => vec![name],
        1 => vec![name, Matcher::equal("i", "3")],
        2 => vec![i(MatchOp::Regex(regex::Regex::new("^(?:1|5|11)$").unwrap()))],
        3 => vec![name, i(MatchOp::NotEqual("4".into()))],
        _ => vec![name, i(MatchOp::NotRegex(regex::Regex::new("^(?:[1-9])$").unwrap()))],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn select_gives_what_the_model_gives(
        steps in proptest::collection::vec(step(), 1..12),
        queries in proptest::collection::vec((0usize..5, -5i64..70, 0i64..70), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let names: Vec<Labels> = (0..12).map(|i| series("m", i)).collect();
        let mut model = Model::default();
        let mut store = Store::open(dir.path(), tiny_blocks()).unwrap();
        for step in steps {
            match step {
                Step::Append(rows) => {
                    let rows: Vec<_> = rows.iter().map(|(s, t, v)| (&names[*s], *t, v.map(f64::from))).collect();
                    prop_assert_eq!(store.append(batch(&store, &rows)).unwrap(), model.append(&rows));
                }
                Step::Flush => store.flush().unwrap(),
                Step::Seal => store.seal().unwrap(),
                Step::Reopen => {
                    store.close().unwrap();
                    store = Store::open(dir.path(), tiny_blocks()).unwrap();
                }
            }
            for (choice, start, length) in &queries {
                let (matchers, end) = (matchers(*choice), start + length);
                let expected = model.select(&matchers, *start, end);
                let names: Vec<Labels> = expected.iter().map(|(labels, _)| labels.clone()).collect();
                let last: Vec<_> = expected.iter().map(|(l, s)| (l.clone(), s[s.len() - 1..].to_vec())).collect();
                prop_assert_eq!(newest(&store, matchers.clone(), *start, end), last);
                prop_assert_eq!(select(&store, matchers.clone(), *start, end), expected);
                // A series is there from its first to its last sample: in some block, or in memory.
                let found = store.series(&[matchers], start + 1, end, 0).unwrap();
                prop_assert!(names.iter().all(|labels| found.contains(labels)), "{names:?} of {found:?}");
                prop_assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
            }
        }
    }
}
