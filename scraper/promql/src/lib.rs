//! PromQL evaluated over columns that a small [`Select`] trait fetches. No I/O, no DuckDB.

mod matcher;
mod select;

pub use matcher::{MatchOp, Matcher, matches_all};
pub use select::{Select, SelectError, Selection, SeriesSet, SeriesView};
