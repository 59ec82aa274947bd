//! What the evaluator and the query API ask: samples by matchers, series, label names and values.

mod assemble;
mod look_up;
mod metadata;
mod scan;
mod sealed;
mod select;
mod slots;

pub(crate) use look_up::look_up;
pub(crate) use metadata::{label_names, label_values, series};
pub(crate) use select::select;
