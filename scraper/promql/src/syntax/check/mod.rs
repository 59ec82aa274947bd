//! From the tree to the checked expression: the types of all parts, the selectors' numbers.

mod call;
mod info;
mod operators;

use super::Query;
use super::tree::{Kind, Modifiers, Node, Selector as SelectorTree, Subquery as SubqueryTree};
use crate::expr::{Expr, Range, Scalar, Selector, Shift, Subquery, Vector};
use crate::{Error, Matcher, ResultType};
use procession_openmetrics::METRIC_NAME;

/// Checks a tree; `text` is what it was read from.
pub(super) fn query(text: &str, tree: &Node) -> Result<Query, Error> {
    let mut checker = Checker { text, selectors: 0 };
    let expr = checker.expr(tree)?;
    Ok(Query { expr, selectors: checker.selectors })
}

/// The matchers of a selector that begins at a place, its name as one of them.
pub(super) fn matchers(text: &str, selector: &SelectorTree, start: usize) -> Result<Vec<Matcher>, Error> {
    if let Some(name) = &selector.name {
        if let Some(other) = selector.matchers.iter().find(|c| c.matcher.name == METRIC_NAME) {
            let message = format!("metric name must not be set twice: {name:?} or {:?}", other.written);
            return Err(Error::parse_at(text, start, message));
        }
    } else if selector.matchers.iter().all(|c| c.matcher.matches("")) {
        // Most likely a slip, and it would select everything.
        return Err(Error::parse_at(text, start, "vector selector must contain at least one non-empty matcher"));
    }
    Ok(all_matchers(selector))
}

fn all_matchers(selector: &SelectorTree) -> Vec<Matcher> {
    let name = selector.name.iter().map(|n| Matcher::equal(METRIC_NAME, n));
    name.chain(selector.matchers.iter().map(|c| c.matcher.clone())).collect()
}

fn shift(modifiers: Modifiers) -> Shift {
    Shift { at: modifiers.at, offset_ms: modifiers.offset_ns.unwrap_or(0) / 1_000_000 }
}

/// Numbers the selectors while a tree is checked, children before their parents as Prometheus does: which fault is
/// named first depends on it.
struct Checker<'a> {
    text: &'a str,
    selectors: usize,
}

impl Checker<'_> {
    /// Does no more than to choose, since all recursion comes through here and a stack frame must stay small.
    fn expr(&mut self, node: &Node) -> Result<Expr, Error> {
        match &node.kind {
            Kind::Group(inner) => self.expr(inner),
            Kind::Sign { negative, operand } => self.sign(*negative, operand, node),
            Kind::Binary(b) => self.binary(b, node),
            Kind::Subquery(s) => self.subquery(s, node.start),
            Kind::Aggregation(a) => self.aggregation(a),
            Kind::Call { name, arguments } => self.call(name, arguments, node),
            _ => self.leaf(node),
        }
    }

    fn leaf(&mut self, node: &Node) -> Result<Expr, Error> {
        Ok(match &node.kind {
            Kind::Number { value, .. } => Expr::Scalar(Scalar::Number(*value)),
            Kind::Text(text) => Expr::String(text.clone()),
            Kind::Selector(s) => Expr::Vector(Vector::Selector(self.selector(s, node.start)?)),
            Kind::Range { selector, range_ms } => {
                Expr::Range(Range::Selector { selector: self.selector(selector, node.start)?, range_ms: *range_ms })
            }
            _ => return Err(self.error(node, "unexpected expression")),
        })
    }

    fn sign(&mut self, negative: bool, operand: &Node, node: &Node) -> Result<Expr, Error> {
        let operand = self.expr(operand)?;
        self.with_sign(negative, operand, node)
    }

    fn with_sign(&self, negative: bool, operand: Expr, node: &Node) -> Result<Expr, Error> {
        match (operand, negative) {
            (operand @ (Expr::Scalar(_) | Expr::Vector(_)), false) => Ok(operand),
            (Expr::Scalar(s), true) => Ok(Expr::Scalar(Scalar::Negate(Box::new(s)))),
            (Expr::Vector(v), true) => Ok(Expr::Vector(Vector::Negate(Box::new(v)))),
            (other, _) => {
                let message = format!(
                    "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
                    other.result_type().documented()
                );
                Err(self.error(node, message))
            }
        }
    }

    fn selector(&mut self, tree: &SelectorTree, start: usize) -> Result<Selector, Error> {
        let matchers = matchers(self.text, tree, start)?;
        Ok(self.numbered(matchers, shift(tree.modifiers)))
    }

    fn numbered(&mut self, matchers: Vec<Matcher>, shift: Shift) -> Selector {
        self.selectors += 1;
        Selector { id: self.selectors - 1, matchers: matchers.into(), shift }
    }

    fn subquery(&mut self, tree: &SubqueryTree, start: usize) -> Result<Expr, Error> {
        let inner = self.expr(&tree.inner)?;
        self.with_range(tree, inner, start)
    }

    fn with_range(&self, tree: &SubqueryTree, inner: Expr, start: usize) -> Result<Expr, Error> {
        let Expr::Vector(inner) = inner else {
            let got = inner.result_type().as_str();
            let message = format!("subquery is only allowed on instant vector, got {got} instead");
            return Err(Error::parse_at(self.text, start, message));
        };
        let SubqueryTree { range_ms, step_ms, modifiers, .. } = *tree;
        Ok(Expr::Range(Range::Subquery(Box::new(Subquery { inner, range_ms, step_ms, shift: shift(modifiers) }))))
    }

    fn vector(&mut self, node: &Node, place: &str) -> Result<Vector, Error> {
        match self.expr(node)? {
            Expr::Vector(v) => Ok(v),
            other => Err(self.wrong_type(ResultType::Vector, place, &other, node)),
        }
    }

    fn scalar(&mut self, node: &Node, place: &str) -> Result<Scalar, Error> {
        match self.expr(node)? {
            Expr::Scalar(s) => Ok(s),
            other => Err(self.wrong_type(ResultType::Scalar, place, &other, node)),
        }
    }

    fn range(&mut self, node: &Node, place: &str) -> Result<Range, Error> {
        match self.expr(node)? {
            Expr::Range(r) => Ok(r),
            other => Err(self.wrong_type(ResultType::Matrix, place, &other, node)),
        }
    }

    fn string(&mut self, node: &Node, place: &str) -> Result<String, Error> {
        match self.expr(node)? {
            Expr::String(s) => Ok(s),
            other => Err(self.wrong_type(ResultType::String, place, &other, node)),
        }
    }

    fn wrong_type(&self, expected: ResultType, place: &str, got: &Expr, node: &Node) -> Error {
        let (expected, got) = (expected.documented(), got.result_type().documented());
        self.error(node, format_args!("expected type {expected} in {place}, got {got}"))
    }

    fn error(&self, node: &Node, message: impl std::fmt::Display) -> Error {
        Error::parse_at(self.text, node.start, message)
    }
}
