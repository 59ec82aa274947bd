//! From text to tokens. What a character means depends on the brackets around it: in braces stand matchers, in square
//! brackets durations.

use super::token::{Keyword, Kind, Special, Token, keyword};
use super::{number, text};
use crate::Error;
use crate::binary::BinaryOp;
use crate::syntax::tree::Operator;

/// Gives the tokens of a query in turn, then [`Kind::End`] for ever.
pub(super) struct Lexer<'a> {
    input: &'a str,
    at: usize,
    open_parens: usize,
    in_braces: bool,
    brackets: Brackets,
}

/// Where in square brackets the text is.
#[derive(Clone, Copy, PartialEq)]
enum Brackets {
    Outside,
    /// Before the first duration.
    Before,
    /// After it, where the colon of a subquery may stand.
    Range,
    /// After the colon.
    Step,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Lexer { input, at: 0, open_parens: 0, in_braces: false, brackets: Brackets::Outside }
    }

    pub(super) fn next_token(&mut self) -> Result<Token, Error> {
        self.skip_blanks();
        let start = self.at;
        let Some(c) = self.take() else { return self.end() };
        let kind = if self.in_braces { self.in_braces(start, c) } else { self.outside_braces(start, c) }?;
        Ok(Token { kind, start, end: self.at })
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            let in_duration = self.brackets == Brackets::Before && !self.in_braces;
            if in_duration || self.peek() != Some('#') {
                return;
            }
            self.take_while(|c| !matches!(c, '\n' | '\r'));
        }
    }

    fn end(&self) -> Result<Token, Error> {
        let missing = match self.brackets {
            _ if self.in_braces => "unexpected end of input inside braces",
            Brackets::Before => "unexpected end of input in duration expression",
            _ if self.open_parens > 0 => "unclosed left parenthesis",
            Brackets::Range | Brackets::Step => "unclosed left bracket",
            Brackets::Outside => return Ok(Token { kind: Kind::End, start: self.at, end: self.at }),
        };
        Err(self.error(self.at, missing))
    }

    fn in_braces(&mut self, start: usize, c: char) -> Result<Kind, Error> {
        Ok(match c {
            ',' => Kind::Comma,
            '"' | '\'' | '`' => self.text(start, c)?,
            '=' if self.take_if('~') => Kind::Matches,
            '=' => Kind::Equal,
            '!' => match self.take() {
                Some('~') => Kind::MatchesNot,
                Some('=') => element(BinaryOp::NotEqual),
                other => return Err(self.unexpected_after(start, "'!' inside braces", other)),
            },
            '}' => {
                self.in_braces = false;
                Kind::RightBrace
            }
            '{' => return Err(self.error(start, "unexpected left brace '{'")),
            c if is_letter(c) => {
                self.take_while(is_alphanumeric);
                Kind::Identifier
            }
            c => return Err(self.error(start, format_args!("unexpected character inside braces: {c:?}"))),
        })
    }

    fn outside_braces(&mut self, start: usize, c: char) -> Result<Kind, Error> {
        if self.brackets == Brackets::Before && !belongs_to_duration(c) {
            return Err(self.error(start, format_args!("unexpected character in duration expression: {c:?}")));
        }
        Ok(match c {
            ',' => Kind::Comma,
            '@' => Kind::At,
            '*' => element(BinaryOp::Multiply),
            '/' => element(BinaryOp::Divide),
            '%' => element(BinaryOp::Modulo),
            '+' => element(BinaryOp::Add),
            '-' => element(BinaryOp::Subtract),
            '^' => element(BinaryOp::Power),
            '=' if self.take_if('=') => element(BinaryOp::Equal),
            '=' if self.peek() == Some('~') => return Err(self.unexpected_after(start, "'='", Some('~'))),
            '=' => Kind::Equal,
            '!' => match self.take() {
                Some('=') => element(BinaryOp::NotEqual),
                other => return Err(self.unexpected_after(start, "'!'", other)),
            },
            '<' if self.take_if('=') => element(BinaryOp::LessOrEqual),
            '>' if self.take_if('=') => element(BinaryOp::GreaterOrEqual),
            '<' | '>' if self.take_if('/') => Kind::Trim,
            '<' => element(BinaryOp::Less),
            '>' => element(BinaryOp::Greater),
            '"' | '\'' | '`' => self.text(start, c)?,
            '(' => {
                self.open_parens += 1;
                Kind::LeftParen
            }
            ')' => {
                let Some(open) = self.open_parens.checked_sub(1) else {
                    return Err(self.error(self.at, "unexpected right parenthesis ')'"));
                };
                self.open_parens = open;
                Kind::RightParen
            }
            '{' => {
                self.in_braces = true;
                Kind::LeftBrace
            }
            '[' if self.brackets == Brackets::Outside => {
                self.brackets = Brackets::Before;
                Kind::LeftBracket
            }
            '[' => return Err(self.error(start, "unexpected left bracket '['")),
            ']' if self.brackets == Brackets::Outside => {
                return Err(self.error(start, "unexpected right bracket ']'"));
            }
            ']' => {
                self.brackets = Brackets::Outside;
                Kind::RightBracket
            }
            c if c.is_ascii_digit() || (c == '.' && self.peek().is_some_and(|c| c.is_ascii_digit())) => {
                self.number(start)?
            }
            ':' if self.brackets != Brackets::Outside => self.colon()?,
            c if is_letter(c) && self.brackets != Brackets::Outside => self.word_of_duration(start, c)?,
            c if is_letter(c) || c == ':' => self.word(start),
            c => return Err(self.error(start, format_args!("unexpected character: {c:?}"))),
        })
    }

    fn colon(&mut self) -> Result<Kind, Error> {
        match self.brackets {
            Brackets::Before => Err(self.error(self.at, "unexpected colon before duration in duration expression")),
            Brackets::Step => Err(self.error(self.at - 1, "unexpected colon ':'")),
            _ => {
                self.brackets = Brackets::Step;
                Ok(Kind::Colon)
            }
        }
    }

    fn word_of_duration(&mut self, start: usize, first: char) -> Result<Kind, Error> {
        self.take_while(is_letter);
        match keyword(&self.input[start..self.at]) {
            Some(kind @ Kind::Special(Special::OfDuration)) => Ok(kind),
            _ if self.brackets == Brackets::Before => {
                Err(self.error(start, format_args!("unexpected character in duration expression: {first:?}")))
            }
            _ => Err(self.error(start, format_args!("unexpected character: {first:?}, expected ':'"))),
        }
    }

    fn word(&mut self, start: usize) -> Kind {
        self.take_while(|c| is_alphanumeric(c) || c == ':');
        let word = &self.input[start..self.at];
        match keyword(word) {
            Some(Kind::Keyword(Keyword::Fill)) if !self.input[self.at..].trim_start().starts_with('(') => {
                Kind::Identifier
            }
            Some(kind) => kind,
            None if word.contains(':') => Kind::MetricIdentifier,
            None => Kind::Identifier,
        }
    }

    fn number(&mut self, start: usize) -> Result<Kind, Error> {
        let (length, kind) = number::scan(&self.input.as_bytes()[start..]);
        // All that was scanned is ASCII.
        self.at = start + length;
        if self.brackets == Brackets::Before {
            self.brackets = Brackets::Range;
        }
        kind.ok_or_else(|| {
            let text = &self.input[start..self.at];
            self.error(start, format_args!("bad number or duration syntax: {text:?}"))
        })
    }

    fn text(&mut self, start: usize, quote: char) -> Result<Kind, Error> {
        match text::length(&self.input[start + 1..], quote) {
            Ok(length) => {
                self.at = start + 1 + length;
                Ok(Kind::Text)
            }
            Err(message) => Err(self.error(start, message)),
        }
    }

    fn peek(&self) -> Option<char> {
        self.input[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = &self.input[self.at..];
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    fn error(&self, offset: usize, message: impl std::fmt::Display) -> Error {
        Error::parse_at(self.input, offset, message)
    }

    fn unexpected_after(&self, start: usize, place: &str, found: Option<char>) -> Error {
        // The end of the text is named as Prometheus does.
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.error(start, format_args!("unexpected character after {place}: {found:?}"))
    }
}

fn element(op: BinaryOp) -> Kind {
    Kind::Operator(Operator::Element(op))
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_alphanumeric(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit()
}

/// What may stand between a square bracket and the first duration.
fn belongs_to_duration(c: char) -> bool {
    is_alphanumeric(c) || "]:()+-*/%^,.".contains(c)
}
