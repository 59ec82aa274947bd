//! What a shape means, carried through plotters as a colour and written to the document as a class.
//!
//! plotters hands a backend colours only. Colours belong to style sheets here (light, dark, print), so each
//! meaning travels as a colour of its own and is turned back on arrival.

use plotters::style::RGBColor;
use plotters_backend::BackendColor;

/// The meaning of a shape; the ink is an index into the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// The filled part of a stack.
    Area(u8),
    /// The faint fill beneath a lone line.
    Wash(u8),
    /// Lines of the grid.
    Grid,
    /// The zero line, or the lower edge of the plot.
    Baseline,
    /// A series.
    Line(u8),
    /// A point of a series without neighbours.
    Dot(u8),
    /// The square before a name in a legend.
    Swatch(u8),
    /// Where a series was between two points.
    Band(u8),
    /// Cells of a heat map; the number is a shade, not an ink.
    Shade(u8),
    /// A square of the key to the shades.
    Key(u8),
    /// A series of a time before.
    Earlier(u8),
    /// A value that matters.
    Threshold,
}

impl Mark {
    /// The colour that stands for this mark on its way through plotters.
    pub(super) fn colour(self) -> RGBColor {
        match self {
            Mark::Area(ink) => RGBColor(1, ink, 0),
            Mark::Wash(ink) => RGBColor(2, ink, 0),
            Mark::Grid => RGBColor(3, 0, 0),
            Mark::Baseline => RGBColor(4, 0, 0),
            Mark::Line(ink) => RGBColor(5, ink, 0),
            Mark::Dot(ink) => RGBColor(6, ink, 0),
            Mark::Swatch(ink) => RGBColor(7, ink, 0),
            Mark::Band(ink) => RGBColor(8, ink, 0),
            Mark::Shade(shade) => RGBColor(9, shade, 0),
            Mark::Key(shade) => RGBColor(10, shade, 0),
            Mark::Earlier(ink) => RGBColor(11, ink, 0),
            Mark::Threshold => RGBColor(12, 0, 0),
        }
    }

    /// The mark that a colour stands for; what plotters drew in a colour of its own counts as grid.
    pub(super) fn from_colour(colour: BackendColor) -> Mark {
        let (kind, ink, _) = colour.rgb;
        match kind {
            1 => Mark::Area(ink),
            2 => Mark::Wash(ink),
            4 => Mark::Baseline,
            5 => Mark::Line(ink),
            6 => Mark::Dot(ink),
            7 => Mark::Swatch(ink),
            8 => Mark::Band(ink),
            9 => Mark::Shade(ink),
            10 => Mark::Key(ink),
            11 => Mark::Earlier(ink),
            12 => Mark::Threshold,
            _ => Mark::Grid,
        }
    }

    /// Appends the class name.
    pub(super) fn class(self, out: &mut String) {
        use std::fmt::Write as _;
        let _ = match self {
            Mark::Area(ink) => write!(out, "a{ink}"),
            Mark::Wash(ink) => write!(out, "w{ink}"),
            Mark::Grid => write!(out, "g"),
            Mark::Baseline => write!(out, "x"),
            Mark::Line(ink) => write!(out, "l{ink}"),
            Mark::Dot(ink) => write!(out, "d{ink}"),
            Mark::Swatch(ink) => write!(out, "f{ink}"),
            Mark::Band(ink) => write!(out, "b{ink}"),
            Mark::Earlier(ink) => write!(out, "p{ink}"),
            Mark::Threshold => write!(out, "th"),
            Mark::Shade(shade) | Mark::Key(shade) => write!(out, "q{shade}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::style::Color as _;

    #[test]
    fn marks_survive_the_way_through_plotters() {
        for mark in [
            Mark::Area(3),
            Mark::Wash(0),
            Mark::Grid,
            Mark::Baseline,
            Mark::Line(11),
            Mark::Dot(12),
            Mark::Swatch(1),
            Mark::Band(2),
            Mark::Shade(7),
            Mark::Key(3),
            Mark::Earlier(4),
            Mark::Threshold,
        ] {
            assert_eq!(Mark::from_colour(mark.colour().to_backend_color()), mark);
        }
    }
}
