//! The functions, one file per subject.

pub(crate) mod absent;
pub(crate) mod date;
mod folded;
pub(crate) mod histogram;
pub(crate) mod info;
pub(crate) mod kahan;
pub(crate) mod label;
pub(crate) mod math;
mod natural_order;
mod over_time;
pub(crate) mod quantile;
pub(crate) mod range;
mod rate;
mod regression;
pub(crate) mod sort;

pub(crate) use range::RangeFunction;
