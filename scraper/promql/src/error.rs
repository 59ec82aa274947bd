//! What can go wrong with a query, in Prometheus's words where it has them.

use crate::SelectError;
use std::fmt;

/// A place in the text of a query, both counted from 1 (columns in bytes, as Prometheus counts them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// The place of a byte offset.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let lines = before.iter().filter(|b| **b == b'\n').count();
        let columns = before.iter().rev().take_while(|b| **b != b'\n').count();
        // The length of a query is bounded far below this.
        let from_one = |n: usize| u32::try_from(n).unwrap_or(u32::MAX - 1) + 1;
        Position { line: from_one(lines), column: from_one(columns) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a query has no answer. `Display` is one line for the user; what is wrong with the query itself comes first
/// ([`Error::Parse`], [`Error::Unsupported`]: the asker's fault), then what went wrong while it ran.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no query, or one whose types do not fit.
    #[error("{}{message}", position.map(|p| format!("{p}: ")).unwrap_or_default())]
    Parse {
        /// What is wrong.
        message: String,
        /// Where, as far as it is known.
        position: Option<Position>,
    },
    /// A part of the language that is known but not evaluated here.
    #[error("{}{what} is not supported: {why}", position.map(|p| format!("{p}: ")).unwrap_or_default())]
    Unsupported {
        /// Its name, as it is written in a query.
        what: Box<str>,
        /// The reason.
        why: &'static str,
        /// Where, as far as it is known.
        position: Option<Position>,
    },
    /// The data does not allow the operation (duplicate series in a match group and such).
    #[error("{0}")]
    Execution(String),
    /// A bound of [`crate::Options`] was reached.
    #[error("{0}")]
    TooMany(String),
    /// The deadline passed.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// The asker went away.
    #[error("query was canceled in expression evaluation")]
    Canceled,
    /// The store could not answer.
    #[error("expanding series: {0}")]
    Select(#[from] SelectError),
}

impl Error {
    /// A parse error whose place is unknown.
    pub(crate) fn parse(message: impl fmt::Display) -> Self {
        Error::Parse { message: format!("parse error: {message}"), position: None }
    }

    /// A parse error at a byte offset of the query.
    pub(crate) fn parse_at(query: &str, offset: usize, message: impl fmt::Display) -> Self {
        Error::Parse { message: format!("parse error: {message}"), position: Some(Position::of(query, offset)) }
    }

    /// A part of the language that is not evaluated here, at a byte offset of the query.
    pub(crate) fn unsupported_at(query: &str, offset: usize, what: &str, why: &'static str) -> Self {
        Error::Unsupported { what: what.into(), why, position: Some(Position::of(query, offset)) }
    }

    /// Two results that differ only in what was dropped from their labels.
    pub(crate) fn same_labelset() -> Self {
        Error::Execution("vector cannot contain metrics with the same labelset".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where() {
        let e = Error::parse_at("a +\n é b", 8, "unexpected identifier \"b\"");
        assert_eq!(e.to_string(), "2:5: parse error: unexpected identifier \"b\"");
        assert_eq!(
            Error::parse("no expression found in input").to_string(),
            "parse error: no expression found in input"
        );
    }
}
