//! What the evaluator and the query API ask: samples by matchers, series, label names and values.

mod look_up;
mod metadata;
mod newest;
mod pieces;
mod sealed;
mod select;

pub(crate) use look_up::look_up;
pub(crate) use metadata::{Limits, label_names, label_values, series};
pub(crate) use newest::newest;
pub(crate) use pieces::assemble;
pub(crate) use sealed::Parts;
pub(crate) use select::{select, set_aside};
