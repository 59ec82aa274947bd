//! `targets/relabel_steps`: what each relabelling rule makes of a target's labels.

use super::ApiState;
use super::answer::{Answer, ApiError};
use super::parameters::Parameters;
use crate::relabel::{Step, Written, steps};
use axum::extract::State;
use procession_openmetrics::Labels;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `targets/relabel_steps`: the rules of `scrapePool` applied to `labels`, an object in JSON such as `discoveredLabels`. A
/// rule that drops the target is the last.
pub(crate) async fn relabel_steps(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let pool = parameters.get("scrapePool");
    if pool.is_empty() {
        return Err(ApiError::bad_data("no scrapePool parameter provided"));
    }
    let text = parameters.get("labels");
    if text.is_empty() {
        return Err(ApiError::bad_data("no labels parameter provided"));
    }
    let labels: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|error| ApiError::bad_data(format!("error parsing labels: {error}")))?;
    let job = (state.job)(pool)
        .ok_or_else(|| ApiError::bad_data(format!("error getting scrape config: scrape pool {pool:?} not found")))?;
    let steps: Vec<Value> = steps(&job.relabel, &Labels::from_pairs(labels)).iter().map(step).collect();
    Answer::of(&json!({ "steps": steps }))
}

fn step(step: &Step<'_>) -> Value {
    let output: BTreeMap<&str, &str> = step.after.iter().collect();
    json!({ "rule": rule(&step.rule.written()), "output": output, "keep": step.kept })
}

/// A rule under the names that Prometheus gives its fields in JSON.
fn rule(rule: &Written<'_>) -> Value {
    let fields = [
        ("sourceLabels", rule.source_labels.map(|labels| json!(labels))),
        ("separator", rule.separator.map(|text| json!(text))),
        ("regex", rule.regex.map(|text| json!(text))),
        ("modulus", rule.modulus.map(|number| json!(number))),
        ("targetLabel", rule.target_label.map(|text| json!(text))),
        ("replacement", rule.replacement.map(|text| json!(text))),
        ("action", Some(json!(rule.action))),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<_, _>>())
}
