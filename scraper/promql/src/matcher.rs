//! Label matchers: `name="value"`, `!=`, `=~`, `!~`.

use procession_openmetrics::Labels;
use regex::Regex;

/// What stands around an expression that must match a whole value, its dots also newlines.
pub(crate) const ANCHORS: (&str, &str) = ("^(?s:", ")$");

/// The characters that mean something else than themselves somewhere outside of brackets.
const SPECIAL: [char; 14] = ['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$'];

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

impl MatchOp {
    /// The operator and what the label is compared with.
    pub(crate) fn text(&self) -> String {
        match self {
            MatchOp::Equal(v) => format!("={v:?}"),
            MatchOp::NotEqual(v) => format!("!={v:?}"),
            MatchOp::Regex(r) => format!("=~{:?}", pattern(r)),
            MatchOp::NotRegex(r) => format!("!~{:?}", pattern(r)),
        }
    }
}

/// An expression without its anchors.
fn pattern(regex: &Regex) -> &str {
    let text = regex.as_str();
    text.strip_prefix(ANCHORS.0).and_then(|t| t.strip_suffix(ANCHORS.1)).unwrap_or(text)
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

    /// The same condition without a regular expression where the expression is a plain text: most of dashboards' are,
    /// and an equality is what a store finds quickest.
    pub(crate) fn simplified(&self) -> Self {
        let plain = |r: &Regex| {
            let pattern = pattern(r);
            (!pattern.contains(SPECIAL)).then(|| pattern.to_owned())
        };
        let op = match &self.op {
            MatchOp::Regex(r) => plain(r).map(MatchOp::Equal),
            MatchOp::NotRegex(r) => plain(r).map(MatchOp::NotEqual),
            MatchOp::Equal(_) | MatchOp::NotEqual(_) => None,
        };
        Matcher { name: self.name.clone(), op: op.unwrap_or_else(|| self.op.clone()) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_matchers;

    #[test]
    fn simplifies_plain_texts_alone() {
        let of = |text: &str| parse_matchers(text).unwrap()[0].simplified();
        assert!(matches!(of("{a=~\"plain-text 1\"}").op, MatchOp::Equal(v) if v == "plain-text 1"));
        assert!(matches!(of("{a=~\"p.ain\"}").op, MatchOp::Regex(_)));
        assert!(matches!(of("{a=~\"plain_1\"}").op, MatchOp::Equal(v) if v == "plain_1"));
        assert!(matches!(of("{a!~\"plain\",b=\"c\"}").op, MatchOp::NotEqual(v) if v == "plain"));
        assert!(matches!(of("{a=~\"a|b\"}").op, MatchOp::Regex(_)));
    }
}
