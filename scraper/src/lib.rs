//! Scrapes targets into the store and answers PromQL over HTTP.
//!
//! Data flows one way: `discovery` and `target` (who) -> `scrape` (fetch, parse, relabel, batch) -> the store; `api` reads the store.

pub mod api;
mod client;
pub mod commands;
pub mod config;
mod counted;
mod discovery;
mod metrics;
pub mod relabel;
mod rows;
mod run;
mod scrape;
pub mod target;

pub use run::{Backups, ConfigSource, Options, run};
pub use scrape::{FamilyMetadata, Targets};
