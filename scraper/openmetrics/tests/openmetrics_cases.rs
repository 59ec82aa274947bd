//! The parser cases of the OpenMetrics project (`tests/testdata/parsers` of github.com/prometheus/OpenMetrics), which
//! are not kept here: `OPENMETRICS_TESTDATA=<that folder> cargo test -p procession-openmetrics -- --ignored`.

use procession_openmetrics::{Entry, Format, Parser, validate};
use std::path::Path;

#[test]
#[ignore = "needs the OpenMetrics project's test data"]
fn agrees_with_every_case() {
    let folder = std::env::var("OPENMETRICS_TESTDATA").expect("OPENMETRICS_TESTDATA names the folder `parsers`");
    let (mut cases, mut wrong) = (0, Vec::new());
    for case in std::fs::read_dir(Path::new(&folder)).unwrap() {
        let case = case.unwrap();
        let name = case.file_name().into_string().unwrap();
        let body = std::fs::read(case.path().join("metrics")).unwrap();
        // `"shouldParse": true|false` is all that the description says.
        let good = std::fs::read_to_string(case.path().join("test.json")).unwrap().contains("true");
        cases += 1;
        match validate(&body, Format::OpenMetrics) {
            Err(errors) if good => wrong.push(format!("{name}: refused: {}", errors[0])),
            Ok(summary) if !good => wrong.push(format!("{name}: accepted: {summary:?}")),
            Ok(_) => {
                // What is valid, a scrape must take as well, every label set included.
                for entry in Parser::new(&body, Format::OpenMetrics) {
                    if let Entry::Sample(sample) = entry.unwrap() {
                        sample.to_labels().unwrap();
                    }
                }
            }
            Err(errors) => println!("{name}: {}", errors[0]),
        }
    }
    println!("{} of {cases} cases pass", cases - wrong.len());
    assert!(cases > 200, "only {cases} cases found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
