//! A message as an image: where a chart was asked for, the reason that there is none.

use std::fmt::Write as _;

use super::palette::{Theme, Used, style_sheet};
use super::{text, xml};

/// An SVG of that size that says `heading` and, wrapped below it, `detail`.
pub fn render(heading: &str, detail: &str, width: u32, height: u32, theme: Theme) -> String {
    let mut out = String::with_capacity(2048);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\"><title id=\"t\">"
    );
    xml::text(&mut out, heading);
    out.push_str("</title><desc id=\"d\">");
    xml::text(&mut out, detail);
    let _ = write!(
        out,
        "</desc><style>{}</style><rect class=\"b\" width=\"100%\" height=\"100%\"/>",
        style_sheet(theme, &Used::default())
    );
    let room = f64::from(width) - 24.0;
    let rows = ((f64::from(height) - 34.0) / 16.0).max(0.0) as usize;
    out.push_str("<text x=\"12\" y=\"24\" class=\"h e\">");
    xml::text(&mut out, &text::fit(heading, 13.0, room / 1.08));
    out.push_str("</text>");
    for (row, line) in wrapped(detail, room).into_iter().take(rows).enumerate() {
        let _ = write!(out, "<text x=\"12\" y=\"{}\" class=\"v\">", 44 + row * 16);
        xml::text(&mut out, &line);
        out.push_str("</text>");
    }
    out.push_str("</svg>\n");
    out
}

/// Breaks at blanks; a word that is wider than the room is cut.
fn wrapped(detail: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in detail.split_whitespace().take(200) {
        match lines.last_mut() {
            Some(line) if text::width(line, 11.0) + text::width(word, 11.0) + 4.0 <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(text::fit(word, 11.0, room)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_message_is_well_formed(heading in any::<String>(), detail in any::<String>(), w in 120u32..900, h in 60u32..400) {
            let svg = render(&heading, &detail, w, h, Theme::Auto);
            prop_assert!(roxmltree::Document::parse(&svg).is_ok(), "{svg}");
        }
    }
}
