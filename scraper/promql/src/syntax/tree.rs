//! What a text says, before types are checked.

use crate::binary::{BinaryOp, SetOp};
use crate::expr::At;
use crate::{Error, Matcher};

/// The deepest tree. It is checked, evaluated and dropped by recursion, for which 2 MiB of stack must do.
pub(super) const MAX_DEPTH: usize = 150;

/// An expression and where it begins, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) start: usize,
    /// One more than that of the deepest child.
    depth: usize,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Number {
        value: f64,
        /// Written as a duration, whose seconds the value is.
        is_duration: bool,
    },
    Text(String),
    /// In parentheses.
    Group(Box<Node>),
    Sign {
        negative: bool,
        operand: Box<Node>,
    },
    Selector(Selector),
    Range {
        selector: Selector,
        range_ms: i64,
    },
    Subquery(Box<Subquery>),
    Binary(Box<Binary>),
    Aggregation(Box<Aggregation>),
    Call {
        name: String,
        arguments: Vec<Node>,
    },
}

/// `name{matchers} @ at offset 5m`
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// The name before the braces.
    pub(super) name: Option<String>,
    /// Those in the braces.
    pub(super) matchers: Vec<Condition>,
    pub(super) modifiers: Modifiers,
}

/// A matcher in braces.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) matcher: Matcher,
    /// What the label is compared with, an expression as it stands in the query.
    pub(super) written: String,
}

/// `@` and `offset`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Modifiers {
    pub(super) at: Option<At>,
    /// `offset 0s` counts as none.
    pub(super) offset_ns: Option<i64>,
}

/// `inner[range:step] @ at offset 5m`
#[derive(Clone, Debug)]
pub(super) struct Subquery {
    pub(super) inner: Node,
    pub(super) range_ms: i64,
    pub(super) step_ms: Option<i64>,
    pub(super) modifiers: Modifiers,
}

/// An operator between two expressions, by what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Element(BinaryOp),
    Set(SetOp),
}

/// `left operator matching right`
#[derive(Clone, Debug)]
pub(super) struct Binary {
    pub(super) operator: Operator,
    /// Where the operator stands, in bytes.
    pub(super) operator_start: usize,
    pub(super) left: Node,
    pub(super) right: Node,
    pub(super) return_bool: bool,
    pub(super) matching: Option<Matching>,
}

/// `on (labels) group_left (include)`
#[derive(Clone, Debug)]
pub(super) struct Matching {
    /// `on`, else `ignoring`.
    pub(super) on: bool,
    pub(super) labels: Vec<String>,
    pub(super) group: Option<Group>,
}

/// `group_left` or `group_right`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) left: bool,
    pub(super) include: Vec<String>,
}

/// `sum by (labels) (parameter, argument)`
#[derive(Clone, Debug)]
pub(super) struct Aggregation {
    /// In small letters.
    pub(super) name: String,
    pub(super) without: bool,
    pub(super) labels: Vec<String>,
    pub(super) parameter: Option<Node>,
    pub(super) argument: Node,
}

impl Node {
    /// An expression whose parts may not be too deep; `text` is the query.
    pub(super) fn new(text: &str, start: usize, kind: Kind) -> Result<Self, Error> {
        let depth = 1 + match &kind {
            Kind::Number { .. } | Kind::Text(_) | Kind::Selector(_) | Kind::Range { .. } => 0,
            Kind::Group(inner) | Kind::Sign { operand: inner, .. } => inner.depth,
            Kind::Subquery(s) => s.inner.depth,
            Kind::Binary(b) => b.left.depth.max(b.right.depth),
            Kind::Aggregation(a) => a.argument.depth.max(a.parameter.as_ref().map_or(0, |p| p.depth)),
            Kind::Call { arguments, .. } => arguments.iter().map(|a| a.depth).max().unwrap_or(0),
        };
        if depth > MAX_DEPTH { Err(too_deep(text, start)) } else { Ok(Node { kind, start, depth }) }
    }
}

impl Node {
    /// `@` and `offset` of what can have them.
    pub(super) fn modifiers(&mut self) -> Option<&mut Modifiers> {
        match &mut self.kind {
            Kind::Selector(selector) | Kind::Range { selector, .. } => Some(&mut selector.modifiers),
            Kind::Subquery(subquery) => Some(&mut subquery.modifiers),
            _ => None,
        }
    }
}

pub(super) fn too_deep(text: &str, offset: usize) -> Error {
    Error::parse_at(text, offset, format_args!("nested deeper than {MAX_DEPTH} levels"))
}

impl Operator {
    /// As it is written in a query.
    pub(super) fn name(self) -> &'static str {
        match self {
            Operator::Element(BinaryOp::Add) => "+",
            Operator::Element(BinaryOp::Subtract) => "-",
            Operator::Element(BinaryOp::Multiply) => "*",
            Operator::Element(BinaryOp::Divide) => "/",
            Operator::Element(BinaryOp::Modulo) => "%",
            Operator::Element(BinaryOp::Power) => "^",
            Operator::Element(BinaryOp::Atan2) => "atan2",
            Operator::Element(BinaryOp::Equal) => "==",
            Operator::Element(BinaryOp::NotEqual) => "!=",
            Operator::Element(BinaryOp::Greater) => ">",
            Operator::Element(BinaryOp::Less) => "<",
            Operator::Element(BinaryOp::GreaterOrEqual) => ">=",
            Operator::Element(BinaryOp::LessOrEqual) => "<=",
            Operator::Set(SetOp::And) => "and",
            Operator::Set(SetOp::Or) => "or",
            Operator::Set(SetOp::Unless) => "unless",
        }
    }

    /// How tightly it binds; more is tighter. All but `^` group from the left.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Operator::Set(SetOp::Or) => 1,
            Operator::Set(SetOp::And | SetOp::Unless) => 2,
            Operator::Element(op) if op.is_comparison() => 3,
            Operator::Element(BinaryOp::Add | BinaryOp::Subtract) => 4,
            Operator::Element(BinaryOp::Power) => POWER,
            Operator::Element(_) => 5,
        }
    }

    /// Whether it computes a number of two.
    pub(super) fn is_arithmetic(self) -> bool {
        matches!(self, Operator::Element(op) if !op.is_comparison())
    }

    /// Whether it compares.
    pub(super) fn is_comparison(self) -> bool {
        matches!(self, Operator::Element(op) if op.is_comparison())
    }
}

/// The precedence of `^`, the only operator that binds tighter than a sign.
pub(super) const POWER: u8 = 6;
