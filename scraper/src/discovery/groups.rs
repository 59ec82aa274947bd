//! Lists of target groups, as files and servers give them: `[{"targets": ["host:port"], "labels": {...}}]`. Pure.

use crate::config::{ListFormat, TargetGroup, parse_groups};

/// Reads a list; every group gets the label `meta` with the value `origin`. The error says what is wrong where.
pub(super) fn read(bytes: &[u8], format: ListFormat, meta: &str, origin: &str) -> Result<Vec<TargetGroup>, String> {
    let mut groups = parse_groups(bytes, format)?;
    for group in &mut groups {
        group.labels.retain(|(name, _)| name != meta);
        group.labels.push((meta.to_owned(), origin.to_owned()));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: ListFormat, text: &str, want: Result<&str, &str>) {
        let got = read(text.as_bytes(), format, "__meta_x", "here");
        let got = got.map(|groups| {
            let one = |g: &TargetGroup| {
                let labels: Vec<String> = g.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
                format!("{} {}", g.targets.join(","), labels.join(","))
            };
            groups.iter().map(one).collect::<Vec<_>>().join("; ")
        });
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{text}");
    }

    #[test]
    fn lists() {
        use ListFormat::{Json, Yaml};
        for (format, text, want) in [
            (
                Json,
                r#"[{"targets": ["a:1", "b:1"], "labels": {"env": "x"}}, {"targets": ["c:1"]}]"#,
                Ok("a:1,b:1 env=x,__meta_x=here; c:1 __meta_x=here"),
            ),
            (Yaml, "- targets: [a:1]\n  labels: {env: x, port: 80}\n", Ok("a:1 env=x,port=80,__meta_x=here")),
            (Json, "[]", Ok("")),
            (Yaml, "", Ok("")),
            // Nobody may pretend to be of another origin.
            (Json, r#"[{"targets": ["a:1"], "labels": {"__meta_x": "there"}}]"#, Ok("a:1 __meta_x=here")),
            (Json, "", Err("EOF while parsing a value at line 1 column 0")),
            (Json, "{}", Err("invalid type: map, expected a sequence at line 1 column 0")),
            (
                Json,
                r#"[{"target": ["a:1"]}]"#,
                Err("unknown field `target`, expected `targets` or `labels` at line 1 column 10"),
            ),
            (
                Json,
                r#"[{"targets": ["a:1"]}, {"targets": ["http://a/b"]}]"#,
                Err(
                    "[1].targets[0]: \"http://a/b\" is not an address: expected host:port, with the rest in `scheme`, `metrics_path` and `params`",
                ),
            ),
            (
                Json,
                "[null]",
                Err("invalid type: null, expected a mapping with `targets` and `labels` at line 1 column 5"),
            ),
            (
                Yaml,
                "- targets: [a:1]\n  labels: {__name__: x}\n",
                Err("[0].labels.__name__: a target has no metric name"),
            ),
            (
                Yaml,
                "- targets: 7\n",
                Err("[0].targets: invalid type: integer `7`, expected a sequence at line 1 column 12"),
            ),
        ] {
            check(format, text, want);
        }
        assert!(read(b"\xff", Json, "m", "o").is_err() && read(b"\xff", Yaml, "m", "o").is_err());
    }
}
