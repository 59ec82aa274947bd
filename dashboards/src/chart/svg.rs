//! The parts that every SVG document here is made of.

use std::fmt::Write as _;

use super::canvas::{Anchor, Label, Shape};
use super::mark::Mark;
use super::xml;

/// Appends the shapes as paths. Coordinates are tenths of a px, so the caller scales them.
pub(super) fn shapes(out: &mut String, shapes: Vec<Shape>) {
    let mut in_stack = false;
    for shape in shapes {
        let stacked = matches!(shape.mark, Mark::Area(_));
        if stacked != in_stack {
            // Layers overlap, so a stack is made transparent as a whole.
            out.push_str(if stacked { "<g class=\"s\">" } else { "</g>" });
            in_stack = stacked;
        }
        out.push_str("<path class=\"");
        shape.mark.class(out);
        let _ = write!(out, "\" d=\"{}\"/>", shape.path.finish());
    }
    if in_stack {
        out.push_str("</g>");
    }
}

/// Appends a label at its px; the full text is a tooltip where `full` differs from what is shown.
pub(super) fn label(out: &mut String, label: &Label, full: Option<&str>) {
    out.push_str("<text x=\"");
    xml::length(out, label.x);
    out.push_str("\" y=\"");
    xml::length(out, label.y);
    let _ = write!(out, "\" class=\"{}{}\">", label.class, anchor_class(label.anchor));
    if let Some(full) = full.filter(|full| *full != label.text) {
        out.push_str("<title>");
        xml::text(out, full);
        out.push_str("</title>");
    }
    xml::text(out, &label.text);
    out.push_str("</text>");
}

/// What the class of a text says about its anchor.
pub(super) fn anchor_class(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Start => "",
        Anchor::Middle => " m",
        Anchor::End => " r",
    }
}
