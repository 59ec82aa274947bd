//! What must hold of every query and all data.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use procession_openmetrics::{Labels, METRIC_NAME, STALE_NAN};
use procession_promql::{
    Error, Options, Select, SelectError, Selection, SeriesSet, Value, instant, matches_all, parse, range,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

type Series = Vec<(Labels, Vec<(i64, f64)>)>;

struct Memory(Series);

impl Select for Memory {
    fn select(&self, selection: &Selection) -> Result<SeriesSet, SelectError> {
        let mut set = SeriesSet::default();
        for (labels, samples) in self.0.iter().filter(|(l, _)| matches_all(&selection.matchers, l)) {
            for (time, value) in samples.iter().filter(|(t, _)| selection.start_ms < *t && *t <= selection.end_ms) {
                set.push_sample(*time, *value);
            }
            set.finish_series(labels.clone());
        }
        Ok(set)
    }
}

/// A handful of series with gaps, resets, NaN and staleness markers.
fn data() -> impl Strategy<Value = Series> {
    let value = prop_oneof![12 => (0..50i32).prop_map(f64::from), 1 => Just(STALE_NAN), 1 => Just(f64::NAN)];
    let samples = proptest::collection::btree_map((0..1_200i64).prop_map(|t| t * 1_000), value, 0..40);
    proptest::collection::vec(samples, 1..6).prop_map(|all| {
        let labels =
            |i: usize| Labels::from_pairs([(METRIC_NAME, "x_total"), ("g", ["a", "b"][i % 2]), ("i", &i.to_string())]);
        all.into_iter().enumerate().map(|(i, samples)| (labels(i), samples.into_iter().collect())).collect()
    })
}

const QUERIES: [&str; 24] = [
    "x_total",
    "x_total offset 30s",
    "rate(x_total[2m])",
    "increase(x_total[5m] offset -1m)",
    "delta(x_total[3m])",
    "irate(x_total[4m])",
    "max_over_time(x_total[3m])",
    "min_over_time(x_total[90s])",
    "quantile_over_time(0.3, x_total[4m])",
    "avg_over_time(x_total[4m])",
    "changes(x_total[4m]) + resets(x_total[4m])",
    "sum by (g) (x_total)",
    "avg without (i) (rate(x_total[4m]))",
    "stddev(x_total)",
    "quantile by (g) (0.9, x_total)",
    "count_values(\"v\", x_total)",
    "x_total > 20 or x_total * 2",
    "x_total unless x_total > 10",
    "sum by (g) (x_total) / on (g) group_right max by (g, i) (x_total)",
    "x_total * on (i) group_left sum by (i) (x_total offset 1m)",
    "absent(x_total{i=\"0\"})",
    "max_over_time(sum(x_total)[3m:20s])",
    "x_total @ 600 + x_total",
    "deriv(x_total[5m]) - predict_linear(x_total[5m], 10)",
];

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn a_range_is_its_instants(series in data(), start in 0..900i64, step in 1..200i64) {
        let source = Memory(series);
        let options = Options::default();
        for text in QUERIES {
            let query = parse(text).unwrap();
            let (start, step) = (start * 1_000, step * 1_000);
            let Value::Matrix(matrix) = range(&query, start, start + 7 * step, step, &source, &options).unwrap().value else {
                panic!("no matrix")
            };
            for at in (0..8).map(|i| start + i * step) {
                let Value::Vector(points) = instant(&query, at, &source, &options).unwrap().value else { panic!("no vector") };
                let instant: BTreeMap<Labels, f64> = points.into_iter().map(|p| (p.labels, p.value)).collect();
                let at = |s: procession_promql::SeriesView<'_>| {
                    s.timestamps.iter().position(|t| *t == at).map(|i| (s.labels.clone(), s.values[i]))
                };
                let over_range: BTreeMap<Labels, f64> = matrix.iter().filter_map(at).collect();
                prop_assert!(
                    instant.len() == over_range.len()
                        && instant.iter().zip(&over_range).all(|((l, v), (m, w))| l == m && same(*v, *w)),
                    "{text}: {instant:?} {over_range:?}"
                );
            }
        }
    }

    #[test]
    fn a_steady_counter_has_its_pace(pace in 1..1_000i32, range_steps in 2..20i64) {
        let samples = (0..100i64).map(|i| (i * 10_000, 1e6 + f64::from(pace) * i as f64)).collect();
        let source = Memory(vec![(Labels::from_pairs([(METRIC_NAME, "x_total")]), samples)]);
        let query = parse(&format!("rate(x_total[{}s])", range_steps * 10)).unwrap();
        let Value::Vector(points) = instant(&query, 900_000, &source, &Options::default()).unwrap().value else { panic!() };
        let expected = f64::from(pace) / 10.0;
        prop_assert!((points[0].value - expected).abs() < 1e-9 * expected);
    }

    #[test]
    fn a_sum_is_the_sum_of_its_parts(series in data(), at in 0..1_200i64) {
        let source = Memory(series);
        let run = |text: &str| {
            let Value::Vector(points) = instant(&parse(text).unwrap(), at * 1_000, &source, &Options::default()).unwrap().value else {
                panic!()
            };
            points.into_iter().map(|p| (p.labels, p.value)).collect::<BTreeMap<_, _>>()
        };
        let (whole, parts) = (run("sum(x_total)"), run("sum(sum by (g) (x_total))"));
        prop_assert!(whole.len() == parts.len() && whole.values().zip(parts.values()).all(|(a, b)| same(*a, *b)));
        let (count, total) = (run("sum by (g) (x_total)"), run("avg by (g) (x_total) * count by (g) (x_total)"));
        prop_assert!(count.iter().zip(&total).all(|((l, a), (m, b))| l == m && (same(*a, *b) || (a - b).abs() < 1e-9)));
    }

    #[test]
    fn any_text_is_parsed_or_refused(
        ascii in "[a-c0-9(){}\\[\\]\"'`+*/^%=!<>~ ,.:@_#\n\\\\-]{0,40}",
        unicode in "\\PC{0,20}",
        at in 0..40usize,
    ) {
        parsed_or_refused(&ascii);
        parsed_or_refused(&unicode);
        let mut both = ascii;
        both.insert_str(at.min(both.len()), &unicode);
        parsed_or_refused(&both);
    }

    #[test]
    fn any_mix_of_words_is_parsed_or_refused(words in proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 0..14)) {
        let text = words.join(" ");
        parsed_or_refused(&text);
        if let Ok(query) = parse(&text) {
            let source = Memory(vec![(Labels::from_pairs([(METRIC_NAME, "x")]), vec![(0, 1.0), (15_000, 2.0)])]);
            let _ = instant(&query, 60_000, &source, &Options { max_samples: 10_000, ..Options::default() });
        }
    }

    #[test]
    fn a_part_of_a_query_is_parsed_or_refused(query in proptest::sample::select(QUERIES.to_vec()), from in 0..40usize, to in 0..60usize) {
        let (from, to) = (from.min(query.len()), to.min(query.len()));
        parsed_or_refused(&query[from.min(to)..to]);
    }

    #[test]
    fn blanks_comments_and_brackets_change_nothing(query in proptest::sample::select(QUERIES.to_vec())) {
        let loose = format!("# a comment\n\t( {query}\r\n) # (((");
        prop_assert_eq!(parse(query).unwrap().result_type(), parse(&loose).unwrap().result_type());
    }
}

const WORDS: [&str; 44] = [
    "sum",
    "rate",
    "(",
    ")",
    "x",
    "[5m]",
    "[5m:1m]",
    "{",
    "}",
    "a=\"b\"",
    "by",
    "on",
    "group_left",
    "+",
    "-",
    "==",
    "bool",
    "and",
    "offset",
    "5m",
    "@",
    "1",
    "start()",
    "end()",
    "topk",
    ",",
    "label_replace",
    "\"s\"",
    "time()",
    "{\"x\"}",
    "`s`",
    "without",
    "ignoring",
    "unless",
    "atan2",
    "^",
    "[",
    "]",
    ":",
    "info",
    "0x1p4",
    "Inf",
    "#",
    "=~",
];

/// Where a text is refused for what it says, the place is one in it, and the message is one short line.
fn parsed_or_refused(text: &str) {
    let (message, position) = match parse(text) {
        Err(e @ (Error::Parse { position, .. } | Error::Unsupported { position, .. })) => (e.to_string(), position),
        Ok(_) | Err(_) => return,
    };
    assert!(!message.contains('\n') && message.len() < 1_000, "{text:?}: {message}");
    let Some(position) = position else {
        assert!(text.is_empty(), "{text:?}: {message}");
        return;
    };
    let line = text.split('\n').nth(position.line as usize - 1).unwrap();
    assert!((1..=line.len() + 1).contains(&(position.column as usize)), "{text:?}: {message}");
}

fn steady() -> Memory {
    let samples: Vec<(i64, f64)> = (0..1_000).map(|i| (i * 1_000, i as f64)).collect();
    Memory(
        (0..10).map(|i| (Labels::from_pairs([(METRIC_NAME, "x"), ("i", &i.to_string())]), samples.clone())).collect(),
    )
}

#[test]
fn bounds_hold() {
    let run = |text: &str, options: Options| {
        let query = parse(text).unwrap();
        range(&query, 0, 1_000_000, 1_000, &steady(), &options).map(|_| ())
    };
    let with = |max_samples| Options { max_samples, ..Options::default() };
    // 10,000 fetched and 10,000 selected.
    assert!(run("x", with(20_020)).is_ok());
    assert!(matches!(run("x", with(19_000)), Err(Error::TooMany(_))));
    assert!(matches!(run("x", with(9_000)), Err(Error::TooMany(_))));
    // What has been consumed no longer counts.
    assert!(run("-(-(-(-(-x))))", with(20_020)).is_ok());
    assert!(matches!(run("sum_over_time(vector(1)[100y:1ms])", Options::default()), Err(Error::TooMany(_))));
    let deadline = Some(Instant::now());
    assert!(matches!(run("x", Options { deadline, ..Options::default() }), Err(Error::Timeout)));
    let canceled = Some(Arc::new(AtomicBool::new(true)));
    assert!(matches!(run("x", Options { canceled, ..Options::default() }), Err(Error::Canceled)));
}

#[test]
fn deep_queries_need_no_deep_stack() {
    let source = steady();
    // A thread of tokio has 2 MiB; a quarter of it is left to the caller, also in a build without optimisation.
    let run = move || {
        for text in [
            format!("{}x{}", "(".repeat(60), ")".repeat(60)),
            format!("{}x", "-".repeat(145)),
            format!("{}x{}", "abs(".repeat(60), ")".repeat(60)),
            format!("{}x{}", "sum_over_time(".repeat(20), "[1m:1m])".repeat(20)),
            format!("x{}", " + on (i) x".repeat(145)),
            format!("{}x", "x or ".repeat(145)),
            format!("{}1", "1 ^ ".repeat(145)),
        ] {
            instant(&parse(&text).unwrap(), 60_000, &source, &Options::default()).unwrap();
        }
    };
    std::thread::Builder::new().stack_size(1536 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn reading_needs_still_less_of_a_stack() {
    let run = || {
        for text in [
            format!("{}1{}", "1 or 1 and 1 == 1 + 1 * 1 ^ -(".repeat(20), ")".repeat(20)),
            format!("{}x{}", "topk by (a) (1, ".repeat(64), ")".repeat(64)),
            format!("{}x{}", "label_replace(".repeat(64), ",'a','b','c','d')".repeat(64)),
            format!("x{}", "[5m:]".repeat(140)),
        ] {
            let _ = parse(&text);
        }
        for text in [
            format!("{}1", "1 ^ ".repeat(490)),
            format!("1{}", " + 1".repeat(490)),
            format!("{}x", "-".repeat(490)),
            "(".repeat(1_000_000),
            format!("{}x{}", "abs(".repeat(1_000), ")".repeat(1_000)),
            "-".repeat(100_000),
            "x or ".repeat(10_000),
            format!("x{}", "[5m:]".repeat(10_000)),
            format!("x{}", " offset 0s @ 1".repeat(10_000)),
        ] {
            assert!(matches!(parse(&text), Err(Error::Parse { .. })), "{}", &text[..20]);
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn refusals_name_what_they_refuse() {
    let query = parse("x[5m]").unwrap();
    let error = range(&query, 0, 1, 1, &steady(), &Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector"
    );
}

/// Enough samples for several threads to be worth it.
fn much() -> Memory {
    let value = |s: i64, i: i64| ((i * 37 + s * 11) % 101) as f64 / 3.0;
    let samples = |s: i64| (0..600).map(|i| (i * 1_000, value(s, i))).collect();
    let labels = |s: i64| {
        Labels::from_pairs([(METRIC_NAME, "x_total"), ("g", ["a", "b"][s as usize % 2]), ("i", &s.to_string())])
    };
    Memory((0..120).map(|s| (labels(s), samples(s))).collect())
}

#[test]
fn threads_change_nothing() {
    let source = much();
    for text in QUERIES {
        let query = parse(text).unwrap();
        let with = |threads: usize| {
            let options = Options { threads: threads.try_into().unwrap(), ..Options::default() };
            let outcome = range(&query, 100_000, 600_000, 30_000, &source, &options).unwrap();
            let Value::Matrix(set) = outcome.value else { panic!("{text}: a range gives a matrix") };
            set.iter()
                .map(|s| {
                    (s.labels.clone(), s.timestamps.to_vec(), s.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(with(1), with(4), "{text}");
    }
}

#[test]
fn threads_share_the_bound_of_samples() {
    let source = much();
    let query = parse("x_total + x_total").unwrap();
    for threads in [1usize, 4] {
        // What is fetched fits, what is made of it does not.
        let options = Options { threads: threads.try_into().unwrap(), max_samples: 100_000, ..Options::default() };
        let error = range(&query, 0, 600_000, 1_000, &source, &options).unwrap_err();
        assert!(matches!(error, Error::TooMany(_)), "{error}");
    }
}
