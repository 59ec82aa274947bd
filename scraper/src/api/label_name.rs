//! Label names in a path, where UTF-8 names are escaped.

/// The label name that a path segment stands for: one that begins with `U__` is unescaped as Prometheus 3 does
/// (`_XXXX_` is the code point with that hexadecimal number, `__` an underscore); a malformed one stays as it is.
pub(crate) fn unescape(segment: &str) -> String {
    segment.strip_prefix("U__").and_then(unescape_rest).unwrap_or_else(|| segment.to_owned())
}

fn unescape_rest(mut rest: &str) -> Option<String> {
    let mut name = String::with_capacity(rest.len());
    while let Some((plain, escaped)) = rest.split_once('_') {
        name.push_str(plain);
        let (digits, behind) = escaped.split_once('_')?;
        if digits.is_empty() {
            name.push('_');
        } else {
            // Six digits reach the last code point. `from_str_radix` alone would let a sign through.
            let hex = digits.len() < 7 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            name.push(char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| hex)?)?);
        }
        rest = behind;
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::unescape;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn escaped_names_read_back(name in any::<String>()) {
            let escaped = name.chars().fold("U__".to_owned(), |text, c| match c {
                '_' => text + "__",
                c if c.is_ascii_alphanumeric() => text + &c.to_string(),
                c => format!("{text}_{:x}_", u32::from(c)),
            });
            prop_assert_eq!(unescape(&escaped), name);
        }

        #[test]
        fn any_segment_is_a_name(segment in "U__[_0-9a-f+x]{0,12}") {
            unescape(&segment);
        }
    }

    #[test]
    fn as_prometheus_unescapes() {
        for (segment, want) in [
            ("instance", "instance"),
            ("__name__", "__name__"),
            ("U__http_2e_status", "http.status"),
            ("U__http_2E_status", "http.status"),
            ("U__label__with__underscores", "label_with_underscores"),
            ("U___1f600_", "😀"),
            ("U__label_20_with_20_b_1f631_rackets", "label with b😱rackets"),
            ("U__", ""),
            // Malformed: left as they are.
            ("U__bad_", "U__bad_"),
            ("U__bad_2e", "U__bad_2e"),
            ("U__bad_xyz_", "U__bad_xyz_"),
            ("U__bad_d800_", "U__bad_d800_"),
            ("U__bad_+2e_", "U__bad_+2e_"),
            ("U__bad_1234567_", "U__bad_1234567_"),
        ] {
            assert_eq!(unescape(segment), want, "{segment}");
        }
    }
}
