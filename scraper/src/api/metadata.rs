//! `metadata` and `targets/metadata`: type, help and unit of the metrics, as the targets describe them.

use super::ApiState;
use super::answer::{Answer, ApiError};
use super::parameters::Parameters;
use axum::extract::State;
use procession_openmetrics::Labels;
use procession_promql::{Matcher, matches_all, parse_matchers};
use procession_store::Family;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What one target says about one metric family.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The target's labels.
    pub target: Labels,
    /// The metric family's name.
    pub family: String,
    /// Its type as the API spells it (`counter`).
    pub kind: &'static str,
    /// Its help text.
    pub help: String,
    /// Its unit, empty where it has none.
    pub unit: String,
}

/// `metadata`: by metric family, each different description once. `limit` bounds the families, `limit_per_metric` the
/// descriptions of each, `metric` names one family.
pub(crate) async fn metadata(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let limit = parameters.count("limit", "limit must be a number")?;
    let per_metric = parameters.count("limit_per_metric", "limit_per_metric must be a number")?;
    let metric = parameters.get("metric").to_owned();
    let limit = limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    // A fleet says a lot about itself: hundreds of families for each target.
    let (list, store) = (state.metadata.clone(), state.store.clone());
    let collect = move |_: &_| {
        let mut all = list();
        add_stored(&mut all, store.families());
        Answer::of(&by_family(&all, &metric, limit, per_metric))
    };
    state.gate.run(state.deadline(None), collect).await
}

/// Adds what earlier targets said of families that none describes at this moment.
fn add_stored(all: &mut Vec<Metadata>, stored: Vec<Family>) {
    let described: HashSet<String> = all.iter().map(|m| m.family.clone()).collect();
    let others = stored.into_iter().filter(|family| !described.contains(&family.name));
    all.extend(others.map(|Family { name, kind, help, unit }| Metadata {
        target: Labels::empty(),
        family: name,
        kind: kind.as_str(),
        help,
        unit,
    }));
}

fn by_family<'a>(
    all: &'a [Metadata],
    metric: &str,
    limit: usize,
    per_metric: Option<i64>,
) -> BTreeMap<&'a str, Vec<serde_json::Value>> {
    let mut families: BTreeMap<&str, BTreeSet<(&str, &str, &str)>> = BTreeMap::new();
    for m in all.iter().filter(|m| metric.is_empty() || m.family == metric) {
        let described = families.entry(&m.family).or_default();
        if per_metric.is_none_or(|n| n <= 0 || (described.len() as i64) < n) {
            described.insert((m.kind, &m.help, &m.unit));
        }
    }
    let json = |(kind, help, unit)| json!({ "type": kind, "help": help, "unit": unit });
    let first = families.into_iter().take(limit);
    first.map(|(family, described)| (family, described.into_iter().map(json).collect())).collect()
}

/// `targets/metadata`: by target. `match_target` selects targets by their labels, `metric` names one family.
pub(crate) async fn targets_metadata(
    State(state): State<ApiState>,
    parameters: Parameters,
) -> Result<Answer, ApiError> {
    let limit = parameters.count("limit", "limit must be a number")?;
    let limit = limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let list = state.metadata.clone();
    let collect = move |_: &_| {
        let matchers = match parameters.get("match_target") {
            "" => Vec::new(),
            selector => parse_matchers(selector).map_err(|e| ApiError::parameter("match_target", e))?,
        };
        Answer::of(&by_target(&list(), &matchers, parameters.get("metric"), limit))
    };
    state.gate.run(state.deadline(None), collect).await
}

fn by_target(all: &[Metadata], matchers: &[Matcher], metric: &str, limit: usize) -> Vec<serde_json::Value> {
    let wanted = all.iter().filter(|m| (metric.is_empty() || m.family == metric) && matches_all(matchers, &m.target));
    let entries = wanted.take(limit).map(|m| {
        let target: BTreeMap<_, _> = m.target.iter().collect();
        let mut entry = json!({ "target": target, "type": m.kind, "help": m.help, "unit": m.unit });
        // Prometheus leaves the name out where the request gives it.
        if metric.is_empty() {
            entry["metric"] = json!(m.family);
        }
        entry
    });
    entries.collect()
}
