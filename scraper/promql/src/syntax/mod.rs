//! From text to a checked [`Expr`].

mod call;
mod convert;
mod guard;
mod info;
mod operators;
mod selector;
mod unsupported;

use crate::expr::Expr;
use crate::{Error, Matcher, ResultType};
use promql_parser::parser::Expr as Syntax;

/// A checked query, ready to be evaluated any number of times.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) expr: Expr,
    /// How many selectors there are: their ids are smaller.
    pub(crate) selectors: usize,
}

impl Query {
    /// The type of the answer at one instant. Over a range, scalars and vectors give a matrix and the others nothing.
    pub fn result_type(&self) -> ResultType {
        match self.expr {
            Expr::Scalar(_) => ResultType::Scalar,
            Expr::Vector(_) => ResultType::Vector,
            Expr::Range(_) => ResultType::Matrix,
            Expr::String(_) => ResultType::String,
        }
    }
}

/// Reads a query, checks its types and refuses by name what is known but not evaluated here.
///
/// The length and the nesting of the text are bounded.
pub fn parse(query: &str) -> Result<Query, Error> {
    let syntax = read(query)?;
    let mut converter = convert::Converter::default();
    let expr = converter.expr(&syntax)?;
    Ok(Query { expr, selectors: converter.selectors() })
}

/// Reads a series selector (`up{job="x"}`, `{__name__=~"proc_.+"}`), as `match[]` holds it: no range, no offset.
pub fn parse_matchers(selector: &str) -> Result<Vec<Matcher>, Error> {
    match read(selector)? {
        Syntax::VectorSelector(s) if s.offset.is_none() && s.at.is_none() => {
            Ok(selector::matchers(&s)?.iter().map(Matcher::simplified).collect())
        }
        _ => Err(Error::parse("expected a series selector, such as up{job=\"x\"}, and nothing else")),
    }
}

fn read(query: &str) -> Result<Syntax, Error> {
    guard::check(query)?;
    promql_parser::parser::parse(query)
        .map_err(|message| unsupported::named(query).unwrap_or_else(|| Error::parse(message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_of_match() {
        let matchers = |s| parse_matchers(s).map(|m| m.len());
        assert_eq!(matchers(r#"up{job="x"}"#).unwrap(), 2);
        assert_eq!(matchers(r#"{__name__=~"proc_.+"}"#).unwrap(), 1);
        assert_eq!(matchers(r#"{"a name", b!="c"}"#).unwrap(), 2);
        for bad in ["", "up[5m]", "up offset 5m", "up @ 1", "sum(up)", "{}", "{a=\"\"}", "up{", "1"] {
            assert!(matchers(bad).is_err(), "{bad}");
        }
    }
}
