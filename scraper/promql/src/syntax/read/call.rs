//! Calls of functions: `name(argument, argument)`.

use super::Parser;
use super::token::{Kind, Token};
use crate::Error;
use crate::syntax::signature;
use crate::syntax::tree::{self, Node};

impl Parser<'_> {
    pub(super) fn call(&mut self, name: Token) -> Result<Node, Error> {
        let arguments = self.arguments()?;
        let text = self.text_of(name);
        if signature::of(text).is_none() {
            return Err(self.error(name.start, format_args!("unknown function with name {text:?}")));
        }
        self.node(name.start, tree::Kind::Call { name: text.to_owned(), arguments })
    }

    /// Arguments with their parentheses, of which the first was seen.
    pub(super) fn arguments(&mut self) -> Result<Vec<Node>, Error> {
        self.take()?;
        let mut arguments = Vec::new();
        if self.take_if(Kind::RightParen)? {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            let token = self.take()?;
            match token.kind {
                Kind::RightParen => return Ok(arguments),
                Kind::Comma if self.peek()?.kind.begins_expression() => {}
                Kind::Comma => {
                    return Err(self.error(token.start, "trailing commas not allowed in function call args"));
                }
                _ => return Err(self.unexpected(token, "", "")),
            }
        }
    }
}
