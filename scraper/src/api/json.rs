//! JSON as Prometheus prints it, written straight into one buffer.

use procession_openmetrics::Labels;
use procession_promql::write_value;

/// Writes a string in quotes. Everything that could end a string, a line or an HTML element is escaped (`<`, `>`, `&`,
/// U+2028 and U+2029 too), so that an answer is harmless wherever it is pasted.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            b'<' => b"\\u003c",
            b'>' => b"\\u003e",
            b'&' => b"\\u0026",
            0xe2 if bytes[i..].starts_with("\u{2028}".as_bytes()) => b"\\u2028",
            0xe2 if bytes[i..].starts_with("\u{2029}".as_bytes()) => b"\\u2029",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain..i]);
        plain = i + if byte == 0xe2 { 3 } else { 1 };
        if escape.is_empty() {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        } else {
            out.extend_from_slice(escape);
        }
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

/// Appends finished JSON, with what [`string`] would have escaped and JSON need not escape.
pub(crate) fn harmless(out: &mut Vec<u8>, finished: &[u8]) {
    // Outside strings JSON has none of these characters.
    for (i, &byte) in finished.iter().enumerate() {
        match byte {
            b'<' => out.extend_from_slice(b"\\u003c"),
            b'>' => out.extend_from_slice(b"\\u003e"),
            b'&' => out.extend_from_slice(b"\\u0026"),
            0xe2 if finished[i..].starts_with("\u{2028}".as_bytes()) => out.extend_from_slice(b"\\u2028"),
            0xe2 if finished[i..].starts_with("\u{2029}".as_bytes()) => out.extend_from_slice(b"\\u2029"),
            0x80 if finished[..i].ends_with(b"\xe2") && matches!(finished.get(i + 1), Some(0xa8 | 0xa9)) => {}
            0xa8 | 0xa9 if finished[..i].ends_with(b"\xe2\x80") => {}
            _ => out.push(byte),
        }
    }
}

/// Writes a label set as an object, names in their order.
pub(crate) fn labels(out: &mut Vec<u8>, labels: &Labels) {
    object(out, labels.iter(), string);
}

/// Writes pairs as an object.
pub(crate) fn object<'a, V>(
    out: &mut Vec<u8>,
    pairs: impl Iterator<Item = (&'a str, V)>,
    value: impl Fn(&mut Vec<u8>, V),
) {
    out.push(b'{');
    for (i, (name, v)) in pairs.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        value(out, v);
    }
    out.push(b'}');
}

/// Writes values as an array.
pub(crate) fn array<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, item: impl Fn(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (i, v) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        item(out, v);
    }
    out.push(b']');
}

/// Writes milliseconds as seconds: `1435781451.781`, without a fraction where it is zero.
pub(crate) fn timestamp(out: &mut Vec<u8>, timestamp_ms: i64) {
    if timestamp_ms < 0 {
        out.push(b'-');
    }
    let ms = timestamp_ms.unsigned_abs();
    out.extend_from_slice(itoa::Buffer::new().format(ms / 1000).as_bytes());
    let fraction = ms % 1000;
    if fraction != 0 {
        let digit = |n: u64| b'0' + (n % 10) as u8;
        out.extend_from_slice(&[b'.', digit(fraction / 100), digit(fraction / 10), digit(fraction)]);
    }
}

/// Writes a sample's value in quotes, since JSON has no NaN.
pub(crate) fn value(out: &mut Vec<u8>, value: f64) {
    out.push(b'"');
    write_value(out, value);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps() {
        for (ms, want) in [
            (1_435_781_451_781, "1435781451.781"),
            (1_435_781_451_000, "1435781451"),
            (1_435_781_451_050, "1435781451.050"),
            (7, "0.007"),
            (0, "0"),
            (-1500, "-1.500"),
            (-1, "-0.001"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            assert_eq!(text(|o| timestamp(o, ms)), want);
        }
    }

    #[test]
    fn finished_json_is_as_harmless() {
        let hostile = "\u{2027}\u{2028}x\u{2029}\u{202a}\u{a8}<a href=\"b&c\">\u{2028}";
        let json = serde_json::to_vec(hostile).unwrap();
        assert_eq!(text(|o| harmless(o, &json)), text(|o| string(o, hostile)));
    }

    #[test]
    fn hostile_strings_are_one_plain_line() {
        let hostile = "a\"b\\c\n\r\t\0\u{1f}\u{7f}</script>&\u{2028}\u{2029}\u{20ac}é😀";
        let json = text(|o| string(o, hostile));
        assert_eq!(
            json,
            "\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f\u{7f}\\u003c/script\\u003e\\u0026\\u2028\\u2029\u{20ac}é😀\""
        );
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }

    proptest! {
        #[test]
        fn strings_read_back(s in any::<String>()) {
            prop_assert_eq!(serde_json::from_str::<String>(&text(|o| string(o, &s))).unwrap(), s);
        }

        #[test]
        fn label_sets_read_back(map in proptest::collection::btree_map("[a-z]{1,3}", "\\PC{1,9}|[\\x00-\\x7f]{1,9}", 0..5)) {
            let json = text(|o| labels(o, &Labels::from_pairs(&map)));
            prop_assert_eq!(serde_json::from_str::<std::collections::BTreeMap<String, String>>(&json).unwrap(), map);
        }
    }
}
