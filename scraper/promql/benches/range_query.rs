//! A day of 400 counters at 15 s, asked for at steps of 60 s: what a dashboard's dearest panel asks.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may fail by panicking")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use procession_openmetrics::{Labels, METRIC_NAME};
use procession_promql::{Options, Select, SelectError, Selection, SeriesSet, instant, parse, range};
use std::cell::RefCell;
use std::hint::black_box;

const SERIES: usize = 400;
const SAMPLES: usize = 24 * 60 * 4;
const DAY_MS: i64 = 86_400_000;

/// Hands over columns that were prepared outside of what is measured.
struct Prepared(RefCell<Option<SeriesSet>>);

impl Select for Prepared {
    fn select(&self, _: &Selection) -> Result<SeriesSet, SelectError> {
        self.0.take().ok_or_else(|| SelectError("a second fetch".to_owned()))
    }
}

/// Counters with a reset now and then, in 20 groups.
fn day() -> SeriesSet {
    let mut set = SeriesSet::default();
    for s in 0..SERIES {
        let mut value = 0.0;
        for i in 0..SAMPLES {
            value = if (i * 7 + s).is_multiple_of(3_001) { 0.0 } else { value + ((i + s) % 11) as f64 };
            set.push_sample(i as i64 * 15_000 + s as i64, value);
        }
        let (group, pid) = (format!("group-{}", s % 20), s.to_string());
        set.finish_series(Labels::from_pairs([
            (METRIC_NAME, "x_total"),
            ("g", &group),
            ("instance", "host.example:9956"),
            ("job", "processes"),
            ("pid", &pid),
        ]));
    }
    set
}

fn queries(c: &mut Criterion) {
    let day = day();
    let options = Options::default();
    for text in [
        "sum by (g)(rate(x_total[5m]))",
        "x_total",
        "topk(10, sum by (g)(x_total))",
        "max by (instance)(max_over_time(x_total[1h]))",
        "avg_over_time(x_total[10m])",
        "stddev_over_time(x_total[10m])",
        "quantile_over_time(0.95, x_total[1h])",
        "predict_linear(x_total[1h], 3600)",
        "max_over_time(rate(x_total[5m])[30m:1m])",
        "topk(10, x_total)",
        "count_values(\"v\", x_total % 10)",
        "rate(x_total[5m]) / on (g, pid) x_total",
    ] {
        let query = parse(text).unwrap();
        c.bench_function(&format!("24 h by 60 s: {text}"), |b| {
            b.iter_batched(
                || Prepared(RefCell::new(Some(day.clone()))),
                |source| black_box(range(&query, 0, DAY_MS, 60_000, &source, &options).unwrap()),
                BatchSize::PerIteration,
            );
        });
    }
    let query = parse("quantile_over_time(0.95, x_total[24h])").unwrap();
    c.bench_function("instant: quantile_over_time(0.95, x_total[24h])", |b| {
        b.iter_batched(
            || Prepared(RefCell::new(Some(day.clone()))),
            |source| black_box(instant(&query, DAY_MS, &source, &options).unwrap()),
            BatchSize::PerIteration,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = queries
}
criterion_main!(benches);
