//! Expressions: operators by precedence, signs, what stands between them.

use super::token::{Keyword, Kind, Token};
use super::{FEATURE_FLAG, Parser};
use crate::Error;
use crate::syntax::tree::{self, Binary, Matching, Node, Operator, POWER};

/// The most brackets that may be open at once, on which reading recurses.
const MAX_BRACKETS: usize = 64;

/// Operands and operators that have not been put together yet. An operator waits for the one behind its right operand:
/// the tighter of the two comes first. So neither long chains nor many precedences need recursion.
#[derive(Default)]
struct Pending {
    operands: Vec<Node>,
    operators: Vec<Waiting>,
}

enum Waiting {
    Binary { operator: Operator, start: usize, return_bool: bool, matching: Option<Matching> },
    Sign { negative: bool, start: usize },
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Node, Error> {
        let mut pending = Pending::default();
        loop {
            self.signs(&mut pending)?;
            let operand = self.operand()?;
            pending.operands.push(self.with_modifiers(operand)?);
            if !self.operator(&mut pending)? {
                return self.finish(pending);
            }
        }
    }

    fn signs(&mut self, pending: &mut Pending) -> Result<(), Error> {
        while let Some(negative) = self.peek()?.kind.sign() {
            let start = self.take()?.start;
            // Of the tree no more levels are allowed either.
            if pending.operators.len() > tree::MAX_DEPTH {
                return Err(tree::too_deep(self.text, start));
            }
            pending.operators.push(Waiting::Sign { negative, start });
        }
        Ok(())
    }

    /// Takes the operator that follows, if one does, with what belongs to it.
    fn operator(&mut self, pending: &mut Pending) -> Result<bool, Error> {
        let token = self.peek()?;
        let operator = match token.kind {
            Kind::Operator(operator) => operator,
            Kind::Trim => {
                let what = format!("the operator {:?}", self.text_of(token));
                let why = "it is for native histograms, and samples here are floats";
                return Err(self.unsupported(token.start, &what, why));
            }
            _ => return Ok(false),
        };
        self.take()?;
        let (return_bool, matching) = self.matching()?;
        while pending.operators.last().is_some_and(|o| o.comes_before(operator)) {
            self.put_together(pending)?;
        }
        if pending.operators.len() > tree::MAX_DEPTH {
            return Err(tree::too_deep(self.text, token.start));
        }
        pending.operators.push(Waiting::Binary { operator, start: token.start, return_bool, matching });
        Ok(true)
    }

    fn finish(&self, mut pending: Pending) -> Result<Node, Error> {
        while !pending.operators.is_empty() {
            self.put_together(&mut pending)?;
        }
        pending.operands.pop().ok_or_else(|| self.error(0, "no expression found in input"))
    }

    /// Makes one operand of the last operator and its operands. They are there: each operator was taken between two,
    /// each sign before one.
    fn put_together(&self, pending: &mut Pending) -> Result<(), Error> {
        let (Some(waiting), Some(right)) = (pending.operators.pop(), pending.operands.pop()) else { return Ok(()) };
        let node = match waiting {
            Waiting::Sign { negative, start } => self.node(start, with_sign(negative, right))?,
            Waiting::Binary { operator, start: operator_start, return_bool, matching } => {
                let Some(left) = pending.operands.pop() else { return Ok(()) };
                let start = left.start;
                let binary = Binary { operator, operator_start, left, right, return_bool, matching };
                self.node(start, tree::Kind::Binary(Box::new(binary)))?
            }
        };
        pending.operands.push(node);
        Ok(())
    }

    /// What has no operator outside of brackets.
    fn operand(&mut self) -> Result<Node, Error> {
        let token = self.take()?;
        match token.kind {
            Kind::LeftParen => self.nested(token, Self::group),
            Kind::Aggregation if self.aggregation_follows()? => self.nested(token, Self::aggregation),
            Kind::Identifier | Kind::Special(_) if self.peek()?.kind == Kind::LeftParen => {
                self.nested(token, Self::call)
            }
            _ => self.leaf(token),
        }
    }

    /// Reads what holds other expressions.
    fn nested(&mut self, first: Token, read: fn(&mut Self, Token) -> Result<Node, Error>) -> Result<Node, Error> {
        if self.brackets == MAX_BRACKETS {
            return Err(self.error(first.start, format_args!("nested deeper than {MAX_BRACKETS} brackets")));
        }
        self.brackets += 1;
        let node = read(self, first);
        self.brackets -= 1;
        node
    }

    fn leaf(&mut self, token: Token) -> Result<Node, Error> {
        let kind = match token.kind {
            Kind::Number | Kind::Duration => {
                tree::Kind::Number { value: self.number(token)?, is_duration: token.kind == Kind::Duration }
            }
            Kind::Text => tree::Kind::Text(self.unquoted(token)?),
            Kind::LeftBrace => {
                self.ahead = Some(token);
                tree::Kind::Selector(self.selector(None)?)
            }
            kind if kind.names_metric() => tree::Kind::Selector(self.selector(Some(token))?),
            _ => return Err(self.unexpected(token, "", "")),
        };
        self.node(token.start, kind)
    }

    fn group(&mut self, open: Token) -> Result<Node, Error> {
        let inner = self.expression()?;
        let close = self.take()?;
        if close.kind != Kind::RightParen {
            return Err(self.unexpected(close, "", ""));
        }
        self.node(open.start, tree::Kind::Group(Box::new(inner)))
    }

    /// An operand with all the ranges, subqueries, offsets and `@` behind it.
    fn with_modifiers(&mut self, mut node: Node) -> Result<Node, Error> {
        loop {
            let token = self.peek()?;
            node = match token.kind {
                Kind::LeftBracket => self.range(node)?,
                Kind::Keyword(Keyword::Offset) => self.offset(node)?,
                Kind::At => self.at(node)?,
                Kind::Keyword(Keyword::Extended) => {
                    let what = format!("the modifier {:?}", self.text_of(token).to_ascii_lowercase());
                    return Err(self.unsupported(token.start, &what, FEATURE_FLAG));
                }
                _ => return Ok(node),
            };
        }
    }
}

impl Waiting {
    /// Whether it takes what was read last before an operator behind that does.
    fn comes_before(&self, next: Operator) -> bool {
        match self {
            Waiting::Sign { .. } => next.precedence() < POWER,
            // `^` groups from the right, all others from the left.
            Waiting::Binary { operator, .. } => {
                let (this, next) = (operator.precedence(), next.precedence());
                this > next || (this == next && this != POWER)
            }
        }
    }
}

fn with_sign(negative: bool, operand: Node) -> tree::Kind {
    match operand.kind {
        tree::Kind::Number { value, is_duration } => {
            tree::Kind::Number { value: if negative { -value } else { value }, is_duration }
        }
        _ => tree::Kind::Sign { negative, operand: Box::new(operand) },
    }
}
