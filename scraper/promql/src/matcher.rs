//! Label matchers: `name="value"`, `!=`, `=~`, `!~`.

use procession_openmetrics::Labels;
use regex::Regex;

/// How a [`Matcher`] compares a label's value.
#[derive(Clone, Debug)]
pub enum MatchOp {
    /// `=`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `=~`; the expression is anchored at both ends and `.` matches a newline, as in Prometheus 3.
    Regex(Regex),
    /// `!~`, anchored likewise.
    NotRegex(Regex),
}

/// A condition on one label. A label that a series does not have counts as empty.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label's name (`__name__` for the metric name).
    pub name: String,
    /// The comparison.
    pub op: MatchOp,
}

impl Matcher {
    /// `name="value"`.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Matcher { name: name.into(), op: MatchOp::Equal(value.into()) }
    }

    /// Whether a label value (empty where the label is missing) satisfies the condition.
    pub fn matches(&self, value: &str) -> bool {
        match &self.op {
            MatchOp::Equal(v) => value == v,
            MatchOp::NotEqual(v) => value != v,
            MatchOp::Regex(r) => r.is_match(value),
            MatchOp::NotRegex(r) => !r.is_match(value),
        }
    }
}

/// Whether a series satisfies every matcher.
pub fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|m| m.matches(labels.get(&m.name).unwrap_or("")))
}
