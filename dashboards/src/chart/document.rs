//! The document of a chart that stands alone: what was laid out, written as SVG.

use std::fmt::Write as _;

use super::canvas::Canvas;
use super::legend::Titled;
use super::mark::Mark;
use super::model::{Chart, Kind};
use super::palette::{Used, style_sheet};
use super::plot::Frame;
use super::standalone::Look;
use super::words::description;
use super::{event, svg, xml};

/// Events nearer to each other are one mark, in px.
const LEAST_MARK: f64 = 8.0;

/// Writes what `canvas` gathered, the plot of it in `frame`, and the labels above all.
pub(super) fn document(chart: &Chart, look: &Look, canvas: Canvas, frame: Frame, labels: &[Titled]) -> String {
    let Look { width, height, theme, .. } = *look;
    let mut used: Vec<u8> = (0..chart.series.len()).map(|index| chart.ink(index)).collect();
    used.sort_unstable();
    used.dedup();
    let used = match chart.kind {
        Kind::Heatmap => Used { shades: true, ..Used::default() },
        Kind::Lines | Kind::Stack => Used {
            inks: used,
            shades: false,
            thresholds: !chart.thresholds.is_empty(),
            events: !chart.events.is_empty(),
            earlier: chart.series.last().is_some_and(|series| series.earlier),
        },
    };
    let mut out = String::with_capacity(16 * 1024);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\"><title id=\"t\">"
    );
    xml::text(&mut out, if chart.title.is_empty() { "Chart" } else { &chart.title });
    out.push_str("</title><desc id=\"d\">");
    xml::text(&mut out, &description(chart));
    let _ = write!(out, "</desc><style>{}</style>", style_sheet(theme, &used));
    out.push_str("<rect class=\"b\" width=\"100%\" height=\"100%\"/>");
    let (swatches, shapes): (Vec<_>, Vec<_>) =
        canvas.shapes.into_iter().partition(|shape| matches!(shape.mark, Mark::Swatch(_) | Mark::Key(_)));
    // A px of room around the plot, so that a line on its edge keeps its width.
    out.push_str("<clipPath id=\"p\"><rect");
    for (name, value) in
        [("x", frame.x - 1.0), ("y", frame.y - 1.0), ("width", frame.width + 2.0), ("height", frame.height + 2.0)]
    {
        let _ = write!(out, " {name}=\"");
        xml::length(&mut out, value);
        out.push('"');
    }
    out.push_str("/></clipPath><g clip-path=\"url(#p)\"><g transform=\"scale(.1)\">");
    svg::shapes(&mut out, shapes);
    out.push_str("</g></g>");
    if used.events {
        for mark in event::marks(chart, LEAST_MARK / frame.width) {
            let Frame { y, height, .. } = frame;
            let x = frame.x + frame.width * mark.part;
            let _ = write!(out, "<g class=\"{}\"><title>", mark.what.class());
            xml::text(&mut out, &mark.title);
            let _ = write!(
                out,
                "</title><path class=\"ev\" d=\"M{x:.1} {y}v{height}\"/><path class=\"eg\" transform=\"translate({x:.1} {y})\" d=\"{}\"/></g>",
                mark.what.sign()
            );
        }
    }
    if !swatches.is_empty() {
        out.push_str("<g transform=\"scale(.1)\">");
        svg::shapes(&mut out, swatches);
        out.push_str("</g>");
    }
    for (label, full) in labels {
        svg::label(&mut out, label, full.as_deref());
    }
    out.push_str("</svg>\n");
    out
}
