//! The rules of OpenMetrics, case by case (`data/openmetrics_rules.txt`). The project's own cases are another test's
//! (`openmetrics_cases.rs`), for whoever has them.

use procession_openmetrics::{Entry, Format, Parser, validate};

#[test]
fn every_case_is_judged_by_its_rule() {
    let (mut valid, mut refused, mut wrong) = (0, 0, Vec::new());
    for (number, line) in include_str!("data/openmetrics_rules.txt").lines().enumerate() {
        let Some(case) = line.strip_prefix('|') else { continue };
        let (body, expected) = case.rsplit_once(" => ").unwrap_or_else(|| panic!("line {}: no verdict", number + 1));
        let body = written_out(body).unwrap_or_else(|| panic!("line {}: a lone backslash", number + 1));
        let said = match validate(&body, Format::OpenMetrics) {
            Ok(_) => "valid".to_owned(),
            Err(errors) => errors[0].to_string(),
        };
        if said != expected {
            wrong.push(format!("line {}: {case}\n    it is said: {said}", number + 1));
        }
        if expected != "valid" {
            refused += 1;
            continue;
        }
        valid += 1;
        // What is valid, a scrape must take as well, every label set included.
        for entry in Parser::new(&body, Format::OpenMetrics) {
            if let Entry::Sample(sample) = entry.unwrap() {
                sample.to_labels().unwrap();
            }
        }
    }
    assert!(valid >= 75 && refused >= 220, "only {valid} valid cases and {refused} others");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The bytes that a case stands for; `None` where a backslash stands before something else.
fn written_out(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'n' => b'\n',
                b't' => b'\t',
                b'0' => 0,
                b'\\' => b'\\',
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(bytes)
}
