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
    /// What the pages of hosts mark on their charts.
    pub events: Vec<EventQuery>,
}

/// Something that happens to hosts, and that a query tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// PromQL; `$instance` stands for the host, as a quoted text. Wherever a series begins to have a value that is not
    /// zero, something happened.
    pub query: String,
    /// What its events are called: a template such as `deployed {{version}}`; empty for the labels that differ.
    pub title: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            query_url: "http://127.0.0.1:9957".to_owned(),
            title: String::new(),
            limits: Limits::default(),
            events: Vec::new(),
        }
    }
}
