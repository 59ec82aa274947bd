//! The series of a sample: its labels, and the liberties that the parser takes and a specification does not.

use super::Faults;
use crate::format::Format;
use crate::labels::{Labels, LabelsBuilder, METRIC_NAME};
use crate::parser::{ExemplarPart, SampleLine};
use crate::scan::cursor::Cursor;
use crate::scan::series;

/// The labels of a sample, or `None` where a name stands twice. What is wrong is reported.
pub(super) fn decoded(sample: &SampleLine<'_>, format: Format, faults: &mut Faults) -> Option<Labels> {
    check(sample.series, sample.at, format, faults);
    let mut builder = LabelsBuilder::default();
    if let Err(fault) = crate::sample::series(sample.series, &mut builder) {
        faults.add(sample.at + fault.at, fault.message);
        return None;
    }
    let labels = builder.build();
    reserved(&labels, sample.at, format, faults);
    Some(labels)
}

/// The labels of an exemplar, in the same way.
pub(super) fn exemplar(exemplar: &ExemplarPart<'_>, faults: &mut Faults) -> Option<Labels> {
    check(exemplar.labels, exemplar.at, Format::OpenMetrics, faults);
    let mut builder = LabelsBuilder::default();
    match crate::sample::exemplar_labels(exemplar.labels, &mut builder) {
        Ok(()) => Some(builder.build()),
        Err(fault) => {
            faults.add(exemplar.at + fault.at, fault.message);
            None
        }
    }
}

fn check(text: &str, at: usize, format: Format, faults: &mut Faults) {
    match format {
        // No value ends in a comma outside of its quotes.
        Format::OpenMetrics if text.ends_with(",}") => faults.add(at + text.len() - 2, "a comma behind the last label"),
        Format::OpenMetrics => {}
        Format::Text => {
            let mut end = None;
            // The parser has been here: the text is a series.
            let _ = series::scan::<true>(&mut Cursor::new(text.as_bytes()), |part| {
                if end.is_some_and(|end: usize| !text[end..part.name.start].contains(',')) {
                    faults.add(at + part.name.start, "no comma before this label");
                }
                if part.value.is_some() || part.quoted {
                    end = Some(part.value.map_or(part.name.end, |v| v.end) + 1);
                }
            });
            if let Some(i) = text.find('\n') {
                faults.add(at + i, "a line feed inside quotes, which must be written `\\n`");
            }
        }
    }
}

fn reserved(labels: &Labels, at: usize, format: Format, faults: &mut Faults) {
    for (name, _) in labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
        let bad = match format {
            Format::OpenMetrics => name.starts_with('_'),
            Format::Text => name.starts_with("__"),
        };
        if bad {
            let name = crate::error::excerpt(name);
            faults.add(at, format!("the label name `{name}` is reserved: it begins with an underscore"));
        }
    }
}
