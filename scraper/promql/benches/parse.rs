//! Reading queries as dashboards write them: what every request pays before anything is fetched.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may fail by panicking")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use procession_promql::parse;
use std::hint::black_box;

const PANEL: &str = r#"
sum by (instance, group) (
  rate(proc_group_cpu_seconds_total{instance=~"web-.+|db-[0-9]+", group!~"kworker.*", mode="user"}[5m] offset 1h)
)
/ on (instance) group_left (cluster)
sum without (mode) (rate(node_cpu_seconds_total{job="node", mode!="idle"}[5m])) * 100
> bool 0.5 and on (instance) max_over_time(up{job="node"}[1h:1m]) == 1
"#;

fn queries(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    let without_regexes = PANEL.replace("=~", "=").replace("!~", "!=");
    let long = vec!["sum by (group) (rate(proc_group_read_bytes_total{group=\"a\"}[5m]))"; 100].join(" + ");
    for (name, text) in [
        ("one name", "up"),
        ("a dashboard's panel", PANEL),
        ("the same without regular expressions", &without_regexes),
        ("a hundred rates", &long),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| parse(black_box(text)).unwrap()));
    }
}

criterion_group!(benches, queries);
criterion_main!(benches);
