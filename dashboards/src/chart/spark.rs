//! Sparklines: one series, no axes, beside a number that says the same.

use std::fmt::Write as _;

use super::canvas::Canvas;
use super::mark::Mark;
use super::model::Chart;
use super::plot::{Drawing, Frame};
use super::{DrawError, svg};

const WIDTH: f64 = 140.0;
const HEIGHT: f64 = 28.0;

/// Draws the series of `chart` as a sparkline for a page, in the given ink of the palette. It is decoration: the number beside it carries the meaning.
pub fn render(chart: &Chart, ink: u8) -> Result<String, DrawError> {
    let drawing = Drawing::new(chart);
    let scale = drawing.scale(HEIGHT);
    let mut canvas = Canvas::default();
    let frame = Frame { x: 0.0, y: 0.0, width: WIDTH, height: HEIGHT };
    // No ticks, so no grid; the zero line stays.
    let scale = super::ticks::ValueScale { ticks: Vec::new(), ..scale };
    drawing.draw(&mut canvas, frame, &[], &scale)?;
    for shape in &mut canvas.shapes {
        shape.mark = match shape.mark {
            Mark::Line(_) => Mark::Line(ink),
            Mark::Wash(_) => Mark::Wash(ink),
            Mark::Dot(_) => Mark::Dot(ink),
            other => other,
        };
    }
    let mut out = String::with_capacity(1024);
    let _ = write!(
        out,
        "<svg class=\"spark\" viewBox=\"0 -10 {} {}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
        WIDTH * 10.0,
        HEIGHT * 10.0 + 20.0
    );
    svg::shapes(&mut out, canvas.shapes);
    out.push_str("</svg>");
    Ok(out)
}
