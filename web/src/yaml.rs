//! Where a key stands in a YAML text, for errors that are found after decoding.

/// The line, from 1, on which the last part of a dotted key (`basic_auth_users.ann`) is written; `None` where it is not
/// written like that.
pub fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let name = key.rsplit('.').next().filter(|name| !name.is_empty())?;
    let names = |line: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "{,\"'-".contains(c));
            before && line[at + name.len()..].trim_start_matches(['"', '\'']).trim_start().starts_with(':')
        })
    };
    let uncommented =
        |line: &str| !line.trim_start().starts_with('#') && names(line.split(" #").next().unwrap_or(line));
    text.lines().position(uncommented).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_keys_as_people_write_them() {
        let text = "# ann: not here\nbasic_auth_users:\n  joann: x\n  \"ann\": y\nquery: {url: z, timeout: 3}\n";
        let cases =
            [("basic_auth_users.ann", Some(4)), ("query.timeout", Some(5)), ("query", Some(5)), ("nobody", None)];
        for (key, line) in cases {
            assert_eq!(line_of_key(text, key), line, "{key}");
        }
        assert_eq!(line_of_key(text, ""), None);
    }
}
