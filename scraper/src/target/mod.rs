//! Targets: what a job's configuration becomes before anything is fetched. Pure.

mod discover;
mod identity;
pub mod status;

pub use discover::{Discovered, discover};
pub(crate) use identity::seed;

use procession_openmetrics::Labels;
use std::time::Duration;

/// Something that is scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The job's name as it is configured, whatever relabelling made of the label `job`.
    pub pool: String,
    /// The labels before relabelling, `__address__` and the like among them.
    pub discovered: Labels,
    /// The labels that its series get.
    pub labels: Labels,
    /// What is fetched.
    pub url: String,
    /// From one scrape to the next.
    pub interval: Duration,
    /// At most the interval.
    pub timeout: Duration,
}
