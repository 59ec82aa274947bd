//! From text to a checked [`Expr`]: `read` makes a tree of the text, `check` finds its types and refuses by name what
//! is not evaluated here.

mod check;
mod describe;
mod print;
mod read;
mod regex;
mod signature;
mod tree;

use crate::expr::Expr;
use crate::{Error, Matcher, ResultType};

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
        self.expr.result_type()
    }
}

/// The longest query, in bytes: a selector may carry a long alternation of names, but not a file.
const MAX_BYTES: usize = 256 * 1024;

/// Reads a query, checks its types and refuses by name what is known but not evaluated here.
///
/// The length and the nesting of the text are bounded, and how many regular expressions it has.
///
/// # Errors
/// [`Error::Parse`] and [`Error::Unsupported`], with the place in the text; [`Error::Execution`] for faults that
/// Prometheus finds only when it evaluates.
pub fn parse(query: &str) -> Result<Query, Error> {
    check_length(query)?;
    check::query(query, &read::expression(query)?)
}

/// A query written anew: in one line, or over several, with brackets indented, where that would be longer than 100
/// bytes. It means the same. As Prometheus's `format_query`.
///
/// # Errors
/// [`Error::Parse`].
pub fn format_query(query: &str) -> Result<String, Error> {
    Ok(print::pretty(&checked_tree(query)?, 0))
}

/// What a query consists of, as JSON in the form of Prometheus's `parse_query`.
///
/// # Errors
/// [`Error::Parse`].
pub fn describe_query(query: &str) -> Result<serde_json::Value, Error> {
    Ok(describe::describe(&checked_tree(query)?))
}

/// The tree of a query that is valid PromQL, whether or not it can be evaluated here.
fn checked_tree(query: &str) -> Result<tree::Node, Error> {
    check_length(query)?;
    let tree = read::expression(query)?;
    match check::query(query, &tree) {
        Err(error @ Error::Parse { .. }) => Err(error),
        _ => Ok(tree),
    }
}

/// Reads a series selector (`up{job="x"}`, `{__name__=~"proc_.+"}`), as `match[]` holds it: no range, no offset.
///
/// # Errors
/// As [`parse`]; also where all matchers would be satisfied by empty labels.
pub fn parse_matchers(selector: &str) -> Result<Vec<Matcher>, Error> {
    check_length(selector)?;
    let (tree, start) = read::selector(selector)?;
    Ok(check::matchers(selector, &tree, start)?.iter().map(Matcher::simplified).collect())
}

fn check_length(text: &str) -> Result<(), Error> {
    if text.len() > MAX_BYTES {
        return Err(Error::parse_at(text, MAX_BYTES, format_args!("the query is longer than {MAX_BYTES} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod print_tests;
#[cfg(test)]
mod tests;
