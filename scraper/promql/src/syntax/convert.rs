//! From the parser's tree to the checked one.

use super::{call, operators, selector};
use crate::expr::{Expr, Range, Scalar, Selector, Shift, Subquery, Vector};
use crate::{Error, Matcher};
use promql_parser::parser::{Expr as Syntax, SubqueryExpr, VectorSelector};

/// The deepest tree that is converted. Evaluation recurses as deep; 2 MiB of stack must do for it.
const MAX_DEPTH: usize = 150;

/// Numbers the selectors and bounds the depth while a tree is converted.
#[derive(Default)]
pub(super) struct Converter {
    selectors: usize,
    depth: usize,
}

impl Converter {
    pub(super) fn selectors(&self) -> usize {
        self.selectors
    }

    pub(super) fn expr(&mut self, syntax: &Syntax) -> Result<Expr, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::parse(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let expr = self.expr_within_depth(syntax);
        self.depth -= 1;
        expr
    }

    fn expr_within_depth(&mut self, syntax: &Syntax) -> Result<Expr, Error> {
        Ok(match syntax {
            Syntax::NumberLiteral(n) => Expr::Scalar(Scalar::Number(n.val)),
            Syntax::StringLiteral(s) => Expr::String(s.val.clone()),
            Syntax::Paren(p) => self.expr(&p.expr)?,
            Syntax::VectorSelector(s) => Expr::Vector(Vector::Selector(self.selector(s)?)),
            Syntax::MatrixSelector(m) => Expr::Range(Range::Selector {
                selector: self.selector(&m.vs)?,
                range_ms: selector::positive_millis(m.range)?,
            }),
            Syntax::Subquery(s) => Expr::Range(Range::Subquery(Box::new(self.subquery(s)?))),
            Syntax::Unary(u) => match self.expr(&u.expr)? {
                Expr::Scalar(s) => Expr::Scalar(Scalar::Negate(Box::new(s))),
                Expr::Vector(v) => Expr::Vector(Vector::Negate(Box::new(v))),
                other => {
                    return Err(Error::parse(format_args!(
                        "unary expression only allowed on expressions of type scalar or instant vector, got \"{}\"",
                        type_name(&other)
                    )));
                }
            },
            Syntax::Binary(b) => operators::binary(self, b)?,
            Syntax::Aggregate(a) => Expr::Vector(operators::aggregate(self, a)?),
            Syntax::Call(c) => call::call(self, c)?,
            Syntax::Extension(_) => return Err(Error::parse("unexpected extension")),
        })
    }

    fn selector(&mut self, syntax: &VectorSelector) -> Result<Selector, Error> {
        let shift = selector::shift(syntax.at.as_ref(), syntax.offset.as_ref())?;
        Ok(self.numbered(selector::matchers(syntax)?, shift))
    }

    pub(super) fn numbered(&mut self, matchers: Vec<Matcher>, shift: Shift) -> Selector {
        self.selectors += 1;
        Selector { id: self.selectors - 1, matchers: matchers.into(), shift }
    }

    fn subquery(&mut self, syntax: &SubqueryExpr) -> Result<Subquery, Error> {
        let inner = match self.expr(&syntax.expr)? {
            Expr::Vector(v) => v,
            other => {
                return Err(Error::parse(format_args!(
                    "subquery is only allowed on instant vector, got {} instead",
                    type_name(&other)
                )));
            }
        };
        Ok(Subquery {
            inner,
            range_ms: selector::positive_millis(syntax.range)?,
            step_ms: syntax.step.map(selector::positive_millis).transpose()?,
            shift: selector::shift(syntax.at.as_ref(), syntax.offset.as_ref())?,
        })
    }

    pub(super) fn vector(&mut self, syntax: &Syntax, place: &str) -> Result<Vector, Error> {
        match self.expr(syntax)? {
            Expr::Vector(v) => Ok(v),
            other => Err(wrong_type("instant vector", place, &other)),
        }
    }

    pub(super) fn scalar(&mut self, syntax: &Syntax, place: &str) -> Result<Scalar, Error> {
        match self.expr(syntax)? {
            Expr::Scalar(s) => Ok(s),
            other => Err(wrong_type("scalar", place, &other)),
        }
    }

    pub(super) fn range(&mut self, syntax: &Syntax, place: &str) -> Result<Range, Error> {
        match self.expr(syntax)? {
            Expr::Range(r) => Ok(r),
            other => Err(wrong_type("range vector", place, &other)),
        }
    }

    pub(super) fn string(&mut self, syntax: &Syntax, place: &str) -> Result<String, Error> {
        match self.expr(syntax)? {
            Expr::String(s) => Ok(s),
            other => Err(wrong_type("string", place, &other)),
        }
    }
}

fn wrong_type(expected: &str, place: &str, got: &Expr) -> Error {
    Error::parse(format_args!("expected type {expected} in {place}, got {}", type_name(got)))
}

pub(super) fn type_name(expr: &Expr) -> &'static str {
    match expr {
        Expr::Scalar(_) => "scalar",
        Expr::Vector(_) => "instant vector",
        Expr::Range(_) => "range vector",
        Expr::String(_) => "string",
    }
}
