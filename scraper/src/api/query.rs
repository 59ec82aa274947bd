//! `query`, `query_range` and `explain`: PromQL at one instant and over a range.

use super::activity::What;
use super::answer::{Answer, ApiError, ErrorType, Remarks};
use super::explain::{Times, stats};
use super::gate::Leave;
use super::parameters::Parameters;
use super::replicas::Merged;
use super::{ApiState, instant, json, result};
use axum::extract::State;
use procession_promql::{Error, Options, Outcome, Query, Select};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A range query answers with at most this many points per series: 60 s for a week, an hour for a year.
const MAX_POINTS: i128 = 11_000;

/// `query`: a value at `time`, now where it is left out.
pub(crate) async fn query(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let asked = Asked::of(&state, &parameters, Span::instant(&state, &parameters)?)?;
    answer(&state, asked).await
}

/// `query_range`: values from `start` to `end`, `step` apart.
pub(crate) async fn query_range(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let asked = Asked::of(&state, &parameters, Span::range(&parameters)?)?;
    answer(&state, asked).await
}

/// `explain`: what a query takes, without its answer. Over a range where `start` is given, else at `time`.
pub(crate) async fn explain(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let span = match parameters.get("start") {
        "" => Span::instant(&state, &parameters)?,
        _ => Span::range(&parameters)?,
    };
    let asked = Asked { explain: Explain::Alone, ..Asked::of(&state, &parameters, span)? };
    answer(&state, asked).await
}

/// The moments that are asked for, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Span {
    start_ms: i64,
    end_ms: i64,
    /// 0 of one instant.
    step_ms: i64,
}

impl Span {
    fn instant(state: &ApiState, parameters: &Parameters) -> Result<Self, ApiError> {
        // What is wrong with it comes first, as in Prometheus.
        parameters.limit()?;
        let at_ms = parameters.time_or("time", (state.now_ms)())?;
        Ok(Span { start_ms: at_ms, end_ms: at_ms, step_ms: 0 })
    }

    fn range(parameters: &Parameters) -> Result<Self, ApiError> {
        parameters.limit()?;
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
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution \
                 (?step=XX)",
            ));
        }
        // Samples are no closer than a millisecond.
        Ok(Span { start_ms, end_ms, step_ms: (step_ns / 1_000_000).max(1) })
    }

    fn evaluate(self, query: &Query, source: &dyn Select, options: &Options) -> Result<Outcome, Error> {
        match self.step_ms {
            0 => procession_promql::instant(query, self.start_ms, source, options),
            step_ms => procession_promql::range(query, self.start_ms, self.end_ms, step_ms, source, options),
        }
    }
}

/// Whether the answer tells how it came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Explain {
    No,
    Beside,
    Alone,
}

/// What all kinds of query share.
struct Asked {
    text: String,
    span: Span,
    limit: usize,
    timeout: Option<Duration>,
    lookback_ms: i64,
    stats: String,
    replica_labels: Vec<String>,
    explain: Explain,
}

impl Asked {
    fn of(state: &ApiState, parameters: &Parameters, span: Span) -> Result<Self, ApiError> {
        let duration = |name| match parameters.get(name) {
            "" => Ok(None),
            text => instant::parse_duration_ns(text).map(Some),
        };
        let timeout = duration("timeout").map_err(|e| ApiError::parameter("timeout", e))?;
        let lookback = duration("lookback_delta")
            .map_err(|e| ApiError::bad_data(format!("error parsing lookback delta duration: {e}")))?;
        Ok(Asked {
            text: parameters.get("query").to_owned(),
            span,
            limit: parameters.limit()?.unwrap_or(usize::MAX),
            timeout: timeout.map(|ns| Duration::from_nanos(u64::try_from(ns).unwrap_or(0))),
            lookback_ms: lookback.map(|ns| ns / 1_000_000).filter(|ms| *ms > 0).unwrap_or(state.limits.lookback_ms),
            stats: parameters.get("stats").to_owned(),
            replica_labels: match parameters.get("dedup") {
                "false" | "0" => Vec::new(),
                _ => state.limits.replica_labels.clone(),
            },
            explain: if parameters.get("explain") == "true" { Explain::Beside } else { Explain::No },
        })
    }
}

async fn answer(state: &ApiState, asked: Asked) -> Result<Answer, ApiError> {
    let Span { start_ms, end_ms, step_ms } = asked.span;
    let what = What { query: asked.text.clone(), start_ms, end_ms, step_ms };
    let active = state.activity.begin(what, (state.now_ms)());
    let deadline = state.deadline(asked.timeout);
    let (store, limits) = (state.store.clone(), state.limits.clone());
    let running = active.clone();
    let work = move |leave: &Leave| {
        let waited = running.runs();
        let began = Instant::now();
        let query = procession_promql::parse(&asked.text).map_err(failed)?;
        let parsed = began.elapsed();
        let options = Options {
            lookback_ms: asked.lookback_ms,
            max_samples: limits.max_samples,
            max_series: limits.max_series,
            deadline: Some(leave.deadline),
            canceled: Some(Arc::clone(&leave.canceled)),
            ..Options::default()
        };
        let source = Merged::new(&store, &asked.replica_labels);
        let outcome = asked.span.evaluate(&query, &source, &options);
        let evaluated = began.elapsed().saturating_sub(parsed);
        match &outcome {
            Ok(outcome) => running.finish(Ok(&outcome.statistics), limits.slow),
            Err(error) => running.finish(Err(&error.to_string()), limits.slow),
        }
        Ok(asked.answer(outcome.map_err(failed)?, Times { waited, parsed, evaluated }))
    };
    state.gate.run(deadline, work).await
}

impl Asked {
    fn answer(&self, outcome: Outcome, times: Times) -> Answer {
        let mut remarks = Remarks { warnings: outcome.warnings, infos: outcome.infos };
        let explained = || super::explain::explain(&outcome.statistics, times).to_string();
        if self.explain == Explain::Alone {
            return Answer::write(|out| json::harmless(out, explained().as_bytes()), &remarks);
        }
        if result::is_longer(&outcome.value, self.limit) {
            remarks.truncated();
        }
        if !matches!(self.stats.as_str(), "" | "true" | "all") {
            remarks.warnings.push(format!(
                "value {:?} for parameter \"stats\" is deprecated and will be rejected in the next major release, \
                 use \"true\" or \"all\"",
                self.stats
            ));
        }
        let more = |out: &mut Vec<u8>| {
            if !self.stats.is_empty() {
                out.extend_from_slice(b",\"stats\":");
                out.extend_from_slice(stats(&outcome.statistics, times).to_string().as_bytes());
            }
            if self.explain == Explain::Beside {
                out.extend_from_slice(b",\"explain\":");
                json::harmless(out, explained().as_bytes());
            }
        };
        Answer::write(|out| result::query_data(out, &outcome.value, self.limit, more), &remarks)
    }
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
