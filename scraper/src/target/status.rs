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
    /// Samples that were not stored although the scrape succeeded.
    pub left_out: LeftOut,
}

/// Samples of one scrape that were not stored, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Of series that are new past `soft_sample_limit`.
    pub over_limit: usize,
    /// Of series that are new past the job's `series_limit`.
    pub over_job_budget: usize,
    /// Of series that are new past the limit of all jobs.
    pub over_server_budget: usize,
    /// Too far ahead of our clock.
    pub ahead: usize,
    /// Too far behind it.
    pub behind: usize,
    /// Of series that stood on the page before, or have a sample at that moment; the first one counts.
    pub duplicate: usize,
    /// Older than a sample that their series has.
    pub out_of_order: usize,
    /// At no moment that can be stored.
    pub out_of_bounds: usize,
}

impl LeftOut {
    /// Each reason as metrics name it and in words, with how many there were.
    pub fn reasons(&self) -> [(&'static str, &'static str, usize); 8] {
        [
            ("over_limit", "new past soft_sample_limit", self.over_limit),
            ("over_job_budget", "new past the job's series_limit", self.over_job_budget),
            ("over_server_budget", "new past the series limit of all jobs", self.over_server_budget),
            ("ahead", "more than 10 minutes in the future", self.ahead),
            ("behind", "more than a day old", self.behind),
            ("duplicate", "twice at one moment", self.duplicate),
            ("out_of_order", "older than what is stored", self.out_of_order),
            ("out_of_bounds", "at a moment that can't be stored", self.out_of_bounds),
        ]
    }
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
