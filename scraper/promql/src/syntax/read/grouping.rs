//! Lists of labels: `(a, "b c", sum)`.

use super::Parser;
use super::token::Kind;
use crate::Error;

const PLACE: &str = "grouping opts";

impl Parser<'_> {
    /// The list behind `by`, `on` and such, with its parentheses.
    pub(super) fn labels(&mut self) -> Result<Vec<String>, Error> {
        let open = self.take()?;
        if open.kind != Kind::LeftParen {
            return Err(self.unexpected(open, PLACE, "\"(\""));
        }
        let mut labels = Vec::new();
        while !self.take_if(Kind::RightParen)? {
            labels.push(self.label()?);
            let token = self.take()?;
            match token.kind {
                Kind::Comma => {}
                Kind::RightParen => break,
                _ => return Err(self.unexpected(token, PLACE, "\",\" or \")\"")),
            }
        }
        Ok(labels)
    }

    fn label(&mut self) -> Result<String, Error> {
        let token = self.take()?;
        let name = match token.kind {
            Kind::Text => self.unquoted(token)?,
            kind if kind.names_label() => self.text_of(token).to_owned(),
            _ => return Err(self.unexpected(token, PLACE, "label")),
        };
        if name.is_empty() {
            return Err(self.error(token.start, format_args!("invalid label name for grouping: {name:?}")));
        }
        Ok(name)
    }
}
