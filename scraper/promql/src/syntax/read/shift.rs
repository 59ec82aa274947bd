//! What stands behind a selector or a subquery: ranges, `offset`, `@`.

use super::duration::nanoseconds;
use super::token::{Kind, Special, Token};
use super::{FEATURE_FLAG, Parser};
use crate::Error;
use crate::expr::At;
use crate::syntax::tree::{self, Modifiers, Node, Subquery};

const DURATION: &str = "number, duration, step(), or range()";
const STEP: &str = "number, duration, step(), range(), or \"]\"";

impl Parser<'_> {
    /// `node[5m]` or `node[5m:1m]`.
    pub(super) fn range(&mut self, node: Node) -> Result<Node, Error> {
        let open = self.take()?;
        let range_ms = self.positive("subquery or range selector", DURATION)?;
        let token = self.take()?;
        match token.kind {
            Kind::RightBracket => self.range_of_selector(node, open.start, range_ms),
            Kind::Colon => {
                let step_ms = match self.take_if(Kind::RightBracket)? {
                    true => None,
                    false => {
                        let step = self.positive("subquery selector", STEP)?;
                        let close = self.take()?;
                        if close.kind != Kind::RightBracket {
                            return Err(self.unexpected(close, "subquery selector", "\"]\""));
                        }
                        Some(step)
                    }
                };
                let start = node.start;
                let subquery = Subquery { inner: node, range_ms, step_ms, modifiers: Modifiers::default() };
                self.node(start, tree::Kind::Subquery(Box::new(subquery)))
            }
            _ => Err(self.unexpected(token, "subquery or range", "\":\" or \"]\"")),
        }
    }

    fn range_of_selector(&self, node: Node, open: usize, range_ms: i64) -> Result<Node, Error> {
        let tree::Kind::Selector(selector) = node.kind else {
            return Err(self.error(open, "ranges only allowed for vector selectors"));
        };
        if selector.modifiers.offset_ns.is_some() {
            return Err(self.error(open, "no offset modifiers allowed before range"));
        }
        if selector.modifiers.at.is_some() {
            return Err(self.error(open, "no @ modifiers allowed before range"));
        }
        self.node(node.start, tree::Kind::Range { selector, range_ms })
    }

    /// Milliseconds of a range or a step: at least one.
    fn positive(&mut self, place: &str, expected: &str) -> Result<i64, Error> {
        let (seconds, start) = self.seconds(place, expected)?;
        let next = self.peek()?;
        if matches!(next.kind, Kind::Operator(op) if op.is_arithmetic()) {
            return Err(self.duration_expression(next));
        }
        match nanoseconds(seconds).map(|ns| ns / 1_000_000) {
            Some(ms) if ms > 0 => Ok(ms),
            _ => Err(self.error(start, "duration must be greater than 0")),
        }
    }

    /// A number or duration with any signs before it, in seconds, and where it begins; `place` and `expected` are for
    /// the message where there is none.
    fn seconds(&mut self, place: &str, expected: &str) -> Result<(f64, usize), Error> {
        let first = self.peek()?;
        let mut negative = false;
        while let Some(minus) = self.peek()?.kind.sign() {
            self.take()?;
            negative ^= minus;
        }
        let token = self.take()?;
        match token.kind {
            Kind::Number | Kind::Duration => {
                let value = self.number(token)?;
                if nanoseconds(value).is_none() {
                    return Err(self.error(first.start, "duration out of range"));
                }
                Ok((if negative { -value } else { value }, first.start))
            }
            Kind::LeftParen => Err(self.duration_expression(token)),
            Kind::Special(Special::OfDuration) => match self.peek()? {
                open if open.kind == Kind::LeftParen => Err(self.duration_expression(token)),
                other => Err(self.unexpected(other, place, expected)),
            },
            _ => Err(self.unexpected(token, place, expected)),
        }
    }

    fn duration_expression(&self, token: Token) -> Error {
        self.unsupported(token.start, "a duration expression", FEATURE_FLAG)
    }

    /// `node offset 5m`
    pub(super) fn offset(&mut self, mut node: Node) -> Result<Node, Error> {
        self.take()?;
        let (seconds, start) = self.seconds("offset", DURATION)?;
        let offset_ns = nanoseconds(seconds).ok_or_else(|| self.error(start, "duration out of range"))?;
        let Some(modifiers) = node.modifiers() else {
            return Err(self.error(node.start, misplaced("offset")));
        };
        if modifiers.offset_ns.is_some() {
            return Err(self.error(node.start, "offset may not be set multiple times"));
        }
        modifiers.offset_ns = Some(offset_ns).filter(|ns| *ns != 0);
        Ok(node)
    }

    /// `node @ 1700000000`, `node @ start()`
    pub(super) fn at(&mut self, mut node: Node) -> Result<Node, Error> {
        self.take()?;
        let at = self.timestamp(node.start)?;
        let Some(modifiers) = node.modifiers() else {
            return Err(self.error(node.start, misplaced("@")));
        };
        if modifiers.at.replace(at).is_some() {
            return Err(self.error(node.start, "@ <timestamp> may not be set multiple times"));
        }
        Ok(node)
    }

    fn timestamp(&mut self, node_start: usize) -> Result<At, Error> {
        let first = self.take()?;
        let preprocessor = match first.kind {
            Kind::Special(Special::Start) => Some(At::Start),
            Kind::Special(Special::End) => Some(At::End),
            _ => None,
        };
        if let Some(at) = preprocessor {
            for bracket in [Kind::LeftParen, Kind::RightParen] {
                self.expect_in_at(bracket)?;
            }
            return Ok(at);
        }
        let sign = first.kind.sign();
        let token = if sign.is_some() { self.take()? } else { first };
        if !matches!(token.kind, Kind::Number | Kind::Duration) {
            return Err(self.unexpected(token, "@", "timestamp"));
        }
        let value = self.number(token)?;
        let seconds = if sign == Some(true) { -value } else { value };
        // Prometheus's bound is that of seconds; ours is such that sums of milliseconds do not overflow.
        let milliseconds = (seconds * 1_000.0).round();
        if milliseconds.is_nan() || milliseconds.abs() > (i64::MAX / 1_000) as f64 {
            let seconds = match seconds {
                s if s.is_finite() => format!("{s:.6}"),
                s => crate::format_value(s),
            };
            return Err(self.error(node_start, format_args!("timestamp out of bounds for @ modifier: {seconds}")));
        }
        Ok(At::Millis(milliseconds as i64))
    }

    fn expect_in_at(&mut self, kind: Kind) -> Result<(), Error> {
        let token = self.take()?;
        if token.kind == kind { Ok(()) } else { Err(self.unexpected(token, "@", "timestamp")) }
    }
}

fn misplaced(modifier: &str) -> String {
    format!("{modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery")
}
