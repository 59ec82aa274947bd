//! Selectors: a name, matchers in braces.

use super::Parser;
use super::token::{Kind, Token};
use crate::binary::BinaryOp;
use crate::syntax::regex::anchored;
use crate::syntax::tree::{Condition, Modifiers, Operator, Selector};
use crate::{Error, MatchOp, Matcher};
use procession_openmetrics::METRIC_NAME;

/// The most regular expressions of a query: each is compiled before anything else is known of it.
const MAX_REGEXES: usize = 100;
const PLACE: &str = "label matching";

impl Parser<'_> {
    /// A selector whose name was taken already, or one that begins with its braces.
    pub(super) fn selector(&mut self, name: Option<Token>) -> Result<Selector, Error> {
        let mut matchers = Vec::new();
        if self.take_if(Kind::LeftBrace)? {
            while !self.take_if(Kind::RightBrace)? {
                matchers.push(self.matcher()?);
                let token = self.take()?;
                match token.kind {
                    Kind::Comma => {}
                    Kind::RightBrace => break,
                    _ => return Err(self.unexpected(token, PLACE, "\",\" or \"}\"")),
                }
            }
        }
        let name = name.map(|n| self.text_of(n).to_owned());
        Ok(Selector { name, matchers, modifiers: Modifiers::default() })
    }

    /// `name="value"`, `"name"="value"`, or `"metric name"` alone.
    fn matcher(&mut self) -> Result<Condition, Error> {
        let first = self.take()?;
        let name = match first.kind {
            Kind::Identifier => self.text_of(first).to_owned(),
            Kind::Text => self.unquoted(first)?,
            _ => return Err(self.unexpected(first, PLACE, "identifier or \"}\"")),
        };
        let operator = self.peek()?;
        let not_equal = Kind::Operator(Operator::Element(BinaryOp::NotEqual));
        if ![Kind::Equal, not_equal, Kind::Matches, Kind::MatchesNot].contains(&operator.kind) {
            return match first.kind {
                Kind::Text => Ok(Condition { matcher: Matcher::equal(METRIC_NAME, name.as_str()), written: name }),
                _ => Err(self.unexpected(operator, PLACE, "label matching operator")),
            };
        }
        self.take()?;
        let value = self.take()?;
        if value.kind != Kind::Text {
            return Err(self.unexpected(value, PLACE, "string"));
        }
        let value = self.unquoted(value)?;
        let op = match operator.kind {
            Kind::Equal => MatchOp::Equal(value.clone()),
            Kind::Matches => MatchOp::Regex(self.regex(&value, first)?),
            Kind::MatchesNot => MatchOp::NotRegex(self.regex(&value, first)?),
            _ => MatchOp::NotEqual(value.clone()),
        };
        Ok(Condition { matcher: Matcher { name, op }, written: value })
    }

    fn regex(&mut self, pattern: &str, place: Token) -> Result<regex::Regex, Error> {
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            return Err(self.error(place.start, format_args!("more than {MAX_REGEXES} regular expressions")));
        }
        anchored(pattern).map_err(|e| self.error(place.start, e))
    }
}
