//! What a query took, as JSON: `stats` as Prometheus has it, and `explain` beyond it.

use procession_promql::{Fetch, Statistics, Step};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a query waited, was read, and evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) waited: Duration,
    pub(crate) parsed: Duration,
    /// All of the evaluation, fetching included.
    pub(crate) evaluated: Duration,
}

/// The member `stats` of an answer. Sorting is part of the evaluation here.
pub(crate) fn stats(statistics: &Statistics, times: Times) -> Value {
    let fetching = statistics.fetching() + statistics.planning;
    json!({
        "timings": {
            "evalTotalTime": times.evaluated.as_secs_f64(),
            "resultSortTime": 0.0,
            "queryPreparationTime": fetching.as_secs_f64(),
            "innerEvalTime": times.evaluated.saturating_sub(fetching).as_secs_f64(),
            "execQueueTime": times.waited.as_secs_f64(),
            "execTotalTime": (times.waited + times.parsed + times.evaluated).as_secs_f64(),
        },
        "samples": {
            "totalQueryableSamples": statistics.queryable_samples,
            "peakSamples": statistics.peak_samples,
        },
    })
}

/// The member `explain` of an answer.
pub(crate) fn explain(statistics: &Statistics, times: Times) -> Value {
    json!({
        "seconds": {
            "waiting": times.waited.as_secs_f64(),
            "parsing": times.parsed.as_secs_f64(),
            "planning": statistics.planning.as_secs_f64(),
            "fetching": statistics.fetching().as_secs_f64(),
            "evaluating": times.evaluated.saturating_sub(statistics.fetching() + statistics.planning).as_secs_f64(),
        },
        "samples": {
            "fetched": statistics.fetches.iter().map(|f| f.samples).sum::<usize>(),
            "lookedAt": statistics.queryable_samples,
            "peak": statistics.peak_samples,
        },
        "fetches": statistics.fetches.iter().map(fetch).collect::<Vec<_>>(),
        "steps": statistics.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn fetch(fetch: &Fetch) -> Value {
    let origins = fetch.origins.iter().map(|o| json!({ "from": o.name, "samples": o.samples }));
    json!({
        "selector": fetch.selector,
        "after": fetch.start_ms as f64 / 1e3,
        "until": fetch.end_ms as f64 / 1e3,
        "series": fetch.series,
        "samples": fetch.samples,
        "origins": origins.collect::<Vec<_>>(),
        "seconds": fetch.took.as_secs_f64(),
    })
}

fn step(step: &Step) -> Value {
    json!({
        "depth": step.depth,
        "step": step.name,
        "series": step.series,
        "values": step.values,
        "seconds": step.took.as_secs_f64(),
    })
}
