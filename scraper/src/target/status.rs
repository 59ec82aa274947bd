//! How the scrapes of targets go, for the API and for people.

use procession_openmetrics::Labels;
use std::time::Duration;

/// Whether a target answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Not scraped yet.
    #[default]
    Unknown,
    /// The last scrape succeeded.
    Up,
    /// The last scrape failed.
    Down,
}

/// The last scrape of a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastScrape {
    /// How it went.
    pub health: Health,
    /// Why it failed; empty where it did not.
    pub error: String,
    /// When it began, in milliseconds since the Unix epoch; `None` before the first.
    pub began_ms: Option<i64>,
    /// How long it took.
    pub duration: Duration,
    /// Samples after metric relabelling.
    pub samples: usize,
    /// Samples of new series that `soft_sample_limit` left out.
    pub left_out: usize,
}

/// A target that is scraped, with its last scrape.
#[derive(Clone, Debug)]
pub struct TargetStatus {
    /// Who it is.
    pub target: super::Target,
    /// How it goes.
    pub last: LastScrape,
}

/// A target that is not scraped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedTarget {
    /// The job's name.
    pub pool: String,
    /// The labels before relabelling.
    pub discovered: Labels,
}

/// A target that can't be scraped as relabelling left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTarget {
    /// The job's name.
    pub pool: String,
    /// The labels before relabelling.
    pub discovered: Labels,
    /// Why, in words.
    pub reason: String,
}

/// A place that names targets and can't be asked, wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryError {
    /// The job's name.
    pub pool: String,
    /// What is wrong, in words.
    pub error: String,
}

/// All targets at one moment.
#[derive(Clone, Debug, Default)]
pub struct TargetsSnapshot {
    /// Those that are scraped.
    pub active: Vec<TargetStatus>,
    /// Those that relabelling dropped, as many as `keep_dropped_targets` allows.
    pub dropped: Vec<DroppedTarget>,
    /// Those that can't be scraped.
    pub refused: Vec<RefusedTarget>,
    /// What hinders discovery.
    pub discovery_errors: Vec<DiscoveryError>,
    /// The names of all jobs.
    pub pools: Vec<String>,
}
