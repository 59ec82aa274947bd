//! Writing PromQL: quoting of values that anybody may have chosen.

/// `value` as a PromQL string in double quotes.
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A quoted regular expression that matches exactly the given values.
pub fn any_of<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let alternatives: Vec<String> = values.into_iter().map(regex::escape).collect();
    quoted(&alternatives.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_stay_values() {
        for (value, expected) in [
            ("nginx", r#""nginx""#),
            (r#"a"} or up{b="c"#, r#""a\"} or up{b=\"c""#),
            ("back\\slash", r#""back\\slash""#),
            ("new\nline", r#""new\nline""#),
        ] {
            assert_eq!(quoted(value), expected);
        }
        assert_eq!(any_of(["a.b", "c|d", "(e)"]), r#""a\\.b|c\\|d|\\(e\\)""#);
    }
}
