//! Data at the ends of what can be: each renders, and stays in its frame.

use roxmltree::Document;

use super::{chart, geometry, look};
use crate::chart::standalone::render;
use crate::chart::{Chart, Edges, KINDS, Kind, Point, Range, Series};

/// The absolute points of path data as `path.rs` writes it, in tenths of a px.
fn absolute(data: &str) -> Vec<(i64, i64)> {
    let mut points = Vec::new();
    let (mut x, mut y) = (0, 0);
    let commands = data.char_indices().filter(|(_, c)| c.is_ascii_alphabetic());
    for (at, command) in commands {
        let rest = &data[at + 1..];
        let numbers = &rest[..rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest.len())];
        let spaced = numbers.replace('-', " -");
        let numbers: Vec<i64> = spaced.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let pairs = || numbers.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match command {
            'M' => (x, y) = pairs().next().unwrap(),
            'h' => x += numbers[0],
            'v' => y += numbers[0],
            'l' => {}
            'z' => continue,
            other => panic!("{other} in {data}"),
        }
        for (dx, dy) in pairs().filter(|_| command == 'l') {
            (x, y) = (x + dx, y + dy);
            points.push((x, y));
        }
        points.push((x, y));
    }
    points
}

/// True where everything that is drawn of the data is inside the plot.
fn stays_inside(svg: &str) -> bool {
    let document = Document::parse(svg).unwrap();
    let clip = document.descendants().find(|node| node.has_tag_name("clipPath")).unwrap();
    let clip = clip.first_element_child().unwrap();
    let [x, y, width, height] =
        ["x", "y", "width", "height"].map(|name| (clip.attribute(name).unwrap().parse::<f64>().unwrap() * 10.0) as i64);
    let drawn = document.descendants().filter(|node| {
        let class = node.attribute("class").unwrap_or_default();
        class.starts_with(['a', 'b', 'd', 'l', 'p', 'q', 'w']) && class.len() > 1
    });
    let clipped = drawn.filter(|node| node.ancestors().any(|above| above.has_attribute("clip-path")));
    clipped
        .flat_map(|node| absolute(node.attribute("d").unwrap()))
        .all(|(px, py)| (x..=x + width).contains(&px) && (y..=y + height).contains(&py))
}

#[test]
fn strange_data_renders_and_stays_in_the_frame() {
    const HUGE: f64 = 9_223_372_036_854_775_808.0;
    type Value = fn(i64) -> Option<f64>;
    let tables: [(&str, bool, Value); 16] = [
        ("none", false, |_| None),
        ("one point", true, |i| (i == 30).then_some(3.0)),
        ("one point at the end", true, |i| (i == 60).then_some(3.0)),
        ("a flat line", true, |_| Some(5.0)),
        ("a flat line at zero", true, |_| Some(0.0)),
        ("a flat line below zero", true, |_| Some(-5.0)),
        ("NaN", false, |_| Some(f64::NAN)),
        ("NaN at times", true, |i| Some(if i % 7 == 0 { f64::NAN } else { 1.0 })),
        ("infinities", false, |i| Some(if i % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY })),
        ("infinity at times", true, |i| Some(if i == 20 { f64::INFINITY } else { 2.0 })),
        ("2^63", true, |i| Some(if i == 20 { HUGE } else { 1.0 })),
        ("-2^63 to 2^63", true, |i| Some(if i % 2 == 0 { HUGE } else { -HUGE })),
        ("the largest numbers", true, |i| Some(if i % 2 == 0 { f64::MAX / 9.0 } else { f64::MIN / 9.0 })),
        ("the smallest numbers", true, |i| Some(f64::MIN_POSITIVE * i as f64)),
        ("the next number", true, |i| Some(if i % 2 == 0 { 1.0 } else { 1.0 + f64::EPSILON })),
        ("gaps", true, |i| (i / 5 % 2 == 0).then_some(i as f64)),
    ];
    for (name, has_data, value) in tables {
        for (kind_name, kind) in KINDS {
            for log in [false, true] {
                let mut chart = chart(1, 60, &[("a", &value), ("b", &|i| value(60 - i))]);
                chart.kind = kind;
                chart.edges = Edges { log, ..chart.edges };
                for (w, h) in [(120, 60), (800, 240)] {
                    geometry::check(&chart, &look(w, h));
                    let svg = render(&chart, &look(w, h)).unwrap();
                    assert!(stays_inside(&svg), "{name} as {kind_name}, log {log}: {svg}");
                    assert_eq!(svg.contains(">No data"), !has_data, "{name} as {kind_name}: {svg}");
                }
            }
        }
    }
}

#[test]
fn a_million_points_are_no_more_than_their_pixels() {
    let mut million = chart(24, 60, &[]);
    million.step_ms = 86;
    let start_ms = million.span.start_ms;
    let point = |i: i64| Point { at_ms: start_ms + i * 86, value: (i * 7919 % 1000) as f64 };
    let points: Vec<Point> = (0..1_000_000).map(point).collect();
    let band = points.iter().map(|point| Range { at_ms: point.at_ms, low: point.value - 1.0, high: point.value + 1.0 });
    million.series = vec![Series { name: "many".to_owned(), band: band.collect(), points, ..Series::default() }];
    for (name, kind) in KINDS {
        let chart = Chart { kind, ..million.clone() };
        let svg = render(&chart, &look(800, 240)).unwrap();
        assert!(stays_inside(&svg), "{name}");
        assert!(svg.len() < 60_000, "{name}: {} bytes", svg.len());
        if kind != Kind::Heatmap {
            assert!(
                svg.contains(">999<") || svg.contains(">1.00 k<") || svg.contains(">1000<"),
                "{name}: the peak is told"
            );
        }
    }
}
