//! An expression as text again: on one line, and over several where one is too long. Both as Prometheus does it.

use super::signature;
use super::tree::{Aggregation, Binary, Condition, Kind, Modifiers, Node, Operator, Selector};
use crate::binary::BinaryOp;
use crate::expr::At;
use crate::number::format_scalar;
use crate::{MatchOp, ResultType};
use procession_openmetrics::METRIC_NAME;
use std::fmt::Write;

/// What is longer, in bytes, is broken into lines.
const LONGEST_LINE: usize = 100;

/// The type of an expression that was checked.
pub(super) fn result_type(node: &Node) -> ResultType {
    match &node.kind {
        Kind::Number { .. } => ResultType::Scalar,
        Kind::Text(_) => ResultType::String,
        Kind::Group(inner) | Kind::Sign { operand: inner, .. } => result_type(inner),
        Kind::Selector(_) | Kind::Aggregation(_) => ResultType::Vector,
        Kind::Range { .. } | Kind::Subquery(_) => ResultType::Matrix,
        Kind::Binary(b) if result_type(&b.left) == ResultType::Scalar => result_type(&b.right),
        Kind::Binary(_) => ResultType::Vector,
        Kind::Call { name, .. } => signature::of(name).map_or(ResultType::Vector, |s| s.returns),
    }
}

/// The expression over as many lines as it needs.
pub(super) fn pretty(node: &Node, level: usize) -> String {
    let line = line(node);
    let indent = "  ".repeat(level);
    if line.len() <= LONGEST_LINE {
        return match &node.kind {
            // Prometheus forgets to indent these.
            Kind::Subquery(_) => line,
            _ => indent + &line,
        };
    }
    match &node.kind {
        Kind::Number { .. } | Kind::Text(_) | Kind::Selector(_) | Kind::Range { .. } => indent + &line,
        Kind::Group(inner) => format!("{indent}(\n{}\n{indent})", pretty(inner, level + 1)),
        Kind::Sign { negative, operand } => format!("{indent}{}{}", sign(*negative), pretty(operand, level).trim()),
        Kind::Subquery(s) => {
            format!("{}{}", pretty(&s.inner, level), subquery_suffix(s.range_ms, s.step_ms, &s.modifiers))
        }
        Kind::Binary(b) => {
            let left = match infinite_base(b) {
                Some(base) => format!("{indent}  {base}"),
                None => pretty(&b.left, level + 1),
            };
            format!("{left}\n{indent}{}\n{}", operator(b), pretty(&b.right, level + 1))
        }
        Kind::Aggregation(a) => {
            let parameter = a.parameter.iter().map(|p| pretty(p, level + 1) + ",\n").collect::<String>();
            format!("{indent}{}(\n{parameter}{}\n{indent})", aggregation(a), pretty(&a.argument, level + 1))
        }
        Kind::Call { name, arguments } => {
            let arguments: Vec<String> = arguments.iter().map(|a| pretty(a, level + 1)).collect();
            format!("{indent}{name}(\n{}\n{indent})", arguments.join(",\n"))
        }
    }
}

/// The expression on one line.
fn line(node: &Node) -> String {
    match &node.kind {
        Kind::Number { value, is_duration: true } => duration((value * 1e9) as i64),
        Kind::Number { value, .. } => format_scalar(*value),
        Kind::Text(text) => quoted(text),
        Kind::Group(inner) => format!("({})", line(inner)),
        Kind::Sign { negative, operand } => format!("{}{}", sign(*negative), line(operand)),
        Kind::Selector(s) => selector(s) + &at(&s.modifiers) + &offset(&s.modifiers),
        Kind::Range { selector: s, range_ms } => {
            format!("{}[{}]{}{}", selector(s), of_ms(*range_ms), at(&s.modifiers), offset(&s.modifiers))
        }
        Kind::Subquery(s) => line(&s.inner) + &subquery_suffix(s.range_ms, s.step_ms, &s.modifiers),
        Kind::Binary(b) => {
            let left = infinite_base(b).map_or_else(|| line(&b.left), str::to_owned);
            format!("{left} {} {}", operator(b), line(&b.right))
        }
        Kind::Aggregation(a) => {
            let parameter = a.parameter.iter().map(|p| line(p) + ", ").collect::<String>();
            format!("{}({parameter}{})", aggregation(a), line(&a.argument))
        }
        Kind::Call { name, arguments } => {
            format!("{name}({})", arguments.iter().map(line).collect::<Vec<_>>().join(", "))
        }
    }
}

fn sign(negative: bool) -> char {
    if negative { '-' } else { '+' }
}

/// Without `@` and offset.
fn selector(s: &Selector) -> String {
    let mut out = s.name.clone().unwrap_or_default();
    let mut conditions: Vec<String> = s.matchers.iter().map(condition).collect();
    if !conditions.is_empty() {
        conditions.sort_unstable();
        let _ = write!(out, "{{{}}}", conditions.join(","));
    }
    out
}

fn condition(Condition { matcher, written }: &Condition) -> String {
    label(&matcher.name) + comparison(&matcher.op) + &quoted(written)
}

/// As it is written in a query.
pub(super) fn comparison(op: &MatchOp) -> &'static str {
    match op {
        MatchOp::Equal(_) => "=",
        MatchOp::NotEqual(_) => "!=",
        MatchOp::Regex(_) => "=~",
        MatchOp::NotRegex(_) => "!~",
    }
}

fn at(modifiers: &Modifiers) -> String {
    match modifiers.at {
        None => String::new(),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
        Some(At::Millis(ms)) => format!(" @ {:.3}", ms as f64 / 1000.0),
    }
}

fn offset(modifiers: &Modifiers) -> String {
    modifiers.offset_ns.map(|ns| format!(" offset {}", duration(ns))).unwrap_or_default()
}

fn subquery_suffix(range_ms: i64, step_ms: Option<i64>, modifiers: &Modifiers) -> String {
    let step = step_ms.map(of_ms).unwrap_or_default();
    format!("[{}:{step}]{}{}", of_ms(range_ms), at(modifiers), offset(modifiers))
}

/// The sign of `+Inf` would be that of the whole power when it is read again; Prometheus adds one each time.
fn infinite_base(b: &Binary) -> Option<&'static str> {
    let is_infinite = matches!(b.left.kind, Kind::Number { value: f64::INFINITY, is_duration: false });
    (is_infinite && matches!(b.operator, Operator::Element(BinaryOp::Power))).then_some("Inf")
}

/// `+ on (a) group_left (b)`
fn operator(b: &Binary) -> String {
    let mut out = b.operator.name().to_owned();
    if b.return_bool {
        out += " bool";
    }
    let is_between_vectors = [&b.left, &b.right].iter().all(|side| result_type(side) == ResultType::Vector);
    let Some(matching) = b.matching.as_ref().filter(|_| is_between_vectors) else { return out };
    if matching.on || !matching.labels.is_empty() || matching.group.is_some() {
        let _ = write!(out, " {} ({})", if matching.on { "on" } else { "ignoring" }, labels(&matching.labels));
    }
    if let Some(group) = &matching.group {
        let side = if group.left { "left" } else { "right" };
        let _ = write!(out, " group_{side} ({})", labels(&group.include));
    }
    out
}

/// `sum by (a) `
fn aggregation(a: &Aggregation) -> String {
    let mut out = a.name.clone();
    if a.without || !a.labels.is_empty() {
        let _ = write!(out, " {} ({}) ", if a.without { "without" } else { "by" }, labels(&a.labels));
    }
    out
}

fn labels(names: &[String]) -> String {
    names.iter().map(|name| label(name)).collect::<Vec<_>>().join(", ")
}

fn label(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') { name.to_owned() } else { quoted(name) }
}

/// A duration in nanoseconds as Prometheus writes it: years and weeks only where nothing remains.
fn duration(ns: i64) -> String {
    if ns < 0 { format!("-{}", of_ms(-(ns / 1_000_000))) } else { of_ms(ns / 1_000_000) }
}

fn of_ms(mut ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (unit, unit_ms) in crate::duration::UNITS_MS {
        if matches!(unit, "y" | "w") && ms % unit_ms != 0 {
            continue;
        }
        let count = ms / unit_ms;
        if count > 0 {
            let _ = write!(out, "{count}{unit}");
            ms -= count * unit_ms;
        }
    }
    out
}

/// A text in double quotes as Go's `strconv.Quote` writes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if is_printable(c) => out.push(c),
            c if c <= '\x7f' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// What Go calls so, as near as the standard library knows: the only space is that of ASCII.
fn is_printable(c: char) -> bool {
    // Behind a letter, marks that combine with it are not escaped.
    c == ' ' || c == '\'' || (!c.is_whitespace() && ['a', c].iter().collect::<String>().escape_debug().count() == 2)
}

impl Operator {
    /// Whether it puts vectors together as a whole.
    pub(super) fn is_set(self) -> bool {
        matches!(self, Operator::Set(_))
    }
}

/// All matchers of a selector: that of its name last.
pub(super) fn conditions(s: &Selector) -> impl Iterator<Item = (&str, &'static str, &str)> {
    let written = s.matchers.iter().map(|c| (c.matcher.name.as_str(), comparison(&c.matcher.op), c.written.as_str()));
    written.chain(s.name.iter().map(|name| (METRIC_NAME, "=", name.as_str())))
}
