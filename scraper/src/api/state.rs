//! What the endpoints work on.

use super::activity::Activity;
use super::cors::Origins;
use super::gate::Gate;
use super::metadata::Metadata;
use crate::config::Job;
use crate::target::status::TargetsSnapshot;
use procession_store::{SqlLimits, Store};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The bounds of the query API.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Evaluations at a time.
    pub concurrent_queries: usize,
    /// Requests that may wait for their turn; more are refused with 503.
    pub waiting_queries: usize,
    /// The longest that a request may wait and run; `timeout` can only shorten it.
    pub timeout: Duration,
    /// How old a sample may be and still count as current, in milliseconds; `lookback_delta` overrides it.
    pub lookback_ms: i64,
    /// Samples that one query may hold in memory.
    pub max_samples: usize,
    /// What one SQL query may take.
    pub sql: SqlLimits,
    /// Series that differ in these labels alone are one series to queries: the same, seen by several scrapers.
    pub replica_labels: Vec<String>,
    /// Series that one query may hold in memory.
    pub max_series: usize,
    /// Queries that take longer are listed and logged; zero for none.
    pub slow: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Limits {
            concurrent_queries: (2 * cores).max(4),
            waiting_queries: 256,
            timeout: Duration::from_secs(120),
            lookback_ms: 300_000,
            max_samples: 50_000_000,
            sql: SqlLimits::default(),
            replica_labels: Vec::new(),
            max_series: 1_000_000,
            slow: Duration::from_secs(10),
        }
    }
}

/// How the last reading of the configuration went.
#[derive(Clone, Copy, Debug)]
pub struct Reloaded {
    /// Whether the file as it is now is in use.
    pub succeeded: bool,
    /// When the configuration in use was read, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// A question to another part of the scraper, asked again for each request.
type Ask<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// A question for a job by its name.
type AskJob = Arc<dyn Fn(&str) -> Option<Arc<Job>> + Send + Sync>;

/// What the endpoints work on. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The samples.
    pub store: Store,
    /// The targets and how their last scrapes went.
    pub targets: Ask<TargetsSnapshot>,
    /// A scrape configuration by its name.
    pub job: AskJob,
    /// What the targets say about their metrics, each with the target's labels.
    pub metadata: Ask<Vec<Metadata>>,
    /// The configuration in use as YAML, without its secrets.
    pub config: Ask<String>,
    /// How its last reading went.
    pub reload: Ask<Reloaded>,
    /// The flags of the command line by name.
    pub flags: Arc<BTreeMap<String, String>>,
    /// How long samples are kept, as a person wrote it (`1y`).
    pub retention: String,
    /// When the service began, in milliseconds since the Unix epoch.
    pub started_ms: i64,
    /// The clock, in milliseconds since the Unix epoch.
    pub now_ms: fn() -> i64,
    /// Whose pages may read answers.
    pub cors: Option<Origins>,
    pub(crate) activity: Activity,
    /// Whether `admin/` endpoints do anything.
    pub admin_api: bool,
    pub(crate) limits: Limits,
    pub(crate) gate: Gate,
}

impl ApiState {
    /// An API over a store, without targets and configuration: the fields can be set afterwards.
    pub fn new(store: Store, limits: Limits) -> Self {
        let now_ms = || jiff::Timestamp::now().as_millisecond();
        let started_ms = now_ms();
        ApiState {
            store,
            targets: Arc::new(TargetsSnapshot::default),
            job: Arc::new(|_| None),
            metadata: Arc::new(Vec::new),
            config: Arc::new(String::new),
            reload: Arc::new(move || Reloaded { succeeded: true, at_ms: started_ms }),
            flags: Arc::default(),
            retention: String::new(),
            admin_api: false,
            started_ms,
            now_ms,
            cors: None,
            activity: Activity::default(),
            gate: Gate::new(limits.concurrent_queries, limits.waiting_queries),
            limits,
        }
    }

    /// When a request that begins now must be over.
    pub(crate) fn deadline(&self, timeout: Option<Duration>) -> Instant {
        Instant::now() + timeout.map_or(self.limits.timeout, |t| t.min(self.limits.timeout))
    }
}
