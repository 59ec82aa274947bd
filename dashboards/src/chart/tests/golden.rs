//! Documents kept as files: look at the difference, then run with `UPDATE_GOLDEN=1` to accept it.

use std::path::Path;

use super::{Values, chart, look, wave};
use crate::chart::palette::Theme;
use crate::chart::standalone::{LegendPlace, Look, render};
use crate::chart::{Chart, Event, Happening, Kind, Range, Series, Threshold, Unit};

fn check(name: &str, chart: &Chart, look: &Look) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/chart/tests/golden").join(name);
    let svg = render(chart, look).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &svg).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(svg == golden, "{name} differs from its golden file");
}

#[test]
fn documents_are_as_they_were() {
    let lines = chart(
        6,
        60,
        &[
            ("nginx", &|i| Some(wave(i, 70, 0.4))),
            ("postgres", &|i| (!(150..200).contains(&i)).then(|| wave(i, 110, 0.2))),
            ("</svg><script>alert(1)</script>", &|i| (i == 100 || i > 300).then_some(1.2)),
        ],
    );
    check("lines.svg", &lines, &look(800, 240));

    let mut stack = lines;
    stack.kind = Kind::Stack;
    stack.unit = Unit::Bytes;
    stack.series.iter_mut().flat_map(|series| &mut series.points).for_each(|point| point.value *= 1e9);
    stack.series[2].others = true;
    check("stack.svg", &stack, &Look { theme: Theme::Dark, ..look(640, 320) });

    let one = chart(24, 600, &[("total", &|i| Some(wave(i, 144, 3.0)))]);
    check("one.svg", &one, &Look { theme: Theme::Light, legend: LegendPlace::Off, ..look(400, 120) });

    let mut band = chart(24, 600, &[("sampled", &|i| Some(wave(i, 144, 3.0))), ("steady", &|_| Some(2.0))]);
    band.series[0].band = band.series[0]
        .points
        .iter()
        .filter(|point| point.at_ms % 7_200_000 != 0)
        .map(|point| Range { at_ms: point.at_ms, low: point.value * 0.7, high: point.value * 1.2 })
        .collect();
    check("band.svg", &band, &look(640, 240));

    let hosts = [
        ("web-1:9956", 70, 0.4),
        ("web-2:9956", 110, 0.2),
        ("a-host-whose-name-is-much-longer-than-others.example.org:9956", 200, 1.0),
    ];
    let waves = hosts
        .map(|(name, period, height)| (name, move |i: i64| (!(60..70).contains(&i)).then(|| wave(i, period, height))));
    let mut heat = chart(24, 900, &waves.each_ref().map(|(name, wave)| (*name, wave as Values<'_>)));
    heat.kind = Kind::Heatmap;
    check("heat.svg", &heat, &look(640, 160));

    let mut marked = chart(
        24,
        600,
        &[
            ("api", &|i| Some(if i == 50 { 0.0 } else { wave(i, 70, 0.01) })),
            ("batch", &|i| Some(wave(i, 90, 6.0))),
            ("batch, 1w before", &|i| Some(wave(i + 20, 90, 5.0))),
        ],
    );
    marked.series[2] = Series { earlier: true, ink: Some(1), ..marked.series[2].clone() };
    marked.edges.log = true;
    marked.thresholds =
        vec![Threshold { value: 8.0, label: "all cores".to_owned() }, Threshold { value: 1.0, label: String::new() }];
    let whats = [Happening::Start, Happening::Exit, Happening::OutOfMemory, Happening::Other];
    marked.events = whats
        .into_iter()
        .zip(1..)
        .map(|(what, n)| Event { at_ms: marked.span.start_ms + n * 16_000_000, title: format!("<{what:?}>"), what })
        .collect();
    check("marked.svg", &marked, &look(640, 300));

    check("empty.svg", &chart(24, 600, &[]), &look(400, 120));

    let strange = chart(
        1,
        60,
        &[
            ("flat", &|_| Some(2.0)),
            ("nan", &|_| Some(f64::NAN)),
            ("infinite at times", &|i| Some(if i % 20 == 0 { f64::INFINITY } else { 1.0 })),
            ("2^63", &|i| (i == 30).then_some(9_223_372_036_854_775_808.0)),
        ],
    );
    check("strange.svg", &strange, &look(800, 240));
}
