//! Durations of the configuration file: `10s`, `1m30s`, `500ms`, `0`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// Longer than this is a mistake.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A duration of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = Span;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a duration such as 10s or 1m30s")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        parse(text).map(Span).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// A duration as every service reads it; `None` where it is none, or a longer one than a year.
pub fn parse(text: &str) -> Option<Duration> {
    procession_web::duration::parse(text).ok().filter(|span| *span <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("10s", Some(10_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("2h", Some(7_200_000)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("", None),
            ("10", None),
            ("s", None),
            ("-1s", None),
            ("1d", Some(86_400_000)),
            ("2y", None),
            ("99999999h", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(parse(text).map(|d| d.as_millis()), milliseconds, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text: String) {
            let _ = parse(&text);
        }
    }
}
