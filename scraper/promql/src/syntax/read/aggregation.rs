//! Aggregations: `sum by (a) (x)`, `topk(5, x) without (b)`.

use super::Parser;
use super::token::{Keyword, Kind, Token};
use crate::Error;
use crate::syntax::tree::{self, Aggregation, Node};

impl Parser<'_> {
    /// Whether the word that was taken is an aggregation and no metric of this name.
    pub(super) fn aggregation_follows(&mut self) -> Result<bool, Error> {
        let kind = self.peek()?.kind;
        Ok(matches!(kind, Kind::LeftParen | Kind::Keyword(Keyword::By | Keyword::Without)))
    }

    pub(super) fn aggregation(&mut self, operator: Token) -> Result<Node, Error> {
        let mut grouping = self.grouping()?;
        let open = self.peek()?;
        if open.kind != Kind::LeftParen {
            return Err(self.unexpected(open, "aggregation", ""));
        }
        self.aggregations += 1;
        let mut arguments = self.arguments()?.into_iter();
        self.aggregations -= 1;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let name = self.text_of(operator).to_ascii_lowercase();
        let (given, wanted) = (arguments.len(), if has_parameter(&name) { 2 } else { 1 });
        let parameter = if wanted == 2 { arguments.next() } else { None };
        let Some(argument) = arguments.next().filter(|_| given == wanted) else {
            let message = match given {
                0 => "no arguments for aggregate expression provided".to_owned(),
                _ => format!(
                    "wrong number of arguments for aggregate expression provided, expected {wanted}, got {given}"
                ),
            };
            return Err(self.error(operator.start, message));
        };
        let (without, labels) = grouping.unwrap_or_default();
        let aggregation = Aggregation { name, without, labels, parameter, argument };
        self.node(operator.start, tree::Kind::Aggregation(Box::new(aggregation)))
    }

    /// Whether it is `without`, and the labels.
    fn grouping(&mut self) -> Result<Option<(bool, Vec<String>)>, Error> {
        let without = match self.peek()?.kind {
            Kind::Keyword(Keyword::By) => false,
            Kind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        self.take()?;
        Ok(Some((without, self.labels()?)))
    }
}

fn has_parameter(name: &str) -> bool {
    matches!(name, "topk" | "bottomk" | "count_values" | "quantile" | "limitk" | "limit_ratio")
}
