//! An expression as JSON, as Prometheus's `parse_query` shows it to the tree view of its pages.

use super::print::{conditions, result_type};
use super::signature;
use super::tree::{Binary, Kind, Modifiers, Node, Selector};
use crate::ResultType;
use crate::expr::At;
use crate::number::format_scalar;
use serde_json::{Value, json};

/// The expression with all its parts. What belongs to features that are not evaluated here (duration expressions,
/// `fill`, `anchored`, `smoothed`) stands there with the value that says that it is not used.
pub(super) fn describe(node: &Node) -> Value {
    match &node.kind {
        Kind::Number { value, .. } => json!({ "type": "numberLiteral", "val": format_scalar(*value) }),
        Kind::Text(text) => json!({ "type": "stringLiteral", "val": text }),
        Kind::Group(inner) => json!({ "type": "parenExpr", "expr": describe(inner) }),
        Kind::Sign { negative, operand } => {
            json!({ "type": "unaryExpr", "op": if *negative { "-" } else { "+" }, "expr": describe(operand) })
        }
        Kind::Selector(s) => selector("vectorSelector", s),
        Kind::Range { selector: s, range_ms } => {
            let mut range = selector("matrixSelector", s);
            range["range"] = json!(range_ms);
            range["rangeExpr"] = Value::Null;
            range
        }
        Kind::Subquery(s) => json!({
            "type": "subquery",
            "expr": describe(&s.inner),
            "range": s.range_ms,
            "rangeExpr": null,
            "offset": offset_ms(&s.modifiers),
            "offsetExpr": null,
            "step": s.step_ms.unwrap_or(0),
            "stepExpr": null,
            "timestamp": timestamp(&s.modifiers),
            "startOrEnd": start_or_end(&s.modifiers),
        }),
        Kind::Binary(b) => json!({
            "type": "binaryExpr",
            "op": b.operator.name(),
            "lhs": describe(&b.left),
            "rhs": describe(&b.right),
            "matching": matching(b),
            "bool": b.return_bool,
        }),
        Kind::Aggregation(a) => json!({
            "type": "aggregation",
            "op": a.name,
            "expr": describe(&a.argument),
            "param": a.parameter.as_ref().map(describe),
            "grouping": a.labels,
            "without": a.without,
        }),
        Kind::Call { name, arguments } => json!({
            "type": "call",
            "func": function(name),
            "args": arguments.iter().map(describe).collect::<Vec<_>>(),
        }),
    }
}

fn selector(kind: &str, s: &Selector) -> Value {
    let matchers: Vec<Value> =
        conditions(s).map(|(name, op, value)| json!({ "name": name, "value": value, "type": op })).collect();
    json!({
        "type": kind,
        "name": s.name.as_deref().unwrap_or(""),
        "offset": offset_ms(&s.modifiers),
        "offsetExpr": null,
        "matchers": matchers,
        "timestamp": timestamp(&s.modifiers),
        "startOrEnd": start_or_end(&s.modifiers),
        "anchored": false,
        "smoothed": false,
    })
}

fn offset_ms(modifiers: &Modifiers) -> i64 {
    modifiers.offset_ns.unwrap_or(0) / 1_000_000
}

fn timestamp(modifiers: &Modifiers) -> Option<i64> {
    match modifiers.at {
        Some(At::Millis(ms)) => Some(ms),
        _ => None,
    }
}

fn start_or_end(modifiers: &Modifiers) -> Option<&'static str> {
    match modifiers.at {
        Some(At::Start) => Some("start"),
        Some(At::End) => Some("end"),
        _ => None,
    }
}

/// How elements match; nothing unless both sides are vectors.
fn matching(b: &Binary) -> Value {
    if [&b.left, &b.right].iter().any(|side| result_type(side) != ResultType::Vector) {
        return Value::Null;
    }
    let written = b.matching.as_ref();
    let group = written.and_then(|m| m.group.as_ref());
    let cardinality = match group {
        _ if b.operator.is_set() => "many-to-many",
        Some(group) if group.left => "many-to-one",
        Some(_) => "one-to-many",
        None => "one-to-one",
    };
    json!({
        "card": cardinality,
        "labels": written.map_or(&[][..], |m| &m.labels),
        "on": written.is_some_and(|m| m.on),
        "include": group.map_or(&[][..], |g| &g.include),
        "fillValues": { "lhs": null, "rhs": null },
    })
}

fn function(name: &str) -> Value {
    let Some(signature) = signature::of(name) else { return Value::Null };
    json!({
        "name": name,
        "argTypes": signature.arguments.iter().map(|t| t.as_str()).collect::<Vec<_>>(),
        "variadic": signature.variadic,
        "returnType": signature.returns.as_str(),
    })
}
