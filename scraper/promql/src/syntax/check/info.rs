//! `info(v, {selector})`: what names info series, which of their labels are wanted, and when they are looked at.

use super::{Checker, shift};
use crate::expr::{Info, Shift, Vector};
use crate::syntax::regex::anchored;
use crate::syntax::tree::{Kind, Modifiers, Node, Subquery};
use crate::{Error, MatchOp, Matcher};
use procession_openmetrics::METRIC_NAME;

impl Checker<'_> {
    /// The arguments' number was checked.
    pub(super) fn info(&mut self, arguments: &[Node]) -> Result<Vector, Error> {
        let wanted = match arguments.get(1) {
            Some(selector) => self.wanted(selector)?,
            None => Vec::new(),
        };
        let (names, data): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|m| m.name == METRIC_NAME);
        let names = effective(names)?;
        let shift = arguments.first().and_then(|a| first_shift(a, &mut Vec::new())).unwrap_or_default();
        let argument = match arguments.first() {
            Some(argument) => self.vector(argument, "call to function \"info\"")?,
            None => return Err(Error::parse("too few arguments in call to function \"info\"")),
        };
        let matchers = names.iter().chain(&data).cloned().collect();
        let selector = self.numbered(matchers, shift);
        Ok(Vector::Info(Box::new(Info { argument, selector, names, data })))
    }

    /// The second argument: matchers in braces, which may be satisfied by anything.
    fn wanted(&mut self, node: &Node) -> Result<Vec<Matcher>, Error> {
        match &node.kind {
            Kind::Selector(s) if s.name.is_some() => {
                Err(self.error(node, "expected label selectors only, got vector selector instead"))
            }
            Kind::Selector(s) if s.modifiers.at.is_none() && s.modifiers.offset_ns.is_none() => {
                Ok(s.matchers.iter().map(|c| c.matcher.clone()).collect())
            }
            _ => {
                // Of a wrong type the message speaks first.
                let mut checker = Checker { text: self.text, selectors: 0 };
                checker.vector(node, "call to function \"info\"")?;
                Err(self.error(node, "expected label selectors only"))
            }
        }
    }
}

/// `target_info` where no name is asked for; where names are only ruled out, any that ends in `_info`.
fn effective(mut names: Vec<Matcher>) -> Result<Vec<Matcher>, Error> {
    if names.is_empty() {
        return Ok(vec![Matcher::equal(METRIC_NAME, "target_info")]);
    }
    if !names.iter().any(|m| matches!(m.op, MatchOp::Equal(_) | MatchOp::Regex(_))) {
        let op = MatchOp::Regex(anchored(".+_info").map_err(Error::parse)?);
        names.insert(0, Matcher { name: METRIC_NAME.to_owned(), op });
    }
    Ok(names)
}

/// When the first selector of an expression looks: its innermost `@`, its own or that of a subquery around it, and the
/// offsets up to there.
fn first_shift<'a>(node: &'a Node, around: &mut Vec<&'a Subquery>) -> Option<Shift> {
    match &node.kind {
        Kind::Selector(selector) | Kind::Range { selector, .. } => Some(shift_of(selector.modifiers, around)),
        Kind::Subquery(s) => {
            around.push(s);
            let found = first_shift(&s.inner, around);
            around.pop();
            found
        }
        Kind::Group(inner) | Kind::Sign { operand: inner, .. } => first_shift(inner, around),
        Kind::Binary(b) => first_shift(&b.left, around).or_else(|| first_shift(&b.right, around)),
        Kind::Aggregation(a) => {
            first_shift(&a.argument, around).or_else(|| a.parameter.as_ref().and_then(|p| first_shift(p, around)))
        }
        Kind::Call { arguments, .. } => arguments.iter().find_map(|a| first_shift(a, around)),
        Kind::Number { .. } | Kind::Text(_) => None,
    }
}

fn shift_of(modifiers: Modifiers, around: &[&Subquery]) -> Shift {
    let mut found = shift(modifiers);
    for subquery in around.iter().rev() {
        if found.at.is_some() {
            break;
        }
        let outer = shift(subquery.modifiers);
        found = Shift { at: outer.at, offset_ms: found.offset_ms.saturating_add(outer.offset_ms) };
    }
    found
}
