//! PromQL evaluated over columns that a small [`Select`] trait fetches. No I/O, no DuckDB.
//!
//! The way of a query: [`parse`] reads and checks it once; [`instant`] or [`range()`] plans one fetch per
//! distinct selector, asks the [`Select`] for them, and evaluates the expression over columns, one per series, whose rows are
//! the steps. The language is that of Prometheus 3 for float samples; what is not evaluated is refused by name.

mod aggregate;
mod binary;
mod duration;
mod error;
mod eval;
mod expr;
mod fold;
mod functions;
mod matcher;
mod name;
mod number;
mod outcome;
mod plan;
mod select;
mod statistics;
mod syntax;

pub use duration::parse_duration_ms;
pub use error::{Error, Position};
pub use eval::{instant, range};
pub use fold::{Fold, Spaced, Windows};
pub use matcher::{MatchOp, Matcher, matches_all};
pub use number::{format_scalar, format_value, write_scalar, write_value};
pub use outcome::{Options, Outcome, Point, ResultType, Value};
pub use select::{Cancel, Origin, Select, SelectError, Selection, SeriesSet, SeriesView};
pub use statistics::{Fetch, Statistics, Step};
pub use syntax::{Query, describe_query, format_query, parse, parse_matchers};
