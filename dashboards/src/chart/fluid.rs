//! A chart inside a page: as wide as its container, at a fixed height, text never scaled.
//!
//! The curves lie in an inner `<svg>` that stretches (`preserveAspectRatio="none"`, strokes do not scale); labels are
//! placed by per cent of the width. Two sets of time labels are written, one for wide and one for narrow containers;
//! a container query of the page shows one. Colours come from the page's style sheet.

use std::fmt::Write as _;

use super::canvas::{Anchor, Canvas, Label};
use super::event;
use super::heat::{self, Shading};
use super::model::{Chart, Kind};
use super::plot::{Drawing, Frame};
use super::ticks::{TimeTick, time_ticks};
use super::{DrawError, svg, text, threshold, xml};

/// The width that the curves are computed for, and the widths at which the two sets of labels must fit.
const NOMINAL: f64 = 720.0;
const WIDE: f64 = 420.0;
const NARROW: f64 = 240.0;
const TICK_SIZE: f64 = 11.0;
/// Rows of a heat map have names; more of one than this is cut.
const WIDEST_NAME: f64 = 120.0;

/// The two parts of a fluid chart, side by side on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Fluid {
    /// Labels of the value axis: an `<svg>` of fixed width.
    pub gutter: String,
    /// Grid, curves and time labels: an `<svg>` as wide as its container.
    pub plot: String,
}

/// The height of the plot at which `chart` is easy to read, in px.
pub fn natural_height(chart: &Chart) -> u32 {
    match chart.kind {
        Kind::Heatmap => heat::natural_height(chart).clamp(28.0, 600.0) as u32,
        Kind::Lines | Kind::Stack => 196,
    }
}

/// Draws `chart` with a plot of `height` px.
pub fn render(chart: &Chart, height: u32) -> Result<Fluid, DrawError> {
    let frame = Frame { x: 0.0, y: 0.0, width: NOMINAL, height: f64::from(height) };
    let ticks = |width| {
        let digit = text::width("0", TICK_SIZE);
        time_ticks(chart.span.start_ms, chart.span.end_ms, width, digit, &chart.zone)
    };
    let (wide, narrow) = (ticks(WIDE), ticks(NARROW));
    let mut canvas = Canvas::default();
    let mut thresholds = Vec::new();
    let below = height + 20;
    let gutter = if chart.kind == Kind::Heatmap {
        heat::draw(&mut canvas, chart, frame, Shading::of(chart));
        let names = heat::named_rows(chart, frame);
        gutter(names.map(|(row, y)| (y + 3.0, chart.series[row].name.as_str())), below)
    } else {
        let drawing = Drawing::new(chart);
        let scale = drawing.scale(frame.height);
        drawing.draw(&mut canvas, frame, &wide, &scale)?;
        thresholds = threshold::labels(chart, &scale, frame);
        gutter(scale.ticks.iter().map(|(value, label)| (frame.y_of(&scale, *value) + 8.0, label.as_str())), below)
    };

    let mut plot = String::with_capacity(8 * 1024);
    // One px more on each side, so that a line on the edge keeps its width.
    let _ = write!(
        plot,
        "<svg class=\"plot\" width=\"100%\" height=\"{below}\" aria-hidden=\"true\"><svg class=\"in\" y=\"3\" width=\"100%\" height=\"{}\" viewBox=\"0 -10 {} {}\" preserveAspectRatio=\"none\">",
        height + 2,
        NOMINAL * 10.0,
        height * 10 + 20,
    );
    svg::shapes(&mut plot, canvas.shapes);
    plot.push_str("</svg>");
    if chart.kind != Kind::Heatmap {
        events(&mut plot, chart, height);
    }
    for (y, label) in thresholds {
        let _ = write!(plot, "<text x=\"100%\" y=\"{:.1}\" dx=\"-4\" class=\"tl r\">", y + 4.0);
        xml::text(&mut plot, &text::fit(&label, TICK_SIZE, NARROW - 8.0));
        plot.push_str("</text>");
    }
    for tick in &wide {
        time_label(&mut plot, chart, tick, below, if narrow.contains(tick) { "" } else { " tw" });
    }
    for tick in narrow.iter().filter(|tick| !wide.contains(tick)) {
        time_label(&mut plot, chart, tick, below, " tn");
    }
    plot.push_str("</svg>");
    Ok(Fluid { gutter, plot })
}

fn time_label(out: &mut String, chart: &Chart, tick: &TimeTick, below: u32, class: &str) {
    let percent = (tick.at_ms - chart.span.start_ms) as f64 / chart.span.length_ms().max(1) as f64 * 100.0;
    // Labels at the edges would stand in the next chart.
    let anchor = match percent {
        p if p < 2.0 => "",
        p if p > 98.0 => " r",
        _ => " m",
    };
    let major = if tick.major { "tm" } else { "t" };
    let _ = write!(out, "<text x=\"{percent:.2}%\" y=\"{}\" class=\"{major}{anchor}{class}\">", below - 3);
    xml::text(out, &tick.label);
    out.push_str("</text>");
}

fn events(out: &mut String, chart: &Chart, height: u32) {
    for mark in event::marks(chart, 8.0 / NARROW) {
        let percent = mark.part * 100.0;
        let at_ms = chart.span.start_ms + (chart.span.length_ms() as f64 * mark.part) as i64;
        let _ = write!(out, "<g class=\"{}\" data-at=\"{at_ms}\"><title>", mark.what.class());
        xml::text(out, &mark.title);
        let _ = write!(
            out,
            "</title><line class=\"ev\" x1=\"{percent:.2}%\" x2=\"{percent:.2}%\" y1=\"4\" y2=\"{}\"/><svg x=\"{percent:.2}%\" y=\"4\" overflow=\"visible\"><path class=\"eg\" d=\"{}\"/></svg></g>",
            height + 4,
            mark.what.sign()
        );
    }
}

/// Texts with their baselines in px, before the plot.
fn gutter<'a>(texts: impl Iterator<Item = (f64, &'a str)>, below: u32) -> String {
    let texts: Vec<(f64, &str, String)> =
        texts.map(|(y, full)| (y, full, text::fit(full, TICK_SIZE, WIDEST_NAME))).collect();
    let width = texts.iter().map(|(.., text)| text::width(text, TICK_SIZE)).fold(20.0, f64::max).ceil() + 8.0;
    let mut out = format!("<svg class=\"gutter\" width=\"{width}\" height=\"{below}\" aria-hidden=\"true\">");
    for (y, full, text) in texts {
        svg::label(&mut out, &Label { x: width - 8.0, y, anchor: Anchor::End, class: "t", text }, Some(full));
    }
    out.push_str("</svg>");
    out
}
