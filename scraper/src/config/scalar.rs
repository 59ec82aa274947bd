//! Texts that must mean something: refused at their place where they do not.

use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// Reads a text and gives it a meaning. Parsing stands inside the visitor, since only errors from there get the place
/// of the text; those that follow get the place of the mapping around it.
pub(super) fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expecting: &'static str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    struct Text<P> {
        expecting: &'static str,
        parse: P,
    }

    impl<T, P: FnOnce(&str) -> Result<T, String>> Visitor<'_> for Text<P> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expecting)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.parse)(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text { expecting, parse })
}
