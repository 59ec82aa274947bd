//! What the scraper runs on: compiled, checked, nothing left to look up.

use super::discovery::Discovery;
use super::http::HttpClient;
use super::names::NameValidation;
use super::protocol::ScrapeProtocol;
use crate::relabel::Rule;
use procession_openmetrics::Labels;
use procession_store::RetentionRule;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// As it was written, secrets hidden: what `/api/v1/status/config` shows.
    pub yaml: String,
    /// Labels of this scraper towards others. As in Prometheus they are not put on stored samples; here they seed the
    /// offsets, so that two scrapers of one fleet do not scrape at the same moments.
    pub external_labels: Labels,
    /// In the order of the file, names unique.
    pub jobs: Vec<Arc<Job>>,
    /// How many exemplars are kept, where the file says it.
    pub max_exemplars: Option<usize>,
    /// Which series are kept for another time than the others; the first that fits decides.
    pub retention: Vec<RetentionRule>,
}

/// One entry of `scrape_configs`: targets that are scraped in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The default of the label `job`.
    pub name: String,
    /// From one scrape of a target to the next.
    pub interval: Duration,
    /// At most the interval.
    pub timeout: Duration,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Begins with `/` unless the user wanted otherwise.
    pub metrics_path: String,
    /// Query parameters of every request.
    pub params: BTreeMap<String, Vec<String>>,
    /// A sample's labels win over the target's.
    pub honor_labels: bool,
    /// Timestamps that the target gives are stored.
    pub honor_timestamps: bool,
    /// Samples with such timestamps are followed for staleness too.
    pub track_timestamps_staleness: bool,
    /// What becomes of `_created` lines.
    pub created: CreatedTimestamps,
    /// Targets and their labels.
    pub groups: Vec<TargetGroup>,
    /// Where more groups come from.
    pub discovery: Vec<Discovery>,
    /// For targets.
    pub relabel: Vec<Rule>,
    /// For samples.
    pub metric_relabel: Vec<Rule>,
    /// Which names series may have.
    pub names: NameValidation,
    /// What a scrape must stay within.
    pub limits: Limits,
    /// The `Accept` header.
    pub accept: String,
    /// What to assume where the target does not say what it sends, or says something unknown.
    pub fallback: Option<ScrapeProtocol>,
    /// Whether gzip and zstd are asked for.
    pub compression: bool,
    /// How targets are spoken to.
    pub http: HttpClient,
    /// At most so many targets; 0 for any number. More make every scrape of the job fail.
    pub target_limit: usize,
    /// So many dropped targets are kept to be shown; 0 for any number.
    pub keep_dropped_targets: usize,
}

/// Targets that share labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// `host:port`.
    pub targets: Vec<String>,
    /// Sorted by name.
    pub labels: Vec<(String, String)>,
}

/// What becomes of the `_created` lines of OpenMetrics counters, histograms and summaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum CreatedTimestamps {
    /// A zero is stored at that moment before the first sample, and the line is stored as the series that it looks like.
    #[default]
    #[serde(rename = "both")]
    Both,
    /// The zero alone: Prometheus with `--enable-feature=created-timestamp-zero-ingestion`.
    #[serde(rename = "zero_sample")]
    ZeroSample,
    /// The series alone: Prometheus without that.
    #[serde(rename = "series")]
    Series,
}

/// Bounds of one scrape; where one is passed, the scrape fails. 0 stands for none, as in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body, unpacked. Never 0: there is always a limit.
    pub body_size: u64,
    /// Samples after metric relabelling.
    pub samples: usize,
    /// The same, but past it only new series are left out, and the scrape succeeds.
    pub soft_samples: usize,
    /// Series that the targets of the job may have at a time; past it new ones are left out.
    pub series: usize,
    /// Labels of a series.
    pub labels: usize,
    /// Bytes of a label's name.
    pub label_name_length: usize,
    /// Bytes of a label's value.
    pub label_value_length: usize,
}

/// The most that is read of a target where `body_size_limit` does not say otherwise: a body is held in memory whole.
pub const DEFAULT_BODY_SIZE_LIMIT: u64 = 256 << 20;
