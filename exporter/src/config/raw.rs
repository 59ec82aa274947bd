//! The file as it is written. Nothing outside `config` sees these types.

use serde::{Deserialize, Deserializer, de};

use super::rule::RawRule;
use super::span::Span;
use crate::metric::Family;

/// A whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) per_process: PerProcess,
    #[serde(default)]
    pub(crate) groups: Groups,
    #[serde(default)]
    pub(crate) metrics: Metrics,
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
    pub(crate) max_series: Option<MaxSeries>,
}

/// The section `groups`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Groups {
    pub(crate) enabled: Option<bool>,
    pub(crate) max_series: Option<MaxSeries>,
    pub(crate) forget_after: Option<Span>,
}

/// The section `metrics`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metrics {
    #[serde(default)]
    pub(crate) enable: Vec<Family>,
    #[serde(default)]
    pub(crate) disable: Vec<Family>,
}

/// A number of series that leaves room for some processes or groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaxSeries(pub(crate) usize);

/// Fewer would not even hold the sums over everything.
const LEAST_SERIES: usize = 100;

impl<'de> Deserialize<'de> for MaxSeries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MaxSeries, D::Error> {
        struct Number;
        impl de::Visitor<'_> for Number {
            type Value = MaxSeries;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a number of series from {LEAST_SERIES} on")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<MaxSeries, E> {
                let series = usize::try_from(number).ok().filter(|series| *series >= LEAST_SERIES);
                series.map(MaxSeries).ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_u64(Number)
    }
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
