//! Client of the Prometheus HTTP API: our scraper's, Prometheus's, or any other that speaks it.

mod answer;
mod client;
mod error;
pub mod promql;
mod rows;

pub use answer::{Labels, QueriedSeries, Sample, TargetState};
pub(crate) use client::check_url;
pub use client::{Client, Limits};
pub use error::Error;
pub use rows::Rows;
