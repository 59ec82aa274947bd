//! `metric_name_validation_scheme` and `metric_name_escaping_scheme`: which names are taken, and how a target that has
//! others is asked to write them.

use super::position::Path;
use super::problem::Problem;
use super::scalar::parsed;
use serde::{Deserialize, Deserializer};

/// Which names of metrics and labels a scrape may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameValidation {
    /// Any text.
    Utf8,
    /// Letters, digits and `_`, in names of metrics `:` too, and no digit first; a scrape that brings others fails.
    Legacy,
}

impl NameValidation {
    /// Whether a metric may have this name.
    pub(crate) fn takes_metric(self, name: &str) -> bool {
        self == NameValidation::Utf8 || is_legacy(name, b"_:")
    }

    /// Whether a label may have this name.
    pub(crate) fn takes_label(self, name: &str) -> bool {
        self == NameValidation::Utf8 || is_legacy(name, b"_")
    }
}

fn is_legacy(name: &str, beside_letters: &[u8]) -> bool {
    name.bytes()
        .enumerate()
        .all(|(i, b)| b.is_ascii_alphabetic() || beside_letters.contains(&b) || (i > 0 && b.is_ascii_digit()))
}

/// What a target makes of characters that are no legacy ones, by the word for it in the `Accept` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameEscaping(pub(super) &'static str);

/// Names stay as they are.
pub(super) const ALLOW_UTF8: NameEscaping = NameEscaping("allow-utf-8");
const UNDERSCORES: NameEscaping = NameEscaping("underscores");
const ESCAPINGS: [NameEscaping; 4] = [ALLOW_UTF8, UNDERSCORES, NameEscaping("dots"), NameEscaping("values")];

/// Both keys of a job or of `global`; `None` is "not set", as is an empty text.
pub(super) type Schemes = (Option<ConfigValidation>, Option<ConfigEscaping>);

/// What holds for a job with these keys under these of `global`.
pub(super) fn schemes(at: &Path, job: Schemes, global: Schemes) -> Result<(NameValidation, NameEscaping), Problem> {
    let validation = |schemes: Schemes| schemes.0.and_then(|scheme| scheme.0);
    let escaping = |schemes: Schemes| schemes.1.and_then(|scheme| scheme.0);
    let names = validation(job).or(validation(global)).unwrap_or(NameValidation::Utf8);
    let written = escaping(job).or(escaping(global));
    match (names, written) {
        (NameValidation::Legacy, Some(ALLOW_UTF8)) => {
            let message = "the names asked for are not those that are taken: expected another \
                           `metric_name_escaping_scheme` than allow-utf-8, or none";
            Err(Problem::new(&at.key("metric_name_validation_scheme"), message))
        }
        (NameValidation::Legacy, None) => Ok((names, UNDERSCORES)),
        (_, written) => Ok((names, written.unwrap_or(ALLOW_UTF8))),
    }
}

/// `metric_name_validation_scheme` as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigValidation(Option<NameValidation>);

impl<'de> Deserialize<'de> for ConfigValidation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "utf8 or legacy", |text| match text {
            "" => Ok(ConfigValidation(None)),
            "utf8" => Ok(ConfigValidation(Some(NameValidation::Utf8))),
            "legacy" => Ok(ConfigValidation(Some(NameValidation::Legacy))),
            _ => Err(format!("{text:?} is not a scheme of names: expected utf8 or legacy")),
        })
    }
}

/// `metric_name_escaping_scheme` as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigEscaping(Option<NameEscaping>);

impl<'de> Deserialize<'de> for ConfigEscaping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a way of escaping names", |text| {
            let found = ESCAPINGS.into_iter().find(|escaping| escaping.0 == text);
            if found.is_none() && !text.is_empty() {
                let known = ESCAPINGS.map(|escaping| escaping.0).join(", ");
                return Err(format!("{text:?} is not a way of escaping names: expected one of {known}"));
            }
            Ok(ConfigEscaping(found))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn legacy_names_are_letters_digits_and_underscores() {
        let legacy = NameValidation::Legacy;
        for (name, metric, label) in [
            ("http_requests_2", true, true),
            ("_", true, true),
            ("job:up:sum", true, false),
            ("2xx", false, false),
            ("http.requests", false, false),
            ("größe", false, false),
        ] {
            assert_eq!((legacy.takes_metric(name), legacy.takes_label(name)), (metric, label), "{name}");
            assert!(NameValidation::Utf8.takes_metric(name) && NameValidation::Utf8.takes_label(name));
        }
    }

    #[test]
    fn a_job_s_schemes_stand_before_those_of_all() {
        const V: &str = "metric_name_validation_scheme";
        const E: &str = "metric_name_escaping_scheme";
        let cases = [
            (String::new(), String::new(), NameValidation::Utf8, "allow-utf-8"),
            (format!("{V}: legacy"), String::new(), NameValidation::Legacy, "underscores"),
            (format!("{V}: legacy, {E}: dots"), String::new(), NameValidation::Legacy, "dots"),
            (format!("{V}: legacy"), format!("{V}: utf8"), NameValidation::Utf8, "allow-utf-8"),
            (format!("{V}: legacy"), format!("{V}: ''"), NameValidation::Legacy, "underscores"),
            (String::new(), format!("{V}: legacy"), NameValidation::Legacy, "underscores"),
            (format!("{E}: dots"), format!("{E}: values"), NameValidation::Utf8, "values"),
        ];
        for (global, job, names, escaping) in cases {
            let text = format!("global: {{{global}}}\nscrape_configs:\n- {{job_name: a, {job}}}\n");
            let config = Config::parse(&text, "test").unwrap();
            assert_eq!(config.jobs[0].names, names, "{text}");
            assert!(config.jobs[0].accept.contains(&format!(";escaping={escaping};")), "{text}");
        }
    }
}
