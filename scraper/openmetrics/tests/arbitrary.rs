//! Whatever comes in: nothing panics, errors point into the body, and what is valid can be scraped.

use procession_openmetrics::{Entry, Format, LabelsBuilder, ParseError, Parser, validate};
use proptest::prelude::*;

#[track_caller]
fn check_position(body: &[u8], e: &ParseError) {
    let lines: Vec<_> = body.split(|&b| b == b'\n').collect();
    assert!((1..=lines.len()).contains(&e.line), "{e} is outside of {} lines", lines.len());
    let chars = String::from_utf8_lossy(lines[e.line - 1]).chars().count();
    assert!((1..=chars + 1).contains(&e.column), "{e} is outside of {chars} characters");
    assert!(!e.message.is_empty() && !e.message.contains('\n') && e.message.len() < 1000, "{e}");
}

fn check(body: &[u8]) {
    for format in [Format::Text, Format::OpenMetrics] {
        let mut builder = LabelsBuilder::default();
        let mut failed = false;
        for entry in Parser::new(body, format) {
            assert!(!failed, "there is nothing behind an error");
            match entry {
                Ok(Entry::Sample(sample)) => {
                    check_position(body, &sample.error("x"));
                    if let Err(e) = sample.labels(&mut builder) {
                        check_position(body, &e);
                    }
                    if let Some(Err(e)) = sample.exemplar.map(|e| e.labels(&mut builder)) {
                        check_position(body, &e);
                    }
                }
                Ok(_) => {}
                Err(e) => {
                    failed = true;
                    check_position(body, &e);
                }
            }
        }
        match validate(body, format) {
            Ok(_) => assert!(!failed, "valid, yet it cannot be scraped"),
            Err(errors) => errors.iter().for_each(|e| check_position(body, e)),
        }
    }
}

/// Pieces of expositions, so that random bodies get past the first line.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(vec![
            "a",
            "b_total",
            "a_bucket",
            "a_count",
            "a_sum",
            "{",
            "}",
            "\"",
            "\\",
            ",",
            "=",
            "le=\"+Inf\"",
            "le=\"1\"",
            "b=\"c\"",
            " ",
            "\t",
            "\n",
            "\r\n",
            "1",
            "-1.5",
            "NaN",
            "+Inf",
            "1e3",
            "# ",
            "# TYPE a ",
            "# HELP a ",
            "# UNIT a_s s\n",
            "counter\n",
            "histogram\n",
            "summary\n",
            "stateset\n",
            " # {b=\"c\"} 1",
            "# EOF",
            "\u{e4}",
            "{\"a.b\"",
            "a 1\n",
            "a{b=\"1\"} 2 3\n",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..4),
    ]
}

proptest! {
    #[test]
    fn bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&body);
    }

    #[test]
    fn pieces(body in prop::collection::vec(piece(), 0..40)) {
        check(&body.concat());
    }

    #[test]
    fn a_body_cut_anywhere(cut in 0usize..400, flip in 0usize..400, byte in any::<u8>()) {
        let mut body = b"# HELP a Help \\n.\n# TYPE a histogram\na_bucket{b=\"\xc3\xa4\\\"\",le=\"1.0\"} 1 # {c=\"d\"} 0.5 1.5\n\
            a_bucket{b=\"\xc3\xa4\\\"\",le=\"+Inf\"} 2\na_count{b=\"\xc3\xa4\\\"\"} 2\na_sum{b=\"\xc3\xa4\\\"\"} 3\n\
            # TYPE \"f.s\" gauge\n# UNIT \"f.s\" \n{\"f.s\",\"l.n\"=\"\"} -1e-7 1520879607.789\n# EOF\n".to_vec();
        if let Some(b) = body.get_mut(flip) {
            *b = byte;
        }
        body.truncate(cut);
        check(&body);
    }
}
