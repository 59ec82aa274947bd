//! What is wrong with a configuration, and where.

use super::position::{Path, locate};
use super::refused::OTHER_DISCOVERY;
use std::fmt;

/// A rule that a node breaks, found after decoding.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) at: Path,
    pub(super) message: String,
}

impl Problem {
    /// A problem of the node at a path.
    pub(super) fn new(at: &Path, message: impl Into<String>) -> Self {
        Problem { at: at.clone(), message: message.into() }
    }
}

/// Why a configuration is refused. Prints in one line as `file:line:column: key: what is expected`.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// The file's name as it was given.
    pub file: String,
    /// Line and column from 1, where the text could be read that far.
    pub place: Option<(usize, usize)>,
    /// The way to the key, such as `scrape_configs[0].scheme`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what is expected.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl ConfigError {
    /// A file that can't be read at all.
    pub(super) fn unreadable(file: &str, error: &std::io::Error) -> Self {
        ConfigError { file: file.to_owned(), place: None, key: String::new(), message: error.to_string() }
    }

    /// What the decoder says, its place and key taken out of the sentence.
    pub(super) fn from_yaml(file: &str, error: &serde_yaml::Error) -> Self {
        let place = error.location().map(|l| (l.line(), l.column()));
        let mut message = error.to_string();
        if let Some(at) = message.rfind(" at line ") {
            message.truncate(at);
        }
        // The decoder puts the way to the node before its message.
        let (key, message) = match message.split_once(": ") {
            Some((key, rest)) if is_path(key) => (key.to_owned(), rest.to_owned()),
            _ => (String::new(), message),
        };
        ConfigError { file: file.to_owned(), place, key, message: suggest(&message).unwrap_or(message) }
    }

    /// A problem with its place looked up in the text.
    pub(super) fn from_problem(file: &str, text: &str, problem: Problem) -> Self {
        ConfigError {
            file: file.to_owned(),
            place: locate(text, &problem.at),
            key: problem.at.to_string(),
            message: problem.message,
        }
    }
}

/// An unknown key with the one that was probably meant, instead of the decoder's list of all.
fn suggest(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown field `")?.split('`').step_by(2);
    let unknown = quoted.next()?;
    let expected: Vec<&str> = quoted.filter(|key| !key.is_empty()).collect();
    let nearest = expected.iter().min_by_key(|key| distance(unknown, key))?;
    // The ends of such names are alike, which says nothing.
    let end = if unknown.ends_with("_sd_configs") { "_sd_configs".len() } else { 0 };
    Some(match distance(unknown, nearest) <= 1 + (unknown.len() - end) / 4 {
        true => format!("unknown key `{unknown}`: did you mean `{nearest}`?"),
        // Agents that read the same files know more kinds, and new ones come.
        false if unknown.ends_with("_sd_configs") => {
            format!("unknown key `{unknown}`: this kind of discovery is not supported: {OTHER_DISCOVERY}")
        }
        // Keys that exist only to be refused would be no help.
        false => {
            let known = |key: &&str| {
                !key.ends_with("_sd_configs")
                    || matches!(*key, "file_sd_configs" | "http_sd_configs" | "dns_sd_configs")
            };
            let keys: Vec<&str> = expected.into_iter().filter(known).collect();
            format!("unknown key `{unknown}`: expected one of {}", keys.join(", "))
        }
    })
}

/// The number of single-character edits between two keys (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[]".contains(&b))
}
