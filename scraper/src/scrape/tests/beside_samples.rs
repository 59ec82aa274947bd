//! What an OpenMetrics page says beside samples: since when counters count, and exemplars.

use super::job;
use super::recorder::Recorder;
use crate::config::Job;
use crate::scrape::buffers::Buffers;
use crate::scrape::fetch::Page;
use crate::scrape::worker::{Moment, Outcome, Worker};
use procession_openmetrics::Labels;
use procession_promql::{Options, Value};
use procession_store::Store;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

/// A moment that is not near 1970.
const START_MS: i64 = 1_700_000_000_000;

struct Scrapes<R> {
    job: Arc<Job>,
    worker: Worker<R>,
    now_ms: i64,
}

impl<R: Copy + Eq + Hash> Scrapes<R> {
    fn new(lines: &str) -> Self {
        Scrapes { job: job(lines), worker: Worker::new(Labels::empty(), Arc::default()), now_ms: START_MS }
    }

    /// Scrapes a page of OpenMetrics, ten seconds after the one before.
    fn page(&mut self, body: &str, sink: &crate::scrape::Sink<R>) -> Outcome {
        self.now_ms += 10_000;
        let body = format!("{body}# EOF\n").into_bytes();
        let content_type = Some("application/openmetrics-text; version=1.0.0".to_owned());
        let page = Page { body, content_type, ..Page::default() };
        let moment = Moment { timestamp_ms: self.now_ms, began: Instant::now() };
        let outcome = self.worker.settle(Ok(page), moment, &self.job, sink, &Buffers::default());
        assert_eq!(outcome.last.error, "");
        outcome
    }
}

/// Pages one after the other, with `AGO(seconds)` for moments before the scrape; what became of each, times likewise, and
/// how many samples counted as scraped.
fn check(lines: &str, pages: &[(&str, &[&str], usize)]) {
    let (mut scrapes, recorder) = (Scrapes::<usize>::new(lines), Recorder::default());
    for (body, want, scraped) in pages {
        let now_s = (scrapes.now_ms + 10_000) as f64 / 1000.0;
        let mut text = String::new();
        for (i, part) in body.split("AGO(").enumerate() {
            match part.split_once(')') {
                Some((seconds, rest)) if i > 0 => {
                    text.push_str(&format!("{}{rest}", now_s - seconds.parse::<f64>().unwrap()));
                }
                _ => text.push_str(part),
            }
        }
        let outcome = scrapes.page(&text, &recorder.sink());
        let mut got = recorder.take();
        got.retain(|line| !line.starts_with("up ") && !line.starts_with("scrape_"));
        for line in &mut got {
            let (rest, at) = line.rsplit_once('@').unwrap();
            *line = format!("{rest}@{}", at.parse::<i64>().unwrap() - scrapes.now_ms);
        }
        assert_eq!(&got, want, "{text}");
        assert_eq!(outcome.counts.scraped, *scraped, "{text}");
    }
}

#[test]
fn a_new_counter_counts_from_zero() {
    let first = "# TYPE a counter\na_total{x=\"1\"} 3\na_created{x=\"1\"} AGO(5)\n";
    check(
        "",
        &[
            (
                first,
                &[r#"a_total{x="1"} began @-5000"#, r#"a_total{x="1"} 3 @0"#, "a_created{x=\"1\"} 1700000005 @0"],
                2,
            ),
            // It is said again and again, and is no news; it is where the process began anew.
            (
                &first.replace("AGO(5)", "1700000005"),
                &[r#"a_total{x="1"} 3 @0"#, "a_created{x=\"1\"} 1700000005 @0"],
                2,
            ),
            (
                &first.replace("AGO(5)", "AGO(2)"),
                &[r#"a_total{x="1"} began @-2000"#, r#"a_total{x="1"} 3 @0"#, "a_created{x=\"1\"} 1700000028 @0"],
                2,
            ),
        ],
    );
}

#[test]
fn created_lines_are_kept_or_not() {
    let page = "# TYPE a counter\na_created AGO(5)\na_total 3\n";
    check("  created_timestamps: zero_sample\n", &[(page, &["a_total began @-5000", "a_total 3 @0"], 1)]);
    check("  created_timestamps: series\n", &[(page, &["a_created 1700000005 @0", "a_total 3 @0"], 2)]);
    // What metric relabelling drops, or a gauge whose name only looks like it.
    let drop = "  metric_relabel_configs: [{source_labels: [__name__], regex: '.*_created', action: drop}]\n";
    check(drop, &[(page, &["a_total began @-5000", "a_total 3 @0"], 2)]);
    let gauge = "# TYPE a gauge\na 1\n# TYPE a_created gauge\na_created AGO(5)\n";
    check("", &[(gauge, &["a 1 @0", "a_created 1700000005 @0"], 2)]);
}

#[test]
fn all_that_counts_of_a_histogram_and_a_summary_begins() {
    check(
        "  created_timestamps: zero_sample\n",
        &[(
            "# TYPE h histogram\nh_bucket{le=\"1\",m=\"a\"} 1\nh_bucket{m=\"a\",le=\"+Inf\"} 2\nh_count{m=\"a\"} 2\nh_sum{m=\"a\"} 9\nh_created{m=\"a\"} AGO(1)\n\
             h_bucket{le=\"+Inf\",m=\"b\"} 2\nh_count{m=\"b\"} 2\nh_sum{m=\"b\"} 9\nh_created{m=\"b\"} AGO(7200)\n\
             # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 1\ns_sum 1\ns_created AGO(-3)\n",
            &[
                r#"h_bucket{le="1",m="a"} began @-1000"#,
                r#"h_bucket{le="+Inf",m="a"} began @-1000"#,
                r#"h_count{m="a"} began @-1000"#,
                r#"h_sum{m="a"} began @-1000"#,
                r#"h_bucket{le="1",m="a"} 1 @0"#,
                r#"h_bucket{le="+Inf",m="a"} 2 @0"#,
                r#"h_count{m="a"} 2 @0"#,
                r#"h_sum{m="a"} 9 @0"#,
                // Two hours ago, and in the future: neither is believed.
                r#"h_bucket{le="+Inf",m="b"} 2 @0"#,
                r#"h_count{m="b"} 2 @0"#,
                r#"h_sum{m="b"} 9 @0"#,
                r#"s{quantile="0.5"} 1 @0"#,
                "s_count 1 @0",
                "s_sum 1 @0",
            ],
            10,
        )],
    );
}

#[test]
fn a_summary_s_quantiles_do_not_count() {
    let page = "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 1\ns_created AGO(3)\n";
    let want = ["s_count began @-3000", r#"s{quantile="0.5"} 1 @0"#, "s_count 1 @0"];
    check("  created_timestamps: zero_sample\n", &[(page, &want, 2)]);
}

#[test]
fn exemplars_are_told_once() {
    let page = "# TYPE a counter\na_total 3 # {trace_id=\"x\"} 0.5 AGO(1)\n";
    let same = "# TYPE a counter\na_total 4 # {trace_id=\"x\"} 0.5 1700000009\n";
    let long = format!("# TYPE a counter\na_total 5 # {{trace_id=\"{}\"}} 0.5\n", "y".repeat(121));
    check(
        "",
        &[
            (page, &[r#"a_total # {trace_id="x"} 0.5 @-1000"#, "a_total 3 @0"], 1),
            (same, &["a_total 4 @0"], 1),
            // Without a timestamp it is of the scrape; too long is no exemplar, and costs no sample.
            ("# TYPE a counter\na_total 5 # {} 2\n", &["a_total # {} 2 @0", "a_total 5 @0"], 1),
            (&long, &["a_total 5 @0"], 1),
            ("# TYPE a counter\na_total 5 # {} 2 AGO(-9999999)\n", &["a_total 5 @0"], 1),
        ],
    );
}

fn ask(store: &Store, query: &str, at_ms: i64) -> String {
    let query = procession_promql::parse(query).unwrap();
    let outcome = procession_promql::instant(&query, at_ms, store, &Options::default()).unwrap();
    let Value::Vector(points) = outcome.value else { panic!("{:?}", outcome.value) };
    points.iter().map(|p| format!("{:.3}", p.value)).collect::<Vec<_>>().join(" ")
}

/// The whole way into the store, and what queries make of it.
#[test]
fn the_first_increment_of_a_counter_is_in_its_increase() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open(folder.path(), procession_store::Options::default()).unwrap();
    let page = "# TYPE a counter\na_total 7\na_created 1700000001\n";
    for (lines, changes, rate) in [("", "1.000", "0.700"), ("  created_timestamps: series\n", "0.000", "")] {
        let store = open();
        let name = if lines.is_empty() { "a" } else { "b" };
        let page = page.replace("a_", &format!("{name}_")).replace(" a ", &format!(" {name} "));
        let (mut scrapes, sink) = (Scrapes::new(lines), crate::run::sink(store.clone()));
        let at_ms = START_MS + 10_000;
        scrapes.page(&page, &sink);
        assert_eq!(ask(&store, &format!("changes({name}_total[1m])"), at_ms), changes);
        assert_eq!(ask(&store, &format!("rate({name}_total[10s])"), at_ms), rate);
        drop(sink);
        // A restart of the scraper tells the start again: the series has newer samples, so it stays as it is.
        store.close().unwrap();
        let store = open();
        scrapes.worker = Worker::new(Labels::empty(), Arc::default());
        let sink = crate::run::sink(store.clone());
        scrapes.page(&page, &sink);
        assert_eq!(ask(&store, &format!("changes({name}_total[1m])"), at_ms + 10_000), changes);
        assert_eq!(store.stats().out_of_order_samples, 0);
        drop(sink);
        store.close().unwrap();
    }
}
