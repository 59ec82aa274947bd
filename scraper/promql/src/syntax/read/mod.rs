//! From text to a tree: tokens, then recursive descent, with the messages and positions of Prometheus 3.
//!
//! The first error ends it. Only brackets recurse, and their
//! nesting is bounded, as is the depth of the tree ([`tree::MAX_DEPTH`]).

mod aggregation;
mod call;
mod duration;
mod expression;
mod grouping;
mod lexer;
mod matching;
mod number;
mod selector;
mod shift;
mod text;
mod token;

use super::tree::{self, Node, Selector};
use crate::Error;
use lexer::Lexer;
use token::{Kind, Token};

/// Reads an expression.
pub(super) fn expression(text: &str) -> Result<Node, Error> {
    let mut parser = Parser::new(text);
    if parser.peek()?.kind == Kind::End {
        return Err(match text {
            // Without a text there is no position in it.
            "" => Error::Parse { message: format!("unknown position: {NOTHING}"), position: None },
            _ => Error::parse_at(text, 0, "no expression found in input"),
        });
    }
    let node = parser.expression()?;
    parser.expect_end()?;
    Ok(node)
}

const NOTHING: &str = "parse error: no expression found in input";

/// Reads a selector of an instant, without `@` and `offset`.
pub(super) fn selector(text: &str) -> Result<(Selector, usize), Error> {
    if text.is_empty() {
        return Err(Error::Parse {
            message: "unknown position: parse error: unexpected end of input".to_owned(),
            position: None,
        });
    }
    let mut parser = Parser::new(text);
    let first = parser.peek()?;
    let name = if first.kind.names_metric() { Some(parser.take()?) } else { None };
    if name.is_none() && first.kind != Kind::LeftBrace {
        return Err(parser.unexpected(first, "", ""));
    }
    let selector = parser.selector(name)?;
    parser.expect_end()?;
    Ok((selector, first.start))
}

/// The state of reading one text.
struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    ahead: Option<Token>,
    /// How many parentheses are open.
    brackets: usize,
    /// How many of them are of aggregations: messages say so.
    aggregations: usize,
    /// How many regular expressions were compiled.
    regexes: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Parser { text, lexer: Lexer::new(text), ahead: None, brackets: 0, aggregations: 0, regexes: 0 }
    }

    /// The next token, which stays.
    fn peek(&mut self) -> Result<Token, Error> {
        match self.ahead {
            Some(token) => Ok(token),
            None => Ok(*self.ahead.insert(self.lexer.next_token()?)),
        }
    }

    fn take(&mut self) -> Result<Token, Error> {
        let token = self.peek()?;
        self.ahead = None;
        Ok(token)
    }

    fn take_if(&mut self, kind: Kind) -> Result<bool, Error> {
        let is_there = self.peek()?.kind == kind;
        if is_there {
            self.ahead = None;
        }
        Ok(is_there)
    }

    fn expect_end(&mut self) -> Result<(), Error> {
        let token = self.peek()?;
        if token.kind == Kind::End { Ok(()) } else { Err(self.unexpected(token, "", "")) }
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    /// What a text in quotes stands for.
    fn unquoted(&self, token: Token) -> Result<String, Error> {
        text::unquoted(self.text_of(token)).ok_or_else(|| {
            self.unsupported(token.start, "a text of bytes that are not UTF-8", "labels here are Unicode")
        })
    }

    /// The value of a number or the seconds of a duration.
    fn number(&self, token: Token) -> Result<f64, Error> {
        let text = self.text_of(token);
        match token.kind {
            Kind::Duration => duration::seconds(text).map_err(|e| self.error(token.start, e)),
            _ => number::value(text)
                .map_err(|e| self.error(token.start, format_args!("error parsing number: parsing {text:?}: {e}"))),
        }
    }

    /// A node of the tree; one that would be too deep is refused.
    fn node(&self, start: usize, kind: tree::Kind) -> Result<Node, Error> {
        Node::new(self.text, start, kind)
    }

    fn error(&self, offset: usize, message: impl std::fmt::Display) -> Error {
        Error::parse_at(self.text, offset, message)
    }

    fn unsupported(&self, offset: usize, what: &str, why: &'static str) -> Error {
        Error::unsupported_at(self.text, offset, what, why)
    }

    /// A token that cannot stand where it does; `place` and `expected` may be empty.
    fn unexpected(&self, token: Token, place: &str, expected: &str) -> Error {
        let mut message = format!("unexpected {}", token.kind.described(self.text_of(token)));
        let place = if place.is_empty() && self.aggregations > 0 { "aggregation" } else { place };
        if !place.is_empty() {
            message += " in ";
            message += place;
        }
        if !expected.is_empty() {
            message += ", expected ";
            message += expected;
        }
        self.error(token.start, message)
    }
}

const FEATURE_FLAG: &str = "Prometheus has it behind a feature flag";
