//! Our drawing backend for plotters: it gathers shapes by their meaning instead of writing elements.
//!
//! plotters hands a backend whole numbers. One of them is a tenth of a px here, so curves are smooth. plotters
//! also clamps every point into its drawing area, which bends a line that leaves the plot; the canvas is therefore
//! far larger than the picture (see [`ORIGIN`]), and the document clips with a clip path.

use std::convert::Infallible;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, text_anchor::HPos,
};

use super::mark::Mark;
use super::path::PathData;
use super::text;

/// Units of plotters' whole numbers in one px.
pub(super) const UNITS_PER_PX: f64 = 10.0;

/// Where the picture's upper left corner lies on the canvas, in units on both axes.
pub(super) const ORIGIN: i32 = 4_000_000;

/// A shape on the canvas: everything with one meaning that was drawn without another between.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) mark: Mark,
    pub(super) path: PathData,
}

/// A line of text; `x` and `y` (the baseline) are px.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Label {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) anchor: Anchor,
    /// Class names, see `palette::style_sheet`.
    pub(super) class: &'static str,
    pub(super) text: String,
}

/// Which end of a text stands at its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// What was drawn.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    pub(super) shapes: Vec<Shape>,
    pub(super) labels: Vec<Label>,
}

impl Canvas {
    fn path(&mut self, mark: Mark) -> &mut PathData {
        // Shapes of one meaning that follow each other share an element.
        if self.shapes.last().is_none_or(|shape| shape.mark != mark) {
            self.shapes.push(Shape { mark, path: PathData::default() });
        }
        let last = self.shapes.len() - 1;
        &mut self.shapes[last].path
    }
}

/// A canvas lent to plotters.
pub(super) struct Pen<'a>(pub(super) &'a mut Canvas);

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

fn place((x, y): BackendCoord) -> (i32, i32) {
    (x - ORIGIN, y - ORIGIN)
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (2 * ORIGIN as u32, 2 * ORIGIN as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.0.path(Mark::from_colour(color)).dot(place(point));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (x0, y0): BackendCoord,
        (x1, y1): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.draw_path(corners.into_iter().chain([(x0, y0)]), style)
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let out = self.0.path(Mark::from_colour(style.color()));
        let mut points = path.into_iter().map(place);
        if let Some(first) = points.next() {
            out.move_to(first);
            points.for_each(|point| out.line_to(point));
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, _radius: u32, style: &S, _fill: bool) -> Drawn {
        // Dots are drawn by the round caps of a stroke: their size belongs to the style sheet.
        self.0.path(Mark::from_colour(style.color())).dot(place(center));
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Drawn {
        let out = self.0.path(Mark::from_colour(style.color()));
        let mut points = vert.into_iter().map(place);
        if let Some(first) = points.next() {
            out.move_to(first);
            points.for_each(|point| out.line_to(point));
            out.close();
        }
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, pos: BackendCoord) -> Drawn {
        let (x, y) = place(pos);
        let anchor = match style.anchor().h_pos {
            HPos::Left => Anchor::Start,
            HPos::Center => Anchor::Middle,
            HPos::Right => Anchor::End,
        };
        let (x, y) = (f64::from(x) / UNITS_PER_PX, f64::from(y) / UNITS_PER_PX);
        self.0.labels.push(Label { x, y, anchor, class: "t", text: text.to_owned() });
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let size = style.size();
        Ok(((text::width(text, size) * UNITS_PER_PX).ceil() as u32, (size * UNITS_PER_PX).ceil() as u32))
    }
}

impl Canvas {
    /// A filled rectangle between two corners, in px from the picture's upper left corner.
    pub(super) fn rectangle(&mut self, mark: Mark, (left, top): (f64, f64), (right, bottom): (f64, f64)) {
        let [left, top, right, bottom] = [left, top, right, bottom].map(|px| (px * UNITS_PER_PX).round() as i32);
        let path = self.path(mark);
        path.move_to((left, top));
        [(right, top), (right, bottom), (left, bottom)].into_iter().for_each(|point| path.line_to(point));
        path.close();
    }

    /// A filled square.
    pub(super) fn square(&mut self, mark: Mark, x: f64, y: f64, side: f64) {
        self.rectangle(mark, (x, y), (x + side, y + side));
    }
}
