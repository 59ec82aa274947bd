//! Client of the Prometheus HTTP API: our scraper's, Prometheus's, or any other that speaks it.

mod address;
mod answer;
mod client;
mod connection;
mod decode;
mod error;
pub mod promql;
mod rows;

pub(crate) use address::check_url;
pub use answer::{Labels, QueriedSeries, Sample, TargetState};
pub use client::Client;
pub use connection::Limits;
pub use error::Error;
pub use rows::Rows;
