//! What the parser reads, one line for each entry.

use procession_openmetrics::{Entry, Format, Parser};
use std::fmt::Write;

/// Reads a body to its end or first error and shows the entries.
pub(crate) fn shown(body: &[u8], format: Format) -> String {
    let mut out = String::new();
    for entry in Parser::new(body, format) {
        let line = match entry {
            Ok(Entry::Type { family, kind }) => format!("TYPE {family} {}", kind.as_str()),
            Ok(Entry::Help { family, text }) => format!("HELP {family} {text:?}"),
            Ok(Entry::Unit { family, unit }) => format!("UNIT {family} {unit}"),
            Ok(Entry::Sample(sample)) => {
                let at = |ms: Option<i64>| ms.map_or(String::new(), |ms| format!(" @{ms}"));
                let series = sample
                    .to_labels()
                    .map(|labels| format!("{labels} = {:?}{}", sample.value, at(sample.timestamp_ms)));
                let exemplar = sample.exemplar.map_or(Ok(String::new()), |e| {
                    e.to_labels().map(|labels| format!(" # {labels} {:?}{}", e.value, at(e.timestamp_ms)))
                });
                match series.and_then(|series| Ok(series + &exemplar?)) {
                    Ok(line) => line,
                    Err(e) => format!("error at {}:{} {}", e.line, e.column, e.message),
                }
            }
            Ok(Entry::Eof) => "EOF".to_owned(),
            Err(e) => format!("error at {}:{} {}", e.line, e.column, e.message),
        };
        let _ = writeln!(out, "{line}");
        if line.starts_with("error") {
            break;
        }
    }
    out
}
