//! What the service runs on.

use std::time::Duration;

use crate::query::Limits;

/// Everything that can be chosen, as plain data.
#[derive(Debug, Clone)]
pub struct Options {
    /// Base URL of a Prometheus-compatible API; a path prefix and credentials may be part of it.
    pub query_url: String,
    /// What the header of each page calls this installation; may be empty.
    pub title: String,
    /// Bounds on queries.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options { query_url: "http://127.0.0.1:9957".to_owned(), title: String::new(), limits: Limits::default() }
    }
}

/// The flags of the service, see [`Options`].
#[derive(Debug, Clone, clap::Args)]
pub struct DashboardFlags {
    /// Base URL of the query API: the scraper's, or that of Prometheus, Mimir, Thanos or VictoriaMetrics (with its path prefix).
    #[arg(long = "query.url", value_name = "URL", default_value = "http://127.0.0.1:9957")]
    pub query_url: String,

    /// Longest time that one query may take, in seconds.
    #[arg(long = "query.timeout", value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub query_timeout: u64,

    /// Most queries that run at one time.
    #[arg(long = "query.max-concurrency", value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub query_concurrency: u16,

    /// Name of this installation in the header of each page.
    #[arg(long = "web.page-title", value_name = "TEXT", default_value = "")]
    pub page_title: String,
}

impl From<DashboardFlags> for Options {
    fn from(flags: DashboardFlags) -> Options {
        let limits = Limits {
            timeout: Duration::from_secs(flags.query_timeout),
            concurrency: usize::from(flags.query_concurrency),
            ..Limits::default()
        };
        Options { query_url: flags.query_url, title: flags.page_title, limits }
    }
}
