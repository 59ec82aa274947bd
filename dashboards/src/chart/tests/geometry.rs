//! Boxes of every text and shape of a document, read back from the document itself.

use roxmltree::{Document, Node};

use super::{chart, look, wave};
use crate::chart::standalone::{LegendPlace, Look, render};
use crate::chart::{Chart, Edges, Event, Happening, Kind, Series, Threshold, Unit, text};

/// Left, top, right, bottom in px.
type Box = [f64; 4];

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// The boxes of all texts, by the table of widths.
fn texts(document: &Document<'_>) -> Vec<(String, Box)> {
    document
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .map(|node| {
            let class = node.attribute("class").unwrap();
            let heading = class.split(' ').any(|class| class == "h");
            let (size, spread) = if heading { (13.0, 1.08) } else { (11.0, 1.0) };
            let shown: String =
                node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect();
            let width = text::width(&shown, size) * spread;
            let (x, y) = (number(node, "x"), number(node, "y"));
            let left = match class.split(' ').next_back() {
                Some("r") => x - width,
                Some("m") => x - width / 2.0,
                _ => x,
            };
            (shown, [left, y - size * 0.75, left + width, y + size * 0.2])
        })
        .collect()
}

pub(super) fn check(chart: &Chart, look: &Look) {
    let svg = render(chart, look).unwrap();
    let document = Document::parse(&svg).unwrap();
    let (width, height) = (f64::from(look.width), f64::from(look.height));
    let texts = texts(&document);
    for (shown, [left, top, right, bottom]) in &texts {
        let inside = *left >= -0.1 && *top >= -0.1 && *right <= width + 0.1 && *bottom <= height + 0.1;
        assert!(inside, "{shown:?} leaves {width}x{height}: {left} {top} {right} {bottom}");
    }
    for (index, (one, a)) in texts.iter().enumerate() {
        for (other, b) in &texts[..index] {
            let apart = a[2] <= b[0] + 0.1 || b[2] <= a[0] + 0.1 || a[3] <= b[1] + 0.1 || b[3] <= a[1] + 0.1;
            assert!(apart, "{one:?} {a:?} overlaps {other:?} {b:?} in {width}x{height}");
        }
    }
    // The upright lines of events stay inside as well.
    for line in document.descendants().filter(|node| node.attribute("class") == Some("ev")) {
        let numbers: Vec<f64> =
            line.attribute("d").unwrap()[1..].split([' ', 'v']).map(|number| number.parse().unwrap()).collect();
        let [x, y, length] = numbers[..] else { panic!("{numbers:?}") };
        assert!(
            (4.0..=width - 4.0).contains(&x) && y >= 0.0 && y + length <= height,
            "{numbers:?} in {width}x{height}"
        );
    }
    let clip =
        document.descendants().find(|node| node.has_tag_name("clipPath")).unwrap().first_element_child().unwrap();
    let (x, y) = (number(clip, "x"), number(clip, "y"));
    assert!(x >= 0.0 && y >= 0.0 && x + number(clip, "width") <= width && y + number(clip, "height") <= height);
}

#[test]
fn labels_neither_overlap_nor_leave_the_frame() {
    let names =
        ["nginx", "postgres", "a rather long process name that nobody can read in one go", "x", "日本語のプロセス"];
    for hours in [1, 6, 24, 24 * 7, 24 * 30, 24 * 365] {
        for (count, height) in [(0, 1.0), (1, 0.02), (3, 9e11), (5, 3.0), (40, 1e5)] {
            for unit in [Unit::Cores, Unit::Bytes, Unit::BytesPerSecond, Unit::Seconds, Unit::Ratio] {
                let mut chart = chart(hours, hours * 36, &[]);
                chart.unit = unit;
                chart.series = (0..count)
                    .map(|index| {
                        let one =
                            super::chart(hours, hours * 36, &[("", &|i| Some(wave(i, 30 + index as i64, height)))]);
                        Series { name: names[index % names.len()].to_owned(), ..one.series[0].clone() }
                    })
                    .collect();
                for (w, h) in [(120, 60), (240, 100), (360, 200), (500, 160), (800, 240), (800, 600), (1920, 1080)] {
                    for legend in [LegendPlace::Auto, LegendPlace::Off] {
                        check(&chart, &Look { legend, ..look(w, h) });
                    }
                }
                let mut marked = Chart { edges: Edges { log: count % 2 == 1, ..chart.edges }, ..chart.clone() };
                marked.thresholds = [0.001, height, height * 1.01, height * 2.0]
                    .map(|value| Threshold { value, label: "a limit that has a name".repeat(2) })
                    .to_vec();
                marked.events = (0..20)
                    .map(|i| Event {
                        at_ms: chart.span.start_ms + i * i * 500_000,
                        title: "x".to_owned(),
                        what: Happening::Other,
                    })
                    .collect();
                for (w, h) in [(120, 60), (360, 200), (800, 240), (1920, 600)] {
                    check(&marked, &look(w, h));
                }
                let heat = Chart { kind: Kind::Heatmap, ..chart.clone() };
                for (w, h) in [(120, 60), (240, 100), (360, 200), (800, 160), (800, 700)] {
                    check(&heat, &look(w, h));
                }
                for (w, h, legend) in
                    [(480, 200, LegendPlace::Right), (480, 300, LegendPlace::Below), (4000, 300, LegendPlace::Right)]
                {
                    check(&chart, &Look { legend, ..look(w, h) });
                }
            }
        }
    }
}

/// The time labels of a fluid chart that a container shows, as boxes at its least width.
fn fluid_labels(plot: &str, hidden: &str, width: f64) -> Vec<(String, f64, f64)> {
    let document = Document::parse(plot).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let shown = texts.filter(|node| !node.attribute("class").unwrap().contains(hidden));
    let mut labels: Vec<(String, f64, f64)> = shown
        .map(|node| {
            let part: f64 = node.attribute("x").unwrap().trim_end_matches('%').parse().unwrap();
            let (x, label) = (part / 100.0 * width, node.text().unwrap());
            let label_width = text::width(label, 11.0);
            let class = node.attribute("class").unwrap();
            let left = match class {
                class if class.contains(" r") => x - label_width,
                class if class.contains(" m") => x - label_width / 2.0,
                _ => x,
            };
            (label.to_owned(), left, left + label_width)
        })
        .collect();
    labels.sort_by(|a, b| a.1.total_cmp(&b.1));
    labels
}

#[test]
fn labels_of_a_page_fit_wide_and_narrow_containers() {
    for minutes in [5, 15, 60, 360, 1440, 10_080, 43_200, 525_600] {
        for shift in [0, 7, 31, 113] {
            let mut chart = chart(24, 600, &[("a", &|i| Some(wave(i, 20, 1.0)))]);
            chart.span.end_ms += shift * 61_000;
            chart.span.start_ms = chart.span.end_ms - minutes * 60_000;
            let plot = crate::chart::fluid::render(&chart, 196).unwrap().plot;
            // The least widths of the style sheet: a card of 860 px with the legend beside, a page of 360 px.
            for (hidden, width) in [(" tn", 350.0), (" tw", 230.0)] {
                let labels = fluid_labels(&plot, hidden, width);
                assert!(!labels.is_empty(), "{minutes} min, {width} px");
                for pair in labels.windows(2) {
                    assert!(pair[0].2 + 4.0 <= pair[1].1, "{pair:?} over {minutes} min at {width} px");
                }
            }
        }
    }
}

#[test]
fn points_outside_fixed_edges_are_clipped_not_bent() {
    let mut chart = chart(1, 60, &[("spike", &|i| Some(if i == 30 { 1000.0 } else { 1.0 }))]);
    chart.edges.max = Some(2.0);
    let svg = render(&chart, &look(400, 200)).unwrap();
    let document = Document::parse(&svg).unwrap();
    let line = document.descendants().find(|node| node.attribute("class") == Some("l0")).unwrap();
    // The line goes on far above the frame at its own slope; the clip path hides that part.
    let rise =
        line.attribute("d").unwrap().split(['l', ' ', 'h', 'v', '-']).filter_map(|n| n.parse::<i64>().ok()).max();
    assert!(rise.unwrap() > 100_000, "{:?}", line.attribute("d"));
    assert!(line.ancestors().any(|node| node.attribute("clip-path") == Some("url(#p)")));
}

#[test]
fn gaps_are_gaps_and_lone_points_are_dots() {
    let chart = chart(1, 60, &[("gappy", &|i| (i < 10 || i == 30 || i > 50).then_some(1.0))]);
    let svg = render(&chart, &look(400, 200)).unwrap();
    let document = Document::parse(&svg).unwrap();
    let path = |class: &str| {
        document.descendants().find(|node| node.attribute("class") == Some(class)).and_then(|node| node.attribute("d"))
    };
    assert_eq!(path("l0").unwrap().matches('M').count(), 2, "two runs");
    assert_eq!(path("d0").unwrap().matches('M').count(), 1, "one dot");
}
