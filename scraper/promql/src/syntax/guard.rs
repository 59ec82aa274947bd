//! Bounds on the text of a query. The parser's tree is built, converted and dropped by recursion, so its depth must be
//! bounded before there is one.

use crate::Error;

/// The longest query, in bytes: a selector may carry a long alternation of names, but not a file.
const MAX_BYTES: usize = 256 * 1024;
/// The most brackets that may be open at once.
const MAX_BRACKETS: usize = 64;
/// The most operators of a query: each may be one level of the tree.
const MAX_OPERATORS: usize = 500;
/// The most regular expressions of a query: each is compiled before anything else is known of it.
const MAX_REGEXES: usize = 100;

pub(super) fn check(query: &str) -> Result<(), Error> {
    if query.len() > MAX_BYTES {
        return Err(Error::parse(format_args!("the query is longer than {MAX_BYTES} bytes")));
    }
    let bytes = query.as_bytes();
    let (mut depth, mut braces, mut operators, mut regexes, mut i) = (0usize, 0usize, 0usize, 0usize, 0);
    while i < bytes.len() {
        let start = i;
        match bytes[i] {
            quote @ (b'"' | b'\'' | b'`') => {
                i += 1;
                while i < bytes.len() && bytes[i] != quote {
                    let escaped = bytes[i] == b'\\' && quote != b'`';
                    if escaped && is_high_byte(&bytes[i + 1..]) {
                        return Err(Error::Unsupported {
                            what: "an escape of a single byte above 0x7f".to_owned(),
                            why: "texts here are Unicode; write the character or its \\u escape",
                        });
                    }
                    i += if escaped { 2 } else { 1 };
                }
            }
            b'#' => i += bytes[i..].iter().take_while(|b| **b != b'\n').count(),
            b'(' | b'[' => depth += 1,
            b'{' => braces += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' => braces = braces.saturating_sub(1),
            b'~' => regexes += 1,
            // Inside braces they are matchers.
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'=' | b'!' | b'<' | b'>' if braces == 0 => operators += 1,
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let word =
                    bytes[i..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':')).count();
                let text = &query[i..i + word];
                if ["and", "or", "unless", "atan2"].iter().any(|o| text.eq_ignore_ascii_case(o)) {
                    operators += 1;
                }
                i += word - 1;
            }
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return Err(Error::parse_at(query, start, format_args!("nested deeper than {MAX_BRACKETS} levels")));
        }
        if operators > MAX_OPERATORS {
            return Err(Error::parse_at(query, start, format_args!("more than {MAX_OPERATORS} operators")));
        }
        if regexes > MAX_REGEXES {
            return Err(Error::parse_at(query, start, format_args!("more than {MAX_REGEXES} regular expressions")));
        }
        i += 1;
    }
    Ok(())
}

/// `xff` or `377` after a backslash: a byte to Prometheus, but a character to the parser, which would silently match
/// something else.
fn is_high_byte(escape: &[u8]) -> bool {
    match escape {
        [b'x', high, ..] => matches!(high, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'),
        [first, ..] => matches!(first, b'2' | b'3'),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_depth_length_and_operators() {
        for good in
            ["1", "sum(rate(x{a=\"((((\"}[5m]))", "# ((((\n1", &"a and ".repeat(499), &"'\\'((' ".repeat(90), "'"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
        for (bad, message) in [
            (deep.as_str(), "1:65: parse error: nested deeper than 64 levels"),
            (&"-".repeat(100_000), "1:501: parse error: more than 500 operators"),
            (&"a or ".repeat(10_000), "1:2503: parse error: more than 500 operators"),
            (&"{a=~\"b\"}".repeat(1_000), "1:804: parse error: more than 100 regular expressions"),
            (&" ".repeat(300_000), "parse error: the query is longer than 262144 bytes"),
        ] {
            assert_eq!(check(bad).unwrap_err().to_string(), message);
        }
        for escape in ["\"\\xff\"", "'\\377'"] {
            assert!(matches!(check(escape), Err(Error::Unsupported { .. })));
        }
        assert!(check("'\\x7f\\u00ff\\177' `\\xff`").is_ok());
    }
}
