//! The streaming parser that scrapes use: as lenient as Prometheus's, no copy of anything.

mod openmetrics;
mod text;

use crate::error::{Fault, ParseError};
use crate::format::{Format, MetricType};
use crate::sample::{Exemplar, Sample};
use crate::scan::cursor::{Cursor, NAME, NAME_START};
use crate::scan::escape::unescape;
use crate::scan::series;
use std::borrow::Cow;
use std::ops::Range;

/// What a line says. Blank lines and comments are stepped over.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// `# TYPE family kind`
    Type {
        /// The name of the metric family.
        family: Cow<'a, str>,
        /// Its type.
        kind: MetricType,
    },
    /// `# HELP family text`
    Help {
        /// The name of the metric family.
        family: Cow<'a, str>,
        /// The text, escapes decoded; may be empty.
        text: Cow<'a, str>,
    },
    /// `# UNIT family unit` (OpenMetrics only)
    Unit {
        /// The name of the metric family.
        family: Cow<'a, str>,
        /// The unit, which is the last part of the name; may be empty.
        unit: &'a str,
    },
    /// A sample.
    Sample(Sample<'a>),
    /// `# EOF` (OpenMetrics only): the exposition is whole.
    Eof,
}

/// Reads one whole body line by line, borrowing everything from it.
///
/// What it takes is what Prometheus's scrape parsers take (`model/textparse`), so for OpenMetrics also what the
/// specification forbids but does no harm, such as a comma behind the last label; [`crate::validate()`] is strict.
/// It is more lenient in one thing, negative timestamps in the text format, and stricter in another: a NUL byte
/// between the lines of the text format is an error, not a silent end.
///
/// After an error, as after the end, there are no more entries.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    cur: Cursor<'a>,
    format: Format,
    done: bool,
}

impl<'a> Parser<'a> {
    /// A parser at the start of a body.
    pub fn new(body: &'a [u8], format: Format) -> Parser<'a> {
        Parser { cur: Cursor::new(body), format, done: false }
    }

    /// The next entry, or `None` at the end of the body.
    ///
    /// # Errors
    /// The line is not of the format, or in OpenMetrics the body does not end with `# EOF`.
    #[inline]
    pub fn next_entry(&mut self) -> Result<Option<Entry<'a>>, ParseError> {
        match self.next_line() {
            Ok(None) => Ok(None),
            Ok(Some(Line::Sample(line))) => Ok(Some(Entry::Sample(line.sample(self.cur.body())))),
            Ok(Some(Line::Type { family, kind })) => Ok(Some(Entry::Type { family, kind })),
            Ok(Some(Line::Help { family, text })) => Ok(Some(Entry::Help { family, text })),
            Ok(Some(Line::Unit { family, unit })) => Ok(Some(Entry::Unit { family, unit })),
            Ok(Some(Line::Eof)) => Ok(Some(Entry::Eof)),
            Err(fault) => Err(fault.locate(self.cur.body())),
        }
    }

    /// The next line with the offsets of its parts.
    #[inline]
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'a>>, Fault> {
        if self.done {
            return Ok(None);
        }
        let line = match self.format {
            Format::Text => text::line(&mut self.cur),
            Format::OpenMetrics => openmetrics::line(&mut self.cur),
        };
        self.done = !matches!(line, Ok(Some(ref line)) if !matches!(line, Line::Eof));
        line
    }

    /// The offset behind the last line that was given out.
    pub(crate) fn offset(&self) -> usize {
        self.cur.at()
    }
}

impl<'a> Iterator for Parser<'a> {
    type Item = Result<Entry<'a>, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().transpose()
    }
}

/// An [`Entry`] with offsets, for the parser and for `validate`.
pub(crate) enum Line<'a> {
    Type { family: Cow<'a, str>, kind: MetricType },
    Help { family: Cow<'a, str>, text: Cow<'a, str> },
    Unit { family: Cow<'a, str>, unit: &'a str },
    Sample(SampleLine<'a>),
    Eof,
}

/// A sample line taken apart.
pub(crate) struct SampleLine<'a> {
    pub(crate) series: &'a str,
    /// Where `series` begins.
    pub(crate) at: usize,
    pub(crate) point: Point,
    pub(crate) exemplar: Option<ExemplarPart<'a>>,
}

/// An exemplar taken apart.
pub(crate) struct ExemplarPart<'a> {
    pub(crate) labels: &'a str,
    /// Where `labels` begins.
    pub(crate) at: usize,
    pub(crate) point: Point,
}

/// A value and perhaps a timestamp.
pub(crate) struct Point {
    pub(crate) value: f64,
    /// Where the value begins.
    pub(crate) at: usize,
    /// The timestamp in milliseconds and where it stands.
    pub(crate) timestamp: Option<(i64, Range<usize>)>,
}

impl<'a> SampleLine<'a> {
    #[inline]
    pub(crate) fn sample(&self, body: &'a [u8]) -> Sample<'a> {
        Sample {
            series: self.series,
            value: self.point.value,
            timestamp_ms: self.point.timestamp.as_ref().map(|t| t.0),
            exemplar: self.exemplar.as_ref().map(|e| e.exemplar(body)),
            upto: &body[..self.at + self.series.len()],
        }
    }
}

impl<'a> ExemplarPart<'a> {
    pub(crate) fn exemplar(&self, body: &'a [u8]) -> Exemplar<'a> {
        Exemplar {
            series: self.labels,
            value: self.point.value,
            timestamp_ms: self.point.timestamp.as_ref().map(|t| t.0),
            upto: &body[..self.at + self.labels.len()],
        }
    }
}

/// The family name of a metadata line, in quotes or not; `None` where neither comes next.
fn family<'a, const TEXT: bool>(cur: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    if cur.next_is(NAME_START) {
        let name = cur.run(NAME);
        return Ok(Some(Cow::Borrowed(cur.text(name)?)));
    }
    if cur.peek() == Some(b'"') {
        let at = cur.at();
        let name = series::quoted::<TEXT>(cur)?;
        if name.is_empty() {
            return Err(Fault::new(at, "the name in quotes is empty"));
        }
        return Ok(Some(unescape(cur.text(name)?)));
    }
    Ok(None)
}
