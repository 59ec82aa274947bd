//! Why a scrape failed: what a person reads in the list of targets.

use procession_openmetrics::ParseError;
use std::time::Duration;

/// Why a scrape failed. One line, without the target's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScrapeError {
    /// No connection, or the connection broke.
    #[error("{0}")]
    Connection(String),
    #[error("no whole answer within the scrape timeout of {}", crate::config::format_duration(*.0))]
    Timeout(Duration),
    #[error("server returned HTTP status {0}")]
    Status(http::StatusCode),
    #[error("body size limit exceeded: the target announces {announced} bytes, the limit is {limit}")]
    Announced { announced: u64, limit: u64 },
    #[error("body size limit exceeded: more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("body size limit exceeded: more than {limit} bytes when unpacked")]
    Bomb { limit: u64 },
    #[error("the body is not gzip as its Content-Encoding says: {0}")]
    Gzip(std::io::Error),
    #[error("the body is not zstd as its Content-Encoding says: {0}")]
    Zstd(std::io::Error),
    #[error("the Content-Encoding {0:?} was not asked for")]
    Encoding(String),
    #[error("the target sends no Content-Type, and the job has no fallback_scrape_protocol")]
    NoContentType,
    #[error("the Content-Type {0:?} is none of the text formats, and the job has no fallback_scrape_protocol")]
    ContentType(String),
    #[error("the target sends Prometheus's protobuf format, which is not supported: it was not asked for")]
    Protobuf,
    #[error("{0}")]
    Parse(#[from] ParseError),
    #[error("sample limit exceeded: {samples} samples, the limit is {limit}")]
    SampleLimit { samples: usize, limit: usize },
    #[error("label_limit exceeded: {series} has {labels} labels, the limit is {limit}")]
    LabelLimit { series: String, labels: usize, limit: usize },
    #[error("label_name_length_limit exceeded: the label {name} of {series} has {length} bytes, the limit is {limit}")]
    LabelNameLength { series: String, name: String, length: usize, limit: usize },
    #[error(
        "label_value_length_limit exceeded: the value of {name} of {series} has {length} bytes, the limit is {limit}"
    )]
    LabelValueLength { series: String, name: String, length: usize, limit: usize },
    #[error("metric relabelling leaves a series without a metric name: {0}")]
    NoName(String),
    #[error("metric_name_validation_scheme is legacy, and {name} in {series} is not a legacy name")]
    Name { series: String, name: String },
    /// A bound of the job as a whole.
    #[error("{0}")]
    Job(String),
    #[error("the store takes no samples: {0}")]
    Store(String),
}

/// The start of a text that a target chose, for a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
