//! The laws that hold for any body of an exposition.

use procession_openmetrics::{Entry, Format, Labels, LabelsBuilder, ParseError, Parser, Sample, validate, write};

/// Parses and validates a body in one format.
pub fn check(body: &[u8], format: Format) {
    let mut builder = LabelsBuilder::default();
    let mut is_readable = true;
    for entry in Parser::new(body, format) {
        assert!(is_readable, "there is nothing behind an error");
        match entry {
            Ok(Entry::Sample(sample)) => {
                match sample.labels(&mut builder) {
                    Ok(()) => rewritten(&sample, &builder.take()),
                    Err(e) => {
                        is_readable = false;
                        position(body, &e);
                        break;
                    }
                }
                if let Some(Err(e)) = sample.exemplar.map(|exemplar| exemplar.labels(&mut builder)) {
                    is_readable = false;
                    position(body, &e);
                    break;
                }
            }
            Ok(_) => {}
            Err(e) => {
                is_readable = false;
                position(body, &e);
            }
        }
    }
    match validate(body, format) {
        Ok(_) => assert!(is_readable, "valid, yet it cannot be scraped"),
        Err(errors) => {
            assert!(!errors.is_empty());
            errors.iter().for_each(|e| position(body, e));
        }
    }
}

/// What is read from a sample is written and read again as the same.
fn rewritten(sample: &Sample<'_>, labels: &Labels) {
    let mut body = Vec::new();
    write::series(&mut body, labels);
    body.push(b' ');
    write::value(&mut body, sample.value);
    if let Some(ms) = sample.timestamp_ms {
        body.push(b' ');
        write::timestamp(&mut body, ms);
    }
    body.extend_from_slice(b"\n# EOF\n");
    let entry = Parser::new(&body, Format::OpenMetrics).next();
    let Some(Ok(Entry::Sample(again))) = entry else { panic!("{labels:?} is read as {entry:?}") };
    assert_eq!(again.to_labels().as_ref(), Ok(labels));
    assert_eq!((again.value.to_bits(), again.timestamp_ms), (sample.value.to_bits(), sample.timestamp_ms));
}

/// An error points into the body and is one short line.
fn position(body: &[u8], e: &ParseError) {
    let line = body.split(|&b| b == b'\n').nth(e.line - 1);
    let line = line.unwrap_or_else(|| panic!("{e} is behind the last line"));
    let chars = String::from_utf8_lossy(line).chars().count();
    assert!((1..=chars + 1).contains(&e.column), "{e} is outside of {chars} characters");
    assert!(!e.message.is_empty() && !e.message.contains('\n') && e.message.len() < 1000, "{e}");
}
