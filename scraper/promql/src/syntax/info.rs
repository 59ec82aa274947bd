//! `info(v, {selector})`: what names info series, which of their labels are wanted, and when they are looked at.

use super::convert::Converter;
use super::selector;
use crate::expr::{Info, Shift, Vector};
use crate::{Error, MatchOp, Matcher};
use procession_openmetrics::METRIC_NAME;
use promql_parser::parser::{Expr as Syntax, SubqueryExpr, VectorSelector};

pub(super) fn info(converter: &mut Converter, args: &[Box<Syntax>]) -> Result<Vector, Error> {
    let (argument, wanted) = match args {
        [argument] => (argument, Vec::new()),
        [argument, wanted] => match &**wanted {
            Syntax::VectorSelector(s) if s.at.is_none() && s.offset.is_none() => (argument, selector::matchers(s)?),
            _ => return Err(Error::parse("expected label selectors as the second argument to \"info\" function")),
        },
        _ => return Err(Error::parse("expected one or two arguments in call to function \"info\"")),
    };
    let (names, data): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|m| m.name == METRIC_NAME);
    let names = effective(names)?;
    let shift = first_shift(argument, &mut Vec::new()).transpose()?.unwrap_or_default();
    let argument = converter.vector(argument, "call to function \"info\"")?;
    let matchers = names.iter().chain(&data).cloned().collect();
    let selector = converter.numbered(matchers, shift);
    Ok(Vector::Info(Box::new(Info { argument, selector, names, data })))
}

/// `target_info` where no name is asked for; where names are only ruled out, any that ends in `_info`.
fn effective(mut names: Vec<Matcher>) -> Result<Vec<Matcher>, Error> {
    if names.is_empty() {
        return Ok(vec![Matcher::equal(METRIC_NAME, "target_info")]);
    }
    if !names.iter().any(|m| matches!(m.op, MatchOp::Equal(_) | MatchOp::Regex(_))) {
        let op = MatchOp::Regex(selector::anchored(".+_info")?);
        names.insert(0, Matcher { name: METRIC_NAME.to_owned(), op });
    }
    Ok(names)
}

/// When the first selector of an expression looks: its innermost `@`, its own or that of a subquery around it, and the
/// offsets up to there.
fn first_shift<'a>(syntax: &'a Syntax, around: &mut Vec<&'a SubqueryExpr>) -> Option<Result<Shift, Error>> {
    match syntax {
        Syntax::VectorSelector(s) => Some(shift_of(s, around)),
        Syntax::MatrixSelector(m) => Some(shift_of(&m.vs, around)),
        Syntax::Subquery(s) => {
            around.push(s);
            let found = first_shift(&s.expr, around);
            around.pop();
            found
        }
        Syntax::Paren(p) => first_shift(&p.expr, around),
        Syntax::Unary(u) => first_shift(&u.expr, around),
        Syntax::Binary(b) => first_shift(&b.lhs, around).or_else(|| first_shift(&b.rhs, around)),
        Syntax::Aggregate(a) => {
            first_shift(&a.expr, around).or_else(|| a.param.as_ref().and_then(|p| first_shift(p, around)))
        }
        Syntax::Call(c) => c.args.args.iter().find_map(|a| first_shift(a, around)),
        Syntax::NumberLiteral(_) | Syntax::StringLiteral(_) | Syntax::Extension(_) => None,
    }
}

fn shift_of(selector: &VectorSelector, around: &[&SubqueryExpr]) -> Result<Shift, Error> {
    let mut shift = selector::shift(selector.at.as_ref(), selector.offset.as_ref())?;
    for subquery in around.iter().rev() {
        if shift.at.is_some() {
            break;
        }
        let outer = selector::shift(subquery.at.as_ref(), subquery.offset.as_ref())?;
        shift = Shift { at: outer.at, offset_ms: shift.offset_ms.saturating_add(outer.offset_ms) };
    }
    Ok(shift)
}
