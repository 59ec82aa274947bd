//! The service's own metrics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Page {
    page: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    page: String,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Counters and histograms; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    requests: Family<Answer, Counter>,
    durations: Family<Page, Histogram>,
    queries: Family<Outcome, Counter>,
    query_duration: Histogram,
}

fn seconds() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics(Arc::new(Inner {
            requests: Family::default(),
            durations: Family::new_with_constructor(seconds),
            queries: Family::default(),
            query_duration: seconds(),
        }))
    }
}

impl Metrics {
    /// Registers them under `procession_dashboards_*`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("procession_dashboards");
        let Inner { requests, durations, queries, query_duration } = &*self.0;
        registry.register("requests", "Requests answered, by page and status code", requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request to its answer, queries included",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("queries", "Queries sent to the query server, by outcome", queries.clone());
        registry.register_with_unit(
            "query_duration",
            "Time from a query to its decoded answer",
            Unit::Seconds,
            query_duration.clone(),
        );
    }

    /// Counts one query to the query server.
    pub fn query(&self, outcome: &'static str, took: Duration) {
        self.0.queries.get_or_create(&Outcome { outcome }).inc();
        self.0.query_duration.observe(took.as_secs_f64());
    }
}

/// Middleware that counts requests by route, so that no request can invent a label value.
pub async fn count(
    State(metrics): State<Metrics>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let page = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let start = Instant::now();
    let response = next.run(request).await;
    metrics.0.durations.get_or_create(&Page { page: page.clone() }).observe(start.elapsed().as_secs_f64());
    metrics.0.requests.get_or_create(&Answer { page, code: response.status().as_u16() }).inc();
    response
}
