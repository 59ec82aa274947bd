//! Backslash escapes.

use std::borrow::Cow;

/// Appends a label value or quoted name with `\\`, `\"` and `\n` decoded. A backslash before anything else stays, as
/// in Prometheus and the OpenMetrics specification.
pub(crate) fn unescape_into(out: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some(i) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..i]);
        let (decoded, used) = match rest.as_bytes().get(i + 1) {
            Some(b'\\') => ('\\', 2),
            Some(b'"') => ('"', 2),
            Some(b'n') => ('\n', 2),
            _ => ('\\', 1),
        };
        out.push(decoded);
        rest = &rest[i + used..];
    }
    out.push_str(rest);
}

/// The decoded text, borrowed where there is nothing to decode.
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    unescape_into(&mut out, raw);
    Cow::Owned(out)
}

/// The decoded text of a HELP line of the text format, in which `\"` is no escape.
pub(crate) fn unescape_text_help(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        let next = rest.as_str().chars().next();
        match (c, next) {
            ('\\', Some('\\')) => out.push('\\'),
            ('\\', Some('n')) => out.push('\n'),
            _ => {
                out.push(c);
                continue;
            }
        }
        rest.next();
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        for (raw, text, help) in [
            ("plain", "plain", "plain"),
            (r"\foo", r"\foo", r"\foo"),
            (r"\\foo", r"\foo", r"\foo"),
            (r"\\n", r"\n", r"\n"),
            (r"\\\n", "\\\n", "\\\n"),
            (r#"\""#, "\"", r#"\""#),
            (r#"\\""#, "\\\"", "\\\""),
            (r"end\", r"end\", r"end\"),
            ("\\\u{2603}\\n", "\\\u{2603}\n", "\\\u{2603}\n"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
            assert_eq!(unescape_text_help(raw), help, "{raw}");
        }
    }
}
