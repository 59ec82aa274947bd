//! Name templates: the part of Go's templates that names of groups are made with.
//!
//! Fields, `index .Cgroups N`, `index .Matches "NAME"`, comments and the trim marks `{{-` and `-}}`. Go's conditions,
//! loops, pipelines and functions are refused, each by its text.

use super::{Attributes, Needs, base_name, container, unit};

/// A compiled template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Comm,
    ExeBase,
    ExeFull,
    Username,
    Match(String),
    Pid,
    StartTime,
    Cgroups,
    Cgroup(usize),
    Unit,
    Container,
}

const KNOWN: &str =
    ".Comm, .ExeBase, .ExeFull, .Username, .Matches.NAME, .PID, .StartTime, .Cgroups, .Unit or .Container";

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// Where it is not valid or uses what is not supported, in one line.
    pub fn new(source: &str) -> Result<Template, String> {
        let bad = |reason: String| format!("bad name template {source:?}: {reason}");
        let (mut parts, mut rest, mut trim) = (Vec::new(), source, false);
        loop {
            let (text, action) = match rest.split_once("{{") {
                Some((text, action)) => (text, Some(action)),
                None => (rest, None),
            };
            let text = if std::mem::take(&mut trim) { text.trim_start() } else { text };
            let Some(action) = action else {
                push_text(&mut parts, text);
                break;
            };
            let Some((mut inside, after)) = action.split_once("}}") else {
                return Err(bad("`{{` without `}}`".to_owned()));
            };
            rest = after;
            let text = match inside.strip_prefix('-').filter(|i| i.starts_with(char::is_whitespace)) {
                Some(trimmed) => {
                    inside = trimmed;
                    text.trim_end()
                }
                None => text,
            };
            push_text(&mut parts, text);
            if let Some(trimmed) = inside.strip_suffix('-').filter(|i| i.ends_with(char::is_whitespace)) {
                (inside, trim) = (trimmed, true);
            }
            let inside = inside.trim();
            if !(inside.starts_with("/*") && inside.ends_with("*/")) {
                parts.push(action_part(inside).map_err(bad)?);
            }
        }
        Ok(Template { source: source.to_owned(), parts })
    }

    /// The text that it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names that it takes from `.Matches`.
    pub fn matches(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Match(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// What has to be read for it.
    pub(crate) fn needs(&self) -> Needs {
        Needs {
            cmdline: self.parts.iter().any(|p| matches!(p, Part::ExeBase | Part::ExeFull | Part::Match(_))),
            cgroup: self
                .parts
                .iter()
                .any(|p| matches!(p, Part::Cgroups | Part::Cgroup(_) | Part::Unit | Part::Container)),
            parent: false,
        }
    }

    /// The name of a process's group. `captures` in order; the last one of a name counts.
    pub(crate) fn render(&self, process: &Attributes<'_>, captures: &[(String, String)]) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Comm => out.push_str(process.comm),
                // Without a command line both are the kernel's name.
                Part::ExeBase => out.push_str(process.argv0.map_or(process.comm, base_name)),
                Part::ExeFull => out.push_str(process.argv0.unwrap_or(process.comm)),
                Part::Username => out.push_str(process.user.unwrap_or_default()),
                Part::Match(name) => {
                    let value = captures.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
                    out.push_str(value.unwrap_or_default());
                }
                Part::Pid => out.push_str(itoa::Buffer::new().format(process.pid)),
                Part::StartTime => out.push_str(&start_time(process.start_ms)),
                Part::Cgroups => {
                    out.push('[');
                    out.push_str(&process.cgroups.join(" "));
                    out.push(']');
                }
                Part::Cgroup(index) => out.push_str(process.cgroups.get(*index).map_or("", String::as_str)),
                Part::Unit => out.push_str(unit(process.cgroups).unwrap_or_default()),
                Part::Container => out.push_str(container(process.cgroups).unwrap_or_default()),
            }
        }
        out
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn action_part(action: &str) -> Result<Part, String> {
    let unknown = || format!("`{{{{{action}}}}}` is not supported, expected {KNOWN}");
    if let Some(arguments) = action.strip_prefix("index ") {
        let mut words = arguments.split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(".Cgroups"), Some(index), None) => index.parse().map(Part::Cgroup).map_err(|_| unknown()),
            (Some(".Matches"), Some(quoted), None) => {
                let name = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).ok_or_else(unknown)?;
                Ok(Part::Match(name.to_owned()))
            }
            _ => Err(unknown()),
        };
    }
    Ok(match action {
        ".Comm" => Part::Comm,
        ".ExeBase" => Part::ExeBase,
        ".ExeFull" => Part::ExeFull,
        ".Username" => Part::Username,
        ".PID" => Part::Pid,
        ".StartTime" => Part::StartTime,
        ".Cgroups" => Part::Cgroups,
        ".Unit" => Part::Unit,
        ".Container" => Part::Container,
        _ => {
            let name = action.strip_prefix(".Matches.").ok_or_else(unknown)?;
            let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !plain(name) {
                return Err(unknown());
            }
            Part::Match(name.to_owned())
        }
    })
}

/// As Go prints a time in UTC: `2017-10-19 22:52:51.19 +0000 UTC`.
fn start_time(start_ms: u64) -> String {
    match i64::try_from(start_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) {
        Some(start) => start.strftime("%Y-%m-%d %H:%M:%S%.f +0000 UTC").to_string(),
        None => start_ms.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rendered(template: &str) -> String {
        let cgroups = ["/a".to_owned(), "/system.slice/x.service".to_owned()];
        let process = Attributes {
            pid: 42,
            start_ms: 1_508_453_571_190,
            comm: "post",
            argv0: Some("/usr/bin/postmaster"),
            user: Some("ada"),
            cgroups: &cgroups,
            ..Attributes::default()
        };
        let captures = [("p".to_owned(), "old".to_owned()), ("p".to_owned(), "pg".to_owned())];
        Template::new(template).expect("valid").render(&process, &captures)
    }

    #[test]
    fn fields() {
        for (template, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{{.Comm}}", "post"),
            ("{{ .ExeBase }}:{{.ExeFull}}", "postmaster:/usr/bin/postmaster"),
            ("{{.Username}}-{{.PID}}", "ada-42"),
            ("{{.Matches.p}}{{index .Matches \"p\"}}{{.Matches.q}}", "pgpg"),
            ("{{.StartTime}}", "2017-10-19 22:52:51.19 +0000 UTC"),
            ("{{.Cgroups}}", "[/a /system.slice/x.service]"),
            ("{{index .Cgroups 1}}{{index .Cgroups 7}}", "/system.slice/x.service"),
            ("{{.Unit}}{{.Container}}", "x.service"),
            ("a {{- .Comm -}} b{{/* why */}}.", "apostb."),
            ("}} {", "}} {"),
        ] {
            assert_eq!(rendered(template), expected, "{template}");
        }
        let process = Attributes { comm: "kthreadd", start_ms: 1_508_453_571_000, ..Attributes::default() };
        let template = Template::new("{{.ExeBase}} {{.ExeFull}} {{.StartTime}}").expect("valid");
        assert_eq!(template.render(&process, &[]), "kthreadd kthreadd 2017-10-19 22:52:51 +0000 UTC");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let refused = |text: &str| Template::new(text).expect_err("refused");
        assert_eq!(
            refused("x{{.Com}}"),
            format!("bad name template \"x{{{{.Com}}}}\": `{{{{.Com}}}}` is not supported, expected {KNOWN}")
        );
        assert_eq!(refused("{{.Comm"), "bad name template \"{{.Comm\": `{{` without `}}`");
        for bad in [
            "{{}}",
            "{{if .Comm}}x{{end}}",
            "{{.Matches.}}",
            "{{index .Cgroups x}}",
            "{{.Comm | printf}}",
            "{{.Matches}}",
        ] {
            assert!(refused(bad).contains("is not supported"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text: String) {
            let _ = Template::new(&text);
        }
    }
}
