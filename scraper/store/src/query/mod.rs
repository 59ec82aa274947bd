//! What the evaluator and the query API ask: samples by matchers, series, label names and values.

mod assemble;
mod metadata;
mod scan;
mod select;
mod slots;

pub(crate) use metadata::{label_names, label_values, series};
pub(crate) use select::select;
