//! Writing OpenMetrics text. What is written here, [`crate::Parser`] reads back as the same labels, value bits and
//! milliseconds.

use crate::labels::{Labels, METRIC_NAME};
use crate::scan::cursor::{LABEL, LABEL_START, NAME, NAME_START, is};
use std::io::Write as _;

/// Appends a label value without its quotes, escaped: `\`, `"` and line feeds. HELP texts are escaped in the same way.
pub fn label_value(out: &mut Vec<u8>, value: &str) {
    let mut rest = value.as_bytes();
    while let Some(i) = memchr::memchr3(b'\\', b'"', b'\n', rest) {
        out.extend_from_slice(&rest[..i]);
        out.extend_from_slice(match rest[i] {
            b'\\' => b"\\\\",
            b'"' => b"\\\"",
            _ => b"\\n",
        });
        rest = &rest[i + 1..];
    }
    out.extend_from_slice(rest);
}

/// Appends a series: `name{label="value",...}`, or `{"quoted name",label="value",...}` where the name needs quotes.
/// A set without a metric name is written with its labels alone, which is not a series to any parser.
pub fn series(out: &mut Vec<u8>, labels: &Labels) {
    let name = labels.metric_name();
    let bare = is_bare(name, NAME_START, NAME);
    if bare {
        out.extend_from_slice(name.as_bytes());
    }
    let mut separator = b'{';
    if !bare && !name.is_empty() {
        out.push(separator);
        quoted(out, name);
        separator = b',';
    }
    for (name, value) in labels.iter().filter(|(n, _)| *n != METRIC_NAME) {
        out.push(separator);
        separator = b',';
        if is_bare(name, LABEL_START, LABEL) {
            out.extend_from_slice(name.as_bytes());
        } else {
            quoted(out, name);
        }
        out.push(b'=');
        quoted(out, value);
    }
    if separator == b',' {
        out.push(b'}');
    }
}

/// Appends a value in the shortest form that reads back as the same number; `NaN` for every NaN, so a staleness marker
/// is lost here.
pub fn value(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else {
        // `1.0` is written as the integer `1`, which is as short as it gets; `-0.0` as `-0`.
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

/// Appends a timestamp, given in milliseconds since 1970, as seconds with as many digits as it needs.
pub fn timestamp(out: &mut Vec<u8>, ms: i64) {
    if ms < 0 {
        out.push(b'-');
    }
    let size = ms.unsigned_abs();
    // Writing to a `Vec` cannot fail.
    let _ = write!(out, "{}", size / 1000);
    if !size.is_multiple_of(1000) {
        let _ = write!(out, ".{:03}", size % 1000);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    label_value(out, text);
    out.push(b'"');
}

fn is_bare(name: &str, first: u8, rest: u8) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|&b| is(b, first)) && bytes.iter().all(|&b| is(b, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, Format, Parser};
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn writes_values() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (17.5, "17.5"),
            (1e16, "1e+16"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (9007199254740993.0, "9007199254740992"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (crate::STALE_NAN, "NaN"),
        ] {
            assert_eq!(text(|out| value(out, number)), expected);
        }
    }

    #[test]
    fn writes_timestamps() {
        for (ms, expected) in [
            (0, "0"),
            (1, "0.001"),
            (-1, "-0.001"),
            (1500, "1.5"),
            (-61_020, "-61.02"),
            (1_520_879_607_789, "1520879607.789"),
            (1_520_879_607_000, "1520879607"),
            (i64::MAX, "9223372036854775.807"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            assert_eq!(text(|out| timestamp(out, ms)), expected);
        }
    }

    #[test]
    fn writes_series() {
        let up = Labels::from_pairs([(METRIC_NAME, "a_seconds"), ("job", "x\"\\\n")]);
        let dotted = Labels::from_pairs([(METRIC_NAME, "a.b"), ("1", "one")]);
        assert_eq!(text(|out| series(out, &up)), "a_seconds{job=\"x\\\"\\\\\\n\"}");
        assert_eq!(text(|out| series(out, &dotted)), "{\"a.b\",\"1\"=\"one\"}");
    }

    proptest! {
        #[test]
        fn parse_undoes_write(
            name in "\\PC{1,20}|[a-zA-Z_:][a-zA-Z0-9_:]{0,20}",
            pairs in proptest::collection::btree_map("(\\PC|[\n\"\\\\]){1,8}|[a-z_]{1,8}", "(\\PC|[\n\r\"\\\\\0,={}# ]){0,16}", 0..6),
            bits in any::<u64>(),
            ms in proptest::option::of(any::<i64>()),
        ) {
            let mut builder = Labels::from_pairs(&pairs).to_builder();
            let labels = { builder.set(METRIC_NAME, &name); builder.build() };
            let number = f64::from_bits(bits);
            let body = text(|out| {
                series(out, &labels);
                out.push(b' ');
                value(out, number);
                if let Some(ms) = ms {
                    out.push(b' ');
                    timestamp(out, ms);
                }
                out.extend_from_slice(b"\n# EOF\n");
            });
            let Ok(Some(Entry::Sample(read))) = Parser::new(body.as_bytes(), Format::OpenMetrics).next_entry() else {
                panic!("{body}");
            };
            prop_assert_eq!(read.to_labels().unwrap(), labels);
            prop_assert_eq!(read.timestamp_ms, ms);
            prop_assert!(read.value.to_bits() == bits || (read.value.is_nan() && number.is_nan()));
        }
    }
}
