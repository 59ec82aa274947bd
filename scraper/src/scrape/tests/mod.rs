//! Scrapes over real sockets, into a sink that only remembers.

mod bad_targets;
mod beside_samples;
mod budgets;
mod fake_target;
mod loops;
mod pages;
mod recorder;
mod reloads;

use super::fetch::Fetcher;
use crate::config::{Config, Job};
use std::sync::Arc;

/// The first job of a configuration whose job begins with these lines (each indented by two).
fn job(lines: &str) -> Arc<Job> {
    let text = format!("global: {{scrape_interval: 10s, scrape_timeout: 5s}}\nscrape_configs:\n- job_name: j\n{lines}");
    Config::parse(&text, "test").unwrap_or_else(|e| panic!("{e}\n{text}")).jobs[0].clone()
}

fn fetcher(job: &Job) -> Fetcher {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Fetcher::new(job).unwrap()
}
