//! The file as it is written. Nothing outside `config` sees these types.

use serde::Deserialize;

use super::rule::RawRule;
use super::span::Span;

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) per_process: PerProcess,
    #[serde(default)]
    pub(crate) groups: Groups,
    pub(crate) process_names: Option<Vec<RawRule>>,
    pub(crate) children: Option<bool>,
    pub(crate) recheck: Option<bool>,
    pub(crate) recheck_with_time_limit: Option<Span>,
}

/// The section `per_process`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerProcess {
    pub(crate) enabled: Option<bool>,
}

/// The section `groups`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Groups {
    pub(crate) enabled: Option<bool>,
}

impl File {
    /// Decodes a file; the error is its place (`:LINE:COLUMN`, or empty) and what is wrong there.
    pub(crate) fn parse(text: &str) -> Result<File, (String, String)> {
        // A file without anything in it is the YAML value null.
        let file: Result<Option<File>, _> = serde_yaml::from_str(text);
        file.map(Option::unwrap_or_default).map_err(|error| {
            let Some(at) = error.location() else {
                return (String::new(), error.to_string());
            };
            let place = format!(":{}:{}", at.line(), at.column());
            // The place stands before the message; the parser repeats it at the end.
            let message = error.to_string();
            let tail = format!(" at line {} column {}", at.line(), at.column());
            (place, message.strip_suffix(&tail).unwrap_or(&message).to_owned())
        })
    }
}
