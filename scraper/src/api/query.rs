//! `query` and `query_range`: PromQL at one instant and over a range.

use super::answer::{Answer, ApiError, ErrorType, Remarks};
use super::gate::Leave;
use super::parameters::Parameters;
use super::replicas::Merged;
use super::watched::Watched;
use super::{ApiState, instant, result};
use axum::extract::State;
use procession_promql::{Error, Options, Outcome, Query, Select};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A range query answers with at most this many points per series: 60 s for a week, an hour for a year.
const MAX_POINTS: i128 = 11_000;

/// `query`: a value at `time`, now where it is left out.
pub(crate) async fn query(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let limit = parameters.limit()?;
    let at_ms = parameters.time_or("time", (state.now_ms)())?;
    let asked = Asked::of(&state, &parameters, limit)?;
    answer(&state, asked, move |query, source, options| procession_promql::instant(query, at_ms, source, options)).await
}

/// `query_range`: values from `start` to `end`, `step` apart.
pub(crate) async fn query_range(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let limit = parameters.limit()?;
    let (start_ms, end_ms) = (parameters.time("start")?, parameters.time("end")?);
    if end_ms < start_ms {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    let step_ns = instant::parse_duration_ns(parameters.get("step")).map_err(|e| ApiError::parameter("step", e))?;
    if step_ns <= 0 {
        let message = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(ApiError::parameter("step", message));
    }
    let range_ns = (i128::from(end_ms) - i128::from(start_ms)) * 1_000_000;
    if range_ns / i128::from(step_ns) > MAX_POINTS {
        return Err(ApiError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    // Samples are no closer than a millisecond.
    let step_ms = (step_ns / 1_000_000).max(1);
    let asked = Asked::of(&state, &parameters, limit)?;
    let evaluate = move |query: &Query, source: &dyn Select, options: &Options| {
        procession_promql::range(query, start_ms, end_ms, step_ms, source, options)
    };
    answer(&state, asked, evaluate).await
}

/// What both kinds of query share.
struct Asked {
    text: String,
    limit: usize,
    timeout: Option<Duration>,
    lookback_ms: i64,
    stats: String,
    replica_labels: Vec<String>,
}

impl Asked {
    fn of(state: &ApiState, parameters: &Parameters, limit: Option<usize>) -> Result<Self, ApiError> {
        let duration = |name| match parameters.get(name) {
            "" => Ok(None),
            text => instant::parse_duration_ns(text).map(Some),
        };
        let timeout = duration("timeout").map_err(|e| ApiError::parameter("timeout", e))?;
        let lookback = duration("lookback_delta")
            .map_err(|e| ApiError::bad_data(format!("error parsing lookback delta duration: {e}")))?;
        Ok(Asked {
            text: parameters.get("query").to_owned(),
            limit: limit.unwrap_or(usize::MAX),
            timeout: timeout.map(|ns| Duration::from_nanos(u64::try_from(ns).unwrap_or(0))),
            lookback_ms: lookback.map(|ns| ns / 1_000_000).filter(|ms| *ms > 0).unwrap_or(state.limits.lookback_ms),
            stats: parameters.get("stats").to_owned(),
            replica_labels: match parameters.get("dedup") {
                "false" | "0" => Vec::new(),
                _ => state.limits.replica_labels.clone(),
            },
        })
    }
}

async fn answer(
    state: &ApiState,
    asked: Asked,
    evaluate: impl FnOnce(&Query, &dyn Select, &Options) -> Result<Outcome, Error> + Send + 'static,
) -> Result<Answer, ApiError> {
    let queued = Instant::now();
    let deadline = state.deadline(asked.timeout);
    let (store, max_samples) = (state.store.clone(), state.limits.max_samples);
    let work = move |leave: &Leave| {
        let waited = queued.elapsed();
        let began = Instant::now();
        let query = procession_promql::parse(&asked.text).map_err(failed)?;
        let source = Watched::new(&store, leave);
        let options = Options {
            lookback_ms: asked.lookback_ms,
            max_samples,
            deadline: Some(leave.deadline),
            canceled: Some(Arc::clone(&leave.canceled)),
            ..Options::default()
        };
        let merged = Merged::new(&source, &asked.replica_labels);
        // An error of the store after the deadline or a cancellation is most likely a consequence of it.
        let outcome = evaluate(&query, &merged, &options).map_err(|e| match (e, leave.check()) {
            (Error::Select(_), Err(gone)) => gone,
            (e, _) => failed(e),
        })?;
        let evaluated = began.elapsed();
        let mut remarks = Remarks { warnings: outcome.warnings, infos: outcome.infos };
        if result::is_longer(&outcome.value, asked.limit) {
            remarks.truncated();
        }
        if !matches!(asked.stats.as_str(), "" | "true" | "all") {
            remarks.warnings.push(format!(
                "value {:?} for parameter \"stats\" is deprecated and will be rejected in the next major release, \
                 use \"true\" or \"all\"",
                asked.stats
            ));
        }
        let stats = |out: &mut Vec<u8>| {
            if !asked.stats.is_empty() {
                source.write_stats(out, waited, evaluated);
            }
        };
        Ok(Answer::write(|out| result::query_data(out, &outcome.value, asked.limit, stats), &remarks))
    };
    state.gate.run(deadline, work).await
}

/// An error of the evaluator as the API reports it.
pub(crate) fn failed(error: Error) -> ApiError {
    let kind = match error {
        Error::Parse { .. } | Error::Unsupported { .. } => return ApiError::parameter("query", error),
        Error::Execution(_) | Error::TooMany(_) => ErrorType::Execution,
        Error::Timeout => ErrorType::Timeout,
        Error::Canceled => ErrorType::Canceled,
        // The store's bound on the samples of one selection comes this way as well as its faults; Prometheus reports
        // the former as `execution`, and the latter as `internal` only where its engine wraps them.
        Error::Select(_) => ErrorType::Execution,
    };
    ApiError::new(kind, error.to_string())
}
