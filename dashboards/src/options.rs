//! What the service runs on.

use crate::query::Limits;

/// Everything that can be chosen, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Base URL of a Prometheus-compatible API; a path prefix and credentials may be part of it.
    pub query_url: String,
    /// What the header of each page calls this installation; may be empty.
    pub title: String,
    /// Bounds on queries.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options { query_url: "http://127.0.0.1:9957".to_owned(), title: String::new(), limits: Limits::default() }
    }
}
