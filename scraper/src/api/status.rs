//! `status/*`: what this service is and how it runs.

use super::ApiState;
use super::answer::{Answer, ApiError};
use super::cardinality::Cardinality;
use super::instant::{MAX_TIME_MS, MIN_TIME_MS};
use super::parameters::Parameters;
use super::series::{MAX_LISTED, store_failed};
use axum::extract::State;
use serde_json::json;

/// The version of Prometheus whose semantics and API this one follows. Clients decide by it what they may ask: Grafana
/// takes a service for Prometheus if this is a version of it and there is no `features` beside it.
pub(crate) const PROMETHEUS_VERSION: &str = "3.5.0";

/// `status/buildinfo`. `application` tells a person what really answers.
pub(crate) async fn build_info() -> Result<Answer, ApiError> {
    Answer::of(&json!({
        "version": PROMETHEUS_VERSION,
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
        "application": env!("CARGO_PKG_NAME"),
        "applicationVersion": env!("CARGO_PKG_VERSION"),
    }))
}

/// `status/config`: the configuration in use as YAML, without its secrets.
pub(crate) async fn config(State(state): State<ApiState>) -> Result<Answer, ApiError> {
    Answer::of(&json!({ "yaml": (state.config)() }))
}

/// `status/flags`: the command line's flags by name.
pub(crate) async fn flags(State(state): State<ApiState>) -> Result<Answer, ApiError> {
    Answer::of(state.flags.as_ref())
}

/// `status/runtimeinfo`. What only a Go program has is there with its name, so that clients find it, and empty.
pub(crate) async fn runtime_info(State(state): State<ApiState>) -> Result<Answer, ApiError> {
    let reload = (state.reload)();
    Answer::of(&json!({
        "startTime": rfc3339(state.started_ms),
        "CWD": std::env::current_dir().unwrap_or_default().to_string_lossy(),
        "hostname": std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim_end(),
        "serverTime": rfc3339((state.now_ms)()),
        "reloadConfigSuccess": reload.succeeded,
        "lastConfigTime": rfc3339(reload.at_ms),
        "corruptionCount": 0,
        "goroutineCount": 0,
        "GOMAXPROCS": std::thread::available_parallelism().map_or(1, usize::from),
        "GOMEMLIMIT": 0,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": state.retention,
    }))
}

/// `status/tsdb`: how many series there are and what makes them many.
pub(crate) async fn tsdb(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let limit = match parameters.count("limit", "limit must be a positive number")? {
        None => 10,
        Some(n) if n < 1 => return Err(ApiError::bad_data("limit must be a positive number")),
        Some(n) if n > 10_000 => return Err(ApiError::bad_data("limit must not exceed 10000")),
        Some(n) => n as usize,
    };
    let store = state.store.clone();
    let count = move |_: &_| {
        let all = store.series(&[], MIN_TIME_MS, MAX_TIME_MS, MAX_LISTED).map_err(store_failed)?;
        let stats = store.stats();
        let cardinality = Cardinality::of(&all);
        Answer::of(&json!({
            "headStats": {
                "numSeries": all.len(),
                "numLabelPairs": cardinality.label_pairs(),
                "chunkCount": 0,
                // Prometheus gives the ends of the range of times where there is no sample.
                "minTime": stats.min_time_ms.unwrap_or(i64::MAX),
                "maxTime": stats.max_time_ms.unwrap_or(i64::MIN),
            },
            "seriesCountByMetricName": cardinality.series_by_metric_name(limit),
            "labelValueCountByLabelName": cardinality.values_by_label_name(limit),
            "memoryInBytesByLabelName": cardinality.bytes_by_label_name(limit),
            "seriesCountByLabelValuePair": cardinality.series_by_pair(limit),
        }))
    };
    state.gate.run(state.deadline(None), count).await
}

/// What Prometheus prints for a moment that has not come: Go's zero time.
pub(crate) const NEVER: &str = "0001-01-01T00:00:00Z";

/// A moment as the API prints it.
pub(crate) fn rfc3339(timestamp_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(timestamp_ms).map_or_else(|_| NEVER.to_owned(), |t| t.to_string())
}
