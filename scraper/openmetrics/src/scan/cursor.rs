//! A place in the body, and the classes of bytes that decide where a token ends.

use crate::error::Fault;
use std::borrow::Cow;
use std::ops::Range;

/// May begin a metric name that stands without quotes.
pub(crate) const NAME_START: u8 = 1;
/// May stand in a metric name without quotes.
pub(crate) const NAME: u8 = 1 << 1;
/// May begin a label name without quotes.
pub(crate) const LABEL_START: u8 = 1 << 2;
/// May stand in a label name without quotes.
pub(crate) const LABEL: u8 = 1 << 3;
/// Does not end a number: anything but blanks, a line feed and `{`.
pub(crate) const NUMBER: u8 = 1 << 4;
/// Means nothing special inside quotes: anything but `"`, `\` and a line feed.
pub(crate) const QUOTED: u8 = 1 << 5;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let letter = b.is_ascii_alphabetic() || b == b'_';
        let mut class = 0;
        if letter {
            class |= LABEL_START | LABEL;
        }
        if letter || b == b':' {
            class |= NAME_START | NAME;
        }
        if b.is_ascii_digit() {
            class |= NAME | LABEL;
        }
        if !matches!(b, b' ' | b'\t' | b'\n' | b'{') {
            class |= NUMBER;
        }
        if !matches!(b, b'"' | b'\\' | b'\n') {
            class |= QUOTED;
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
};

/// Whether a byte is of a class.
#[inline]
pub(crate) fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// A place in the body.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Cursor { body, at: 0 }
    }

    pub(crate) fn body(&self) -> &'a [u8] {
        self.body
    }

    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    /// Whether the next byte is of a class; no byte is of none.
    #[inline]
    pub(crate) fn next_is(&self, class: u8) -> bool {
        self.peek().is_some_and(|b| is(b, class))
    }

    /// Steps over the next byte. The caller has seen it.
    #[inline]
    pub(crate) fn step(&mut self) {
        self.at += 1;
    }

    /// Steps over the next byte if it is this one.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over this text if it comes next.
    pub(crate) fn eat_text(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Steps over the bytes of a class.
    #[inline]
    pub(crate) fn run(&mut self, class: u8) -> Range<usize> {
        let start = self.at;
        let rest = self.rest();
        self.at += rest.iter().position(|&b| !is(b, class)).unwrap_or(rest.len());
        start..self.at
    }

    /// Steps over spaces and tabs.
    #[inline]
    pub(crate) fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Steps to the next line feed, or to the end of the body.
    pub(crate) fn rest_of_line(&mut self) -> Range<usize> {
        let start = self.at;
        self.at += memchr::memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
        start..self.at
    }

    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    /// The text of a range, which must be UTF-8.
    #[inline]
    pub(crate) fn text(&self, range: Range<usize>) -> Result<&'a str, Fault> {
        let start = range.start;
        std::str::from_utf8(&self.body[range]).map_err(|e| {
            let at = start + e.valid_up_to();
            Fault::new(at, format!("{}, in a text that must be", crate::error::shown(self.body, at)))
        })
    }

    /// The error "X expected, found Y" at this place.
    #[cold]
    pub(crate) fn expected(&self, what: impl Into<Cow<'static, str>>) -> Fault {
        Fault::new(self.at, format!("expected {}, found {}", what.into(), crate::error::shown(self.body, self.at)))
    }
}
