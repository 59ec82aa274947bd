//! Regular expressions of relabelling rules.

use regex::Regex;

/// A regular expression that must match a whole value; `.` matches a newline. Equal where the text is equal.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles an expression. The error is the reason in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        // Compiled alone first, so that the message shows the user's text and `a)(b` can't close our group.
        let alone = Regex::new(text).map_err(|e| reason(text, &e))?;
        let regex = Regex::new(&format!("^(?s:{})$", alone.as_str())).map_err(|e| reason(text, &e))?;
        Ok(Pattern { text: text.to_owned(), regex })
    }

    /// As the user wrote it, without the anchors.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the expression matches the whole value.
    pub fn is_match(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }

    /// The template with `$1`, `${1}`, `$name` replaced by what the groups matched; `None` where the value does not match.
    pub(super) fn expand<const N: usize>(&self, value: &str, templates: [&str; N]) -> Option<[String; N]> {
        let captures = self.regex.captures(value)?;
        Some(templates.map(|template| {
            let mut out = String::new();
            captures.expand(template, &mut out);
            out
        }))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

fn reason(text: &str, error: &regex::Error) -> String {
    // The library draws the expression over several lines and says the reason in the last.
    let message = error.to_string();
    let last = message.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    format!("{text:?} is not a regular expression: {reason}")
}
