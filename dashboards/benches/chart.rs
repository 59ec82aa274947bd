//! A chart of 24 hours and 10 series at 800 px, as `/chart.svg` draws it, and the same inside a page.

#![allow(clippy::print_stdout, reason = "the sizes belong beside the times")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use procession_dashboards::chart::palette::Theme;
use procession_dashboards::chart::standalone::{self, LegendPlace, Look};
use procession_dashboards::chart::{Chart, Kind, Point, Series, Unit, fluid};
use procession_dashboards::time::{Span, step_for};

const NOON_MS: i64 = 1_795_435_200_000;

/// Ten series that never repeat: no run along the axis, so no help for the size.
fn day(step_ms: i64, kind: Kind) -> Chart {
    let span = Span { start_ms: NOON_MS - 86_400_000, end_ms: NOON_MS };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut series = Vec::new();
    for n in 0..10 {
        let mut value = 1.0;
        let mut points = Vec::new();
        for i in 0..=span.length_ms() / step_ms {
            value = f64::max(0.0, value + (random() - 0.5) * 0.4);
            points.push(Point { at_ms: span.start_ms + i * step_ms, value });
        }
        series.push(Series { name: format!("process-{n}"), points, ..Series::default() });
    }
    let title = "CPU by group".to_owned();
    Chart { title, series, kind, ..Chart::new(Unit::Cores, span, step_ms, jiff::tz::TimeZone::UTC) }
}

fn bench(c: &mut Criterion) {
    let look = Look { width: 800, height: 240, theme: Theme::Auto, legend: LegendPlace::Auto };
    let usual = step_for(86_400_000, 800.0, 5_000);
    for (name, step_ms, kind) in [
        ("lines, the step of 800 px", usual, Kind::Lines),
        ("stack, the step of 800 px", usual, Kind::Stack),
        ("lines, a point every 15 s", 15_000, Kind::Lines),
    ] {
        let chart = day(step_ms, kind);
        let bytes = standalone::render(&chart, &look).map(|svg| svg.len()).unwrap_or_default();
        println!("{name}: {} points a series, {bytes} bytes", chart.series[0].points.len());
        c.bench_function(name, |b| b.iter(|| standalone::render(black_box(&chart), &look)));
    }
    let chart = day(usual, Kind::Stack);
    c.bench_function("stack inside a page", |b| b.iter(|| fluid::render(black_box(&chart), 196)));
}

criterion_group!(benches, bench);
criterion_main!(benches);
