//! Wrong queries and wrong requests: the same status, kind of error, words and position as a real Prometheus 3.

use super::{Answer, Pair};
use crate::peers::Peer;
use crate::services::Scraper;

/// One a line; `⏎` is a line's end.
const WRONG: &str = include_str!("wrong_queries.txt");

/// Few enough for a query of the table to go past it.
const MAX_SAMPLES: &str = "--query.max-samples=20000";

/// Where we differ on purpose: the query, what we say (nothing: we answer), and why.
const DIFFERENT: [(&str, &str, &str); 21] = [
    (
        "cpus[]",
        "1:6: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()",
        NEWER,
    ),
    (
        "cpus offset x",
        "1:13: parse error: unexpected identifier \"x\" in offset, expected number, duration, step(), or range()",
        NEWER,
    ),
    ("start()", "", NEWER),
    ("max_of(1)", "1:1: parse error: expected 2 argument(s) in call to \"max_of\", got 1", NEWER),
    ("first_over_time(cpus[5m])", "", NEWER),
    ("topk(NaN, cpus)", "Parameter value is NaN", NEWER),
    ("limit_ratio(NaN, cpus)", "Ratio value is NaN", NEWER),
    (
        "cpus @ 99999999999999999",
        "1:1: parse error: timestamp out of bounds for @ modifier: 100000000000000000.000000",
        "it overflows there",
    ),
    ("@ 1", "1:1: parse error: unexpected <op:@>", "a number of its parser is shown there"),
    (
        "count_values(\"\\xff\", cpus)",
        "1:14: a text of bytes that are not UTF-8 is not supported: labels here are Unicode",
        UNSUPPORTED,
    ),
    (
        "histogram_count(cpus)",
        "1:1: the function \"histogram_count\" is not supported: it works on native histograms, and samples here are floats",
        UNSUPPORTED,
    ),
    (
        "cpus </ 1",
        "1:6: the operator \"</\" is not supported: it is for native histograms, and samples here are floats",
        UNSUPPORTED,
    ),
    (
        "cpus[5m] anchored",
        "1:10: the modifier \"anchored\" is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    (
        "rate(cpus[5m] smoothed)",
        "1:15: the modifier \"smoothed\" is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    (
        "cpus + fill(0) cpus",
        "1:8: the modifier \"fill\" is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    (
        "cpus[5m + 1m]",
        "1:9: a duration expression is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    (
        "cpus[1m * 2]",
        "1:9: a duration expression is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    (
        "cpus offset (1m)",
        "1:13: a duration expression is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    (
        "cpus[step()]",
        "1:6: a duration expression is not supported: Prometheus has it behind a feature flag",
        UNSUPPORTED,
    ),
    ("histogram_quantiles(cpus, \"q\", 0.5)", "", NEWER),
    ("min_of(1, 2)", "", NEWER),
];
const NEWER: &str = "as in versions after 3.5";
const UNSUPPORTED: &str = "refused by name";

/// Paths with parameters. `{}` is a range query that is right but for what follows.
const REQUESTS: [&str; 56] = [
    "query_range?{}&query=cpus[5m]",
    "query_range?{}&query=\"a\"",
    "query_range?{}&query=sum(",
    "query_range?{}",
    "query_range?{}&query=cpus*on(instance)memory_bytes",
    "query_range?{}&query=label_replace(memory_bytes,\"kind\",\"\",\"kind\",\".*\")",
    "query_range?{}&query=cpus[5m:1m]",
    "query_range?{}&query=cpus&timeout=x",
    "query_range?{}&query=cpus&limit=x",
    "query_range?{}&query=cpus&limit=-1",
    "query_range?{}&query=cpus&lookback_delta=x",
    "query_range?query=cpus&start=x&end=1700003000&step=97",
    "query_range?query=cpus&start=&end=1700003000&step=97",
    "query_range?query=cpus&end=1700003000&step=97",
    "query_range?query=cpus&start=1700001500&step=97",
    "query_range?query=cpus&start=1700001500&end=x&step=97",
    "query_range?query=cpus&start=1700001500&end=1600000000&step=97",
    "query_range?query=cpus&start=1700001500&end=1700003000",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=x",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=0",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=-1",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=1e-10",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=1e30",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=1h1h",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=5m3",
    "query_range?query=cpus&start=1700001500&end=1700003000&step=0.01",
    "query_range?query=cpus&start=0&end=11001&step=1",
    "query_range?query=cpus&start=0&end=1000000000&step=1",
    "query?query=cpus&time=x",
    "query?query=cpus&timeout=x",
    "query?query=cpus&limit=x",
    "query?query=cpus&limit=-1",
    "query?query=cpus&lookback_delta=x",
    "query?time=1700003600",
    "query?time=1700003600&timeout=50ms&query=sum_over_time(stddev_over_time(cpus[50m:2s])[50m:1s])",
    "series?",
    "series?match[]={}",
    "series?match[]=cpus[",
    "series?match[]=cpus[5m]",
    "series?match[]=rate(cpus[5m])",
    "series?match[]=cpus&start=x",
    "series?match[]=cpus&end=x",
    "series?match[]=cpus&limit=x",
    "series?match[]={a=\"\"}",
    "labels?match[]={}",
    "labels?match[]=(",
    "labels?start=x",
    "labels?limit=-1",
    "labels?match[]=cpus offset 5m",
    "format_query?query=sum(",
    "format_query?",
    "parse_query?query=sum(",
    "parse_query?",
    "query_exemplars?query=sum(&start=1&end=2",
    "query_exemplars?query=cpus&start=x&end=2",
    "query_exemplars?query=cpus&start=3&end=2",
];
const RANGE: &str = "start=1700001500&end=1700003000&step=97";

async fn pair() -> Option<Pair> {
    let (folder, file) = super::history();
    let theirs = Peer::prometheus_3_with_flags(&file, &[MAX_SAMPLES]).await?;
    let ours = super::imported(folder, |folder| Scraper::with_flags(folder, &[MAX_SAMPLES])).await;
    Some(Pair { ours, theirs, same_words: true, client: crate::http::client() })
}

/// Status, kind and words, without the names of Go's functions.
fn said((status, answer): &Answer) -> (u16, String, String) {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let error =
        ["strconv.ParseFloat: ", "strconv.Atoi: "].iter().fold(text("error"), |error, go| error.replace(go, ""));
    (*status, text("errorType"), error)
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_those_of_prometheus_3() {
    let Some(pair) = pair().await else { return };
    let mut wrong = Vec::new();
    let mut compare = |asked: &str, [ours, theirs]: [Answer; 2]| {
        if said(&theirs) != said(&ours) || theirs.0 == 200 {
            wrong.push(format!("{asked}\n  Prometheus: {:?}\n  ours:       {:?}", said(&theirs), said(&ours)));
        }
    };
    for query in WRONG.lines().map(|line| line.replace('⏎', "\n")) {
        compare(&query, pair.ask("query", &[("query", &query), ("time", "1700003600")]).await);
    }
    for request in REQUESTS {
        let (path, parameters) = request.split_once('?').unwrap();
        let parameters = parameters.replacen("{}", RANGE, usize::from(path == "query_range"));
        let parameters: Vec<(&str, &str)> = parameters.split('&').filter_map(|pair| pair.split_once('=')).collect();
        compare(request, pair.ask(path, &parameters).await);
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_differ_from_prometheus_3_where_that_is_meant() {
    let Some(pair) = pair().await else { return };
    for (query, ours, why) in DIFFERENT {
        let [mine, theirs] = pair.ask("query", &[("query", query), ("time", "1700003600")]).await;
        let (_, _, error) = said(&mine);
        assert_eq!(error.strip_prefix("invalid parameter \"query\": ").unwrap_or(&error), ours, "{query} ({why})");
        assert_ne!(said(&mine), said(&theirs), "{query}: no longer different ({why})");
    }
}
