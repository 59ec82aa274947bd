//! Exports what every process on this host does, in the OpenMetrics text format.
//!
//! Data flows one way: a [source] fills a [`Snapshot`](snapshot::Snapshot), [groups](group) add it up, and
//! [encoding](encode) writes both. Reading is at one edge (`source`), HTTP at the other (`serve`); between them all is pure.

pub mod config;
pub mod encode;
mod error;
pub mod group;
pub mod metric;
mod own;
pub mod preview;
pub mod rules;
pub mod scan;
mod serve;
mod service;
pub mod snapshot;
pub mod source;

pub use config::Config;
pub use error::Error;
pub use service::{DEFAULT_PORT, Options, Overrides, run};
