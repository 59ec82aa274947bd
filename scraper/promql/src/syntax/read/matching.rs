//! What stands between an operator and its right side: `bool`, `on (...)`, `group_left (...)`.

use super::token::{Keyword, Kind};
use super::{FEATURE_FLAG, Parser};
use crate::Error;
use crate::syntax::tree::{Group, Matching};

impl Parser<'_> {
    /// Whether there is `bool`, and how elements match.
    pub(super) fn matching(&mut self) -> Result<(bool, Option<Matching>), Error> {
        let return_bool = self.take_if(Kind::Keyword(Keyword::Bool))?;
        let on = match self.peek()?.kind {
            Kind::Keyword(Keyword::On) => Some(true),
            Kind::Keyword(Keyword::Ignoring) => Some(false),
            _ => None,
        };
        let mut matching = None;
        if let Some(on) = on {
            self.take()?;
            let labels = self.labels()?;
            matching = Some(Matching { on, labels, group: self.group_modifier()? });
        }
        let token = self.peek()?;
        if token.kind == Kind::Keyword(Keyword::Fill) {
            let what = format!("the modifier {:?}", self.text_of(token).to_ascii_lowercase());
            return Err(self.unsupported(token.start, &what, FEATURE_FLAG));
        }
        Ok((return_bool, matching))
    }

    fn group_modifier(&mut self) -> Result<Option<Group>, Error> {
        let left = match self.peek()?.kind {
            Kind::Keyword(Keyword::GroupLeft) => true,
            Kind::Keyword(Keyword::GroupRight) => false,
            _ => return Ok(None),
        };
        self.take()?;
        // A parenthesis here always opens the list.
        let include = if self.peek()?.kind == Kind::LeftParen { self.labels()? } else { Vec::new() };
        Ok(Some(Group { left, include }))
    }
}
