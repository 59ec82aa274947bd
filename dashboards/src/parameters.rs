//! The part of a URL after the question mark: strict, every complaint names the parameter.

use percent_encoding::percent_decode_str;

/// A parameter that cannot be used; the text names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parameter {name}: {reason}")]
pub struct BadParameter {
    /// The parameter.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl BadParameter {
    /// A complaint about `name`.
    pub fn new(name: &str, reason: impl Into<String>) -> BadParameter {
        BadParameter { name: name.to_owned(), reason: reason.into() }
    }
}

/// Decoded parameters in the order of the URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// The longest query string that is read, in bytes.
const LONGEST: usize = 64 << 10;
const MOST: usize = 100;

/// The longest name of a host, a group or a process that can be asked for, in characters.
const LONGEST_NAME: usize = 1024;

impl Parameters {
    /// Decodes a query string. Names must be among `known`, and each may stand once unless it is among `repeatable`.
    pub fn parse(query: &str, known: &[&str], repeatable: &[&str]) -> Result<Parameters, BadParameter> {
        if query.len() > LONGEST {
            return Err(BadParameter::new("query", format!("the URL is longer than {} KiB", LONGEST >> 10)));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode(name).ok_or_else(|| BadParameter::new("(name)", "is not UTF-8"))?;
            let value = decode(value).ok_or_else(|| BadParameter::new(&name, "is not UTF-8"))?;
            if !known.contains(&name.as_str()) {
                let shown: String = name.chars().take(60).collect();
                return Err(BadParameter::new(&shown, format!("is unknown; known are {}", known.join(", "))));
            }
            if !repeatable.contains(&name.as_str()) && pairs.iter().any(|(other, _)| *other == name) {
                return Err(BadParameter::new(&name, "is given more than once"));
            }
            if pairs.len() == MOST {
                return Err(BadParameter::new(&name, format!("is one too many: at most {MOST} parameters are read")));
            }
            pairs.push((name, value));
        }
        Ok(Parameters(pairs))
    }

    /// The value of `name`; an empty value counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of `name`, which must be there; `meaning` says what it is.
    pub fn needed(&self, name: &str, meaning: &str) -> Result<String, BadParameter> {
        self.get(name).map(str::to_owned).ok_or_else(|| BadParameter::new(name, format!("is missing: {meaning}")))
    }

    /// The value of `name`, which must be there and may be what something is called.
    pub fn needed_name(&self, name: &str, meaning: &str) -> Result<String, BadParameter> {
        self.needed(name, meaning)?;
        Ok(self.name(name)?.unwrap_or_default())
    }

    /// The value of `name` where that is what something is called: no longer than anything is.
    pub fn name(&self, name: &str) -> Result<Option<String>, BadParameter> {
        self.read(name, |text| match text.chars().count() {
            0..=LONGEST_NAME => Ok(text.to_owned()),
            _ => Err(format!("has more than {LONGEST_NAME} characters")),
        })
    }

    /// Every value of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name` through `read`, whose complaint is given the parameter's name.
    pub fn read<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, BadParameter> {
        self.get(name).map(|value| read(value).map_err(|reason| BadParameter::new(name, reason))).transpose()
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}

/// `text` for use as a value in a URL's query string.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_parameters_are_named() {
        for (query, expected) in [
            ("x=1", "parameter x: is unknown; known are w, query"),
            ("w=1&w=2", "parameter w: is given more than once"),
            ("w=%ff", "parameter w: is not UTF-8"),
            ("%3Cb%3E=1", "parameter <b>: is unknown; known are w, query"),
        ] {
            assert_eq!(Parameters::parse(query, &["w", "query"], &["query"]).unwrap_err().to_string(), expected);
        }
        let parameters = Parameters::parse("query=a+b&query=c%2Bd&&w=", &["w", "query"], &["query"]).unwrap();
        assert_eq!(parameters.all("query").collect::<Vec<_>>(), ["a b", "c+d"]);
        assert_eq!(parameters.get("w"), None);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read_back(value in any::<String>()) {
            let query = format!("q={}", encoded(&value));
            let parameters = Parameters::parse(&query, &["q"], &[]).unwrap();
            prop_assert_eq!(parameters.all("q").next(), Some(value.as_str()));
        }

        #[test]
        fn no_query_panics(query in any::<String>()) {
            let _ = Parameters::parse(&query, &["q"], &[]);
        }
    }
}
