//! Strict validation of a whole exposition, what `check metrics` says. A scrape does not run this.

mod family;
mod group;
mod histogram;
mod rules;
mod series;

use crate::error::{Fault, ParseError};
use crate::format::Format;
use crate::parser::{Line, Parser};
use family::Families;

/// The most errors that are reported at once. One more would hardly help anyone, and a body of garbage stays cheap.
const MOST_ERRORS: usize = 100;

/// What a valid exposition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Metric families, with or without samples.
    pub families: usize,
    /// Sample lines.
    pub samples: usize,
    /// Samples with an exemplar.
    pub exemplars: usize,
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, at: usize, message: impl Into<std::borrow::Cow<'static, str>>) {
        if self.0.len() < MOST_ERRORS {
            self.0.push(Fault::new(at, message));
        }
    }
}

/// Holds an exposition against its specification.
///
/// OpenMetrics: everything that version 1.0.0 says with "must" and that one exposition can show. One liberty: names in
/// quotes, which Prometheus's exposers of UTF-8 names write under the same version.
/// Text 0.0.4: its specification, and that counters, buckets and counts are neither negative nor NaN.
///
/// # Errors
/// Everything that is wrong, in the order of the lines, up to a bound; what follows a line that cannot be read at all
/// is not looked at.
pub fn validate(body: &[u8], format: Format) -> Result<Summary, Vec<ParseError>> {
    let mut parser = Parser::new(body, format);
    let mut faults = Faults::default();
    let mut families = Families::new(body, format);
    if body.starts_with(b"\xef\xbb\xbf") {
        faults.add(0, "a byte order mark is not allowed");
        return Err(located(faults, body));
    }
    loop {
        let before = parser.offset();
        match parser.next_line() {
            Ok(Some(line)) => families.line(line_start(body, before, parser.offset(), &line), line, &mut faults),
            Ok(None) => break,
            Err(fault) => {
                faults.add(fault.at, fault.message);
                // What is still open is not reported as unfinished: the rest of it may stand behind the fault.
                return Err(located(faults, body));
            }
        }
    }
    families.finish(&mut faults);
    rules::whole_body(body, format, &mut faults);
    if faults.0.is_empty() { Ok(families.summary) } else { Err(located(faults, body)) }
}

/// Where the line begins that the parser has read between two offsets (it steps over blank lines and comments first).
fn line_start(body: &[u8], from: usize, to: usize, line: &Line<'_>) -> usize {
    match line {
        Line::Sample(sample) => sample.at,
        _ => {
            let read = &body[from..to];
            let read = read.strip_suffix(b"\n").unwrap_or(read);
            from + memchr::memrchr(b'\n', read).map_or(0, |i| i + 1)
        }
    }
}

fn located(faults: Faults, body: &[u8]) -> Vec<ParseError> {
    let mut faults = faults.0;
    faults.sort_by_key(|fault| fault.at);
    faults.into_iter().map(|fault| fault.locate(body)).collect()
}
