//! Text and numbers as XML wants them.
//!
//! Series names are process names, so anybody who may start a process chooses them: everything that reaches
//! a document passes through [`text`].

use std::fmt::Write as _;

/// Appends `s` escaped for element content and for attributes in double quotes.
///
/// Characters that XML 1.0 forbids even as references (section 2.2: most control characters, surrogates'
/// places U+FFFE and U+FFFF) become U+FFFD; line breaks and tabs become visible spaces' worth of one blank,
/// since a name is one line wherever we show it.
pub fn text(out: &mut String, s: &str) {
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if is_unprintable(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// True for what no document should hold: control characters other than blanks, characters that are none, and the
/// direction overrides and isolates that would reorder the text around a name.
pub fn is_unprintable(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => false,
    }
}

/// The escaped form of `s`, see [`text`].
pub fn escaped(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    text(&mut out, s);
    out
}

/// Appends tenths of a unit as the shortest decimal: `1234` -> `123.4`, `50` -> `5`.
pub fn tenths(out: &mut String, n: i32) {
    if n < 0 {
        out.push('-');
    }
    let n = n.unsigned_abs();
    let _ = write!(out, "{}", n / 10);
    if !n.is_multiple_of(10) {
        let _ = write!(out, ".{}", n % 10);
    }
}

/// Appends an SVG length with at most one decimal.
pub fn length(out: &mut String, x: f64) {
    tenths(out, (x * 10.0).round() as i32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_names_become_plain_text() {
        for (name, expected) in [
            ("nginx", "nginx"),
            ("</svg><script>", "&lt;/svg&gt;&lt;script&gt;"),
            ("a\"b'c&d", "a&quot;b&#39;c&amp;d"),
            ("new\nline\u{0}\u{1b}[31m", "new line\u{fffd}\u{fffd}[31m"),
            ("\u{202e}gpj.exe", "\u{fffd}gpj.exe"),
            ("日本", "日本"),
        ] {
            assert_eq!(escaped(name), expected);
        }
    }

    #[test]
    fn tenths_are_short() {
        for (n, expected) in [(0, "0"), (5, "0.5"), (10, "1"), (-3, "-0.3"), (-120, "-12"), (1234, "123.4")] {
            let mut out = String::new();
            tenths(&mut out, n);
            assert_eq!(out, expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_well_formed(s in any::<String>()) {
            let document = format!("<a b=\"{0}\">{0}</a>", escaped(&s));
            prop_assert!(roxmltree::Document::parse(&document).is_ok(), "{document:?}");
        }
    }
}
