//! What is wrong with an exposition, and where.

use std::borrow::Cow;

/// Something that is wrong with an exposition, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; one behind the last where something is missing at the end of a line. What is
    /// not UTF-8 counts as the replacement characters that would be shown for it.
    pub column: usize,
    /// What is wrong there. One line, of bounded length.
    pub message: String,
}

/// A [`ParseError`] whose position is still an offset. Lines are counted only when there is an error to report.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) message: Cow<'static, str>,
}

impl Fault {
    #[cold]
    pub(crate) fn new(at: usize, message: impl Into<Cow<'static, str>>) -> Self {
        Fault { at, message: message.into() }
    }

    /// The error to report; the offset counts from the start of `body`.
    #[cold]
    pub(crate) fn locate(self, body: &[u8]) -> ParseError {
        let before = &body[..self.at.min(body.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
        ParseError {
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: String::from_utf8_lossy(&before[line_start..]).chars().count() + 1,
            message: self.message.into_owned(),
        }
    }
}

/// What stands at an offset, for a message.
pub(crate) fn shown(body: &[u8], at: usize) -> String {
    let rest = &body[at.min(body.len())..];
    let head = &rest[..rest.len().min(4)];
    let first = match std::str::from_utf8(head) {
        Ok(text) => text.chars().next(),
        Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default().chars().next(),
    };
    match first {
        None if rest.is_empty() => "the end of the body".to_owned(),
        None => format!("the byte 0x{:02x}, which is not UTF-8", rest[0]),
        Some('\n') => "the end of the line".to_owned(),
        Some('\r') => "a carriage return (lines end with \\n alone)".to_owned(),
        Some(' ') => "a space".to_owned(),
        Some('\t') => "a tab".to_owned(),
        Some('\u{feff}') => "a byte order mark".to_owned(),
        Some(c) if c.is_control() => format!("the character {}", c.escape_default()),
        Some(c) => format!("`{c}`"),
    }
}

/// A piece of the body for a message: no control characters, cut where it is long.
pub(crate) fn excerpt(text: impl AsRef<[u8]>) -> String {
    const LONGEST_CHARS: usize = 60;
    let text = text.as_ref();
    // Cut the bytes first: the text may be the rest of a huge body.
    let shortened = &text[..text.len().min(4 * LONGEST_CHARS + 4)];
    let lossy = String::from_utf8_lossy(shortened);
    let mut out = String::new();
    for (n, c) in lossy.chars().enumerate() {
        if n == LONGEST_CHARS {
            out.push_str("...");
            break;
        }
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_in_characters() {
        for (body, at, line, column) in [
            (&b""[..], 0, 1, 1),
            (b"ab\ncd", 1, 1, 2),
            (b"ab\ncd", 2, 1, 3),
            (b"ab\ncd", 3, 2, 1),
            (b"ab\ncd", 99, 2, 3),
            ("\u{e4}\u{f6}b".as_bytes(), 4, 1, 3),
            (b"a\n\xff\xffb", 4, 2, 3),
        ] {
            let e = Fault::new(at, "x").locate(body);
            assert_eq!((e.line, e.column), (line, column), "{body:?} {at}");
        }
        assert_eq!(Fault::new(3, "no name").locate(b"ab\ncd").to_string(), "line 2, column 1: no name");
    }

    #[test]
    fn shows_and_shortens() {
        assert_eq!(shown("\u{2603}x".as_bytes(), 0), "`\u{2603}`");
        assert_eq!(shown(b"a\xff", 1), "the byte 0xff, which is not UTF-8");
        assert_eq!(shown(b"a\x01", 1), "the character \\u{1}");
        assert_eq!(shown(b"a", 1), "the end of the body");
        assert_eq!(excerpt(b"a\tb\xff"), "a\\tb\u{fffd}");
        assert_eq!(excerpt([b'x'; 1000]), format!("{}...", "x".repeat(60)));
    }
}
