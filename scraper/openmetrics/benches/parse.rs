//! Samples per second for text as exporters write it: parsing alone, parsing and decoding every label set, and what a
//! scrape does (a look-up by the series' text).
#![expect(clippy::unwrap_used, reason = "the exposition is made here and well-formed")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use procession_openmetrics::{Entry, Format, LabelsBuilder, Parser};
use std::collections::HashMap;
use std::fmt::Write;
use std::hint::black_box;

/// About 2,000 sample lines of 70 to 120 bytes, as an exporter of processes writes them.
fn exposition(format: Format) -> (String, u64) {
    let mut body = String::new();
    let mut samples = 0;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let families: [(&str, &str, &[&str], bool); 7] = [
        ("namedprocess_namegroup_cpu_seconds_total", "counter", &["mode=\"user\"", "mode=\"system\""], true),
        ("namedprocess_namegroup_read_bytes_total", "counter", &[], false),
        ("namedprocess_namegroup_memory_bytes", "gauge", &["memtype=\"resident\"", "memtype=\"virtual\""], false),
        ("namedprocess_namegroup_context_switches_total", "counter", &["ctxswitchtype=\"voluntary\""], false),
        (
            "namedprocess_namegroup_states",
            "gauge",
            &["state=\"Running\"", "state=\"Sleeping\"", "state=\"Zombie\""],
            false,
        ),
        ("namedprocess_namegroup_open_filedesc", "gauge", &[], false),
        ("namedprocess_namegroup_oldest_start_time_seconds", "gauge", &[], true),
    ];
    for (name, kind, labels, is_float) in families {
        let family = if format == Format::OpenMetrics { name.trim_end_matches("_total") } else { name };
        let _ = writeln!(body, "# HELP {family} What the group used.\n# TYPE {family} {kind}");
        for group in 0..182 {
            for label in if labels.is_empty() { &[""] } else { labels } {
                let comma = if label.is_empty() { "" } else { "," };
                let _ = write!(body, "{name}{{groupname=\"worker-process-{group}\"{comma}{label}}} ");
                let value = next();
                let _ = if is_float {
                    writeln!(body, "{}", (value % 100_000_000) as f64 / 100.0)
                } else {
                    writeln!(body, "{}", value % 10_000_000_000)
                };
                samples += 1;
            }
        }
    }
    if format == Format::OpenMetrics {
        body.push_str("# EOF\n");
    }
    (body, samples)
}

fn parse(c: &mut Criterion) {
    for (name, format) in [("text", Format::Text), ("openmetrics", Format::OpenMetrics)] {
        let (body, samples) = exposition(format);
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(samples));
        group.bench_function("parse", |b| {
            b.iter(|| {
                let mut sum = 0.0;
                for entry in Parser::new(black_box(body.as_bytes()), format) {
                    if let Entry::Sample(sample) = entry.unwrap() {
                        sum += sample.value;
                    }
                }
                sum
            });
        });
        group.bench_function("parse_and_labels", |b| {
            let mut builder = LabelsBuilder::default();
            b.iter(|| {
                for entry in Parser::new(black_box(body.as_bytes()), format) {
                    if let Entry::Sample(sample) = entry.unwrap() {
                        sample.labels(&mut builder).unwrap();
                        black_box(builder.take());
                    }
                }
            });
        });
        group.bench_function("parse_and_look_up", |b| {
            let ids: HashMap<&str, usize> = Parser::new(body.as_bytes(), format)
                .filter_map(|entry| if let Ok(Entry::Sample(s)) = entry { Some(s.series) } else { None })
                .enumerate()
                .map(|(id, series)| (series, id))
                .collect();
            b.iter(|| {
                let mut sum = 0;
                for entry in Parser::new(black_box(body.as_bytes()), format) {
                    if let Entry::Sample(sample) = entry.unwrap() {
                        sum += ids[sample.series];
                    }
                }
                sum
            });
        });
        group.finish();
    }
}

criterion_group!(benches, parse);
criterion_main!(benches);
