//! Samples and exemplars as a parser gives them, and the staleness marker.

use crate::error::{Fault, ParseError};
use crate::labels::{Labels, LabelsBuilder, METRIC_NAME};
use crate::scan::escape::{unescape, unescape_into};
use crate::scan::series::Part;
use crate::scan::{self, cursor::Cursor};
use std::fmt;

/// Marks the moment from which a series is no longer there: a NaN with bits of its own, as Prometheus uses it in memory
/// (`model/value/value.go`). It is compared by its bits and never computed with; on disk it is a flag beside a NULL.
pub const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the staleness marker. An ordinary NaN is not.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN.to_bits()
}

/// One sample line, borrowed from the body.
#[derive(Clone, Copy)]
pub struct Sample<'a> {
    /// The metric name and labels exactly as they stand on the line. Two lines with the same text are the same series,
    /// so the text is a cache key; the same series may be written in several ways. Syntax and UTF-8 have been checked;
    /// that no label name stands twice has not (see [`Sample::labels`]).
    pub series: &'a str,
    /// The value; every NaN is [`f64::NAN`], never [`STALE_NAN`].
    pub value: f64,
    /// Milliseconds since 1970, if the line has a timestamp. One that 64 bits do not hold (OpenMetrics writes seconds)
    /// is `i64::MIN` or `i64::MAX`.
    pub timestamp_ms: Option<i64>,
    /// The exemplar (OpenMetrics only).
    pub exemplar: Option<Exemplar<'a>>,
    /// The body up to the end of `series`, for positions.
    pub(crate) upto: &'a [u8],
}

impl Sample<'_> {
    /// Decodes the metric name (as `__name__`) and the labels into the builder, in place of what it held.
    ///
    /// # Errors
    /// A label name stands twice; `__name__` beside the metric name counts as that.
    pub fn labels(&self, into: &mut LabelsBuilder) -> Result<(), ParseError> {
        series(self.series, into).map_err(|f| locate(self.upto, self.series, f))
    }

    /// The decoded label set.
    ///
    /// # Errors
    /// As [`Sample::labels`].
    pub fn to_labels(&self) -> Result<Labels, ParseError> {
        let mut builder = LabelsBuilder::default();
        self.labels(&mut builder)?;
        Ok(builder.build())
    }

    /// An error about this sample that the caller has found, such as a limit, with the position of the series. It counts
    /// the lines above, so it is for what is reported, not for every sample.
    pub fn error(&self, message: impl Into<String>) -> ParseError {
        locate(self.upto, self.series, Fault::new(0, message.into()))
    }
}

impl fmt::Debug for Sample<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("series", &self.series)
            .field("value", &self.value)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("exemplar", &self.exemplar)
            .finish()
    }
}

/// A reference to data outside, such as a trace, on a sample line.
#[derive(Clone, Copy)]
pub struct Exemplar<'a> {
    /// The labels exactly as they stand on the line, braces included. Checked as [`Sample::series`] is.
    pub series: &'a str,
    /// The value that was observed.
    pub value: f64,
    /// Milliseconds since 1970, if there is a timestamp.
    pub timestamp_ms: Option<i64>,
    pub(crate) upto: &'a [u8],
}

impl Exemplar<'_> {
    /// Decodes the labels into the builder, in place of what it held.
    ///
    /// # Errors
    /// A label name stands twice.
    pub fn labels(&self, into: &mut LabelsBuilder) -> Result<(), ParseError> {
        exemplar_labels(self.series, into).map_err(|f| locate(self.upto, self.series, f))
    }

    /// The decoded label set.
    ///
    /// # Errors
    /// As [`Exemplar::labels`].
    pub fn to_labels(&self) -> Result<Labels, ParseError> {
        let mut builder = LabelsBuilder::default();
        self.labels(&mut builder)?;
        Ok(builder.build())
    }
}

impl fmt::Debug for Exemplar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exemplar")
            .field("series", &self.series)
            .field("value", &self.value)
            .field("timestamp_ms", &self.timestamp_ms)
            .finish()
    }
}

fn locate(upto: &[u8], series: &str, fault: Fault) -> ParseError {
    Fault { at: upto.len() - series.len() + fault.at, ..fault }.locate(upto)
}

/// Decodes the text of a series; offsets of faults count from its start.
pub(crate) fn series(text: &str, into: &mut LabelsBuilder) -> Result<(), Fault> {
    decode(text, into, |cur, sink| scan::series::scan::<true>(cur, sink).map(drop))
}

/// Decodes the text of an exemplar's labels in the same way.
pub(crate) fn exemplar_labels(text: &str, into: &mut LabelsBuilder) -> Result<(), Fault> {
    decode(text, into, |cur, sink| scan::series::labels::<true>(cur, None, sink))
}

/// Decodes what `scan` finds. The text format's grammar serves for both: it takes whatever OpenMetrics' grammar took.
fn decode(
    text: &str,
    into: &mut LabelsBuilder,
    scan: impl Fn(&mut Cursor<'_>, &mut dyn FnMut(Part)) -> Result<(), Fault>,
) -> Result<(), Fault> {
    into.clear();
    scan(&mut Cursor::new(text.as_bytes()), &mut |part| {
        let (name, value) = match &part.value {
            Some(value) => (&text[part.name.clone()], &text[value.clone()]),
            None => (METRIC_NAME, &text[part.name.clone()]),
        };
        into.push(
            |out| {
                if part.quoted && part.value.is_some() {
                    unescape_into(out, name);
                } else {
                    out.push_str(name);
                }
            },
            |out| unescape_into(out, value),
        );
    })?;
    let Some(twice) = into.duplicate() else { return Ok(()) };
    // Only now does the place matter: the second time that the name stands there.
    let (mut seen, mut at) = (0, 0);
    scan(&mut Cursor::new(text.as_bytes()), &mut |part| {
        let name = match part.value {
            None => METRIC_NAME.into(),
            Some(_) if part.quoted => unescape(&text[part.name.clone()]),
            Some(_) => text[part.name.clone()].into(),
        };
        if name == twice {
            seen += 1;
            if seen == 2 {
                at = part.name.start;
            }
        }
    })?;
    Err(Fault::new(at, format!("the label `{}` stands twice", crate::error::excerpt(twice))))
}
