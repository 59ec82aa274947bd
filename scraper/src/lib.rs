//! Scrapes targets into the store and answers PromQL over HTTP.
//!
//! Data flows one way: `target` (who) -> `scrape` (fetch, parse, relabel, batch) -> the store; `api` reads the store.

pub mod config;
pub mod relabel;
