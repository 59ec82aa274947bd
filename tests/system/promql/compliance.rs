//! The queries that the compliance project of Prometheus asks of everyone (`promql/promql-test-queries.yml` of
//! prometheus/compliance), read from its own file:
//! `COMPLIANCE_QUERIES=FILE cargo test -p procession-tests compliance -- --nocapture`.

use super::Pair;
use std::collections::BTreeSet;

/// What takes the place of a `{{.argument}}`: each value once.
const VARIANTS: [(&str, &[&str]); 14] = [
    ("range", &["1s", "15s", "1m", "5m", "15m", "1h"]),
    ("offset", &["1m", "5m", "10m"]),
    ("simpleAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar"]),
    ("simpleTimeAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"]),
    ("topBottomOp", &["topk", "bottomk"]),
    ("quantile", &["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"]),
    ("arithBinOp", &["+", "-", "*", "/", "%", "^"]),
    ("compBinOp", &["==", "!=", "<", ">", "<=", ">="]),
    ("binOp", &["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="]),
    ("simpleMathFunc", &["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"]),
    ("extrapolatedRateFunc", &["delta", "rate", "increase"]),
    ("clampFunc", &["clamp_min", "clamp_max"]),
    ("instantRateFunc", &["idelta", "irate"]),
    ("dateFunc", &["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"]),
];

/// The names of its demonstration service, and ours for the same kinds of series.
const NAMES: [(&str, &str); 9] = [
    ("demo_memory_usage_bytes", "memory_bytes"),
    ("demo_cpu_usage_seconds_total", "cpu_seconds_total"),
    ("demo_num_cpus", "cpus"),
    ("demo_disk_usage_bytes", "disk_used_bytes"),
    ("demo_batch_last_success_timestamp_seconds", "backup_success_timestamp_seconds"),
    ("demo_api_request_duration_seconds", "request_seconds"),
    ("demo_intermittent_metric", "comes_and_goes"),
    ("demo.promlabs.com:", "one.example:"),
    ("type", "kind"),
];

/// A query for each choice of its arguments.
fn expanded(query: &str) -> BTreeSet<String> {
    let argument = VARIANTS.iter().map(|(name, values)| (format!("{{{{.{name}}}}}"), values));
    match argument.into_iter().find(|(place, _)| query.contains(place)) {
        Some((place, values)) => values.iter().flat_map(|value| expanded(&query.replace(&place, value))).collect(),
        None => BTreeSet::from([query.to_owned()]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compliance_queries_agree_with_prometheus_3() {
    let Ok(file) = std::env::var("COMPLIANCE_QUERIES") else {
        eprintln!("COMPLIANCE_QUERIES names no file: the compliance project's own queries are not asked");
        return;
    };
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let cases: serde_yaml::Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let Some(pair) = Pair::with_prometheus_3().await else { return };
    let (mut asked, mut wrong) = (0, Vec::new());
    for case in cases["test_cases"].as_sequence().expect("test_cases is a list") {
        let query = case["query"].as_str().map_or_else(|| panic!("{case:?} has no query"), ToOwned::to_owned);
        let query = NAMES.iter().fold(query, |query, (theirs, ours)| query.replace(theirs, ours));
        for query in expanded(&query) {
            asked += 1;
            assert!(!query.contains("{{"), "{query}: an argument that is not known");
            wrong.extend(pair.difference(&query).await);
        }
    }
    println!("{asked} queries of the compliance project, {} answered otherwise", wrong.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
