//! `targets` and `scrape_pools`: what is scraped and how that goes.

use super::ApiState;
use super::answer::{Answer, ApiError, Remarks};
use super::parameters::Parameters;
use super::{json, status};
use crate::config::format_duration;
use crate::target::status::{DiscoveryError, DroppedTarget, Health, RefusedTarget, TargetStatus};
use axum::extract::State;
use std::collections::BTreeMap;

/// `targets`: those of `state` (`active`, `dropped`, both where it is left out) and `scrapePool`, by pool. Beyond
/// Prometheus, which only logs them: `refusedTargets` and `discoveryErrors`, where there are any.
pub(crate) async fn targets(State(state): State<ApiState>, parameters: Parameters) -> Result<Answer, ApiError> {
    let mut list = (state.targets)();
    let pool = parameters.in_url("scrapePool");
    let wanted = parameters.in_url("state").to_lowercase();
    let shows = |kind| wanted.is_empty() || wanted == "any" || wanted == kind;
    let in_pool = |name: &str| pool.is_empty() || name == pool;

    // Prometheus counts those of all pools, and says null where dropped targets are not asked for.
    let counts = shows("dropped").then(|| {
        let mut counts: BTreeMap<&str, u64> = list.pools.iter().map(|name| (name.as_str(), 0)).collect();
        for target in &list.dropped {
            *counts.entry(&target.pool).or_default() += 1;
        }
        serde_json::json!(counts).to_string()
    });
    list.active.retain(|t| shows("active") && in_pool(&t.target.pool));
    list.dropped.retain(|t| shows("dropped") && in_pool(&t.pool));
    list.refused.retain(|t| (shows("active") || shows("dropped")) && in_pool(&t.pool));
    list.discovery_errors.retain(|e| in_pool(&e.pool));
    list.active.sort_by(|a, b| a.target.pool.cmp(&b.target.pool));
    list.dropped.sort_by(|a, b| a.pool.cmp(&b.pool));

    Ok(Answer::write(
        |out| {
            out.extend_from_slice(br#"{"activeTargets":"#);
            json::array(out, &list.active, write_active);
            out.extend_from_slice(br#","droppedTargets":"#);
            json::array(out, &list.dropped, write_dropped);
            out.extend_from_slice(br#","droppedTargetCounts":"#);
            out.extend_from_slice(counts.as_deref().unwrap_or("null").as_bytes());
            if !list.refused.is_empty() {
                out.extend_from_slice(br#","refusedTargets":"#);
                json::array(out, &list.refused, write_refused);
            }
            if !list.discovery_errors.is_empty() {
                out.extend_from_slice(br#","discoveryErrors":"#);
                json::array(out, &list.discovery_errors, write_discovery_error);
            }
            out.push(b'}');
        },
        &Remarks::default(),
    ))
}

/// `scrape_pools`: the names of the scrape configurations, sorted.
pub(crate) async fn scrape_pools(State(state): State<ApiState>) -> Result<Answer, ApiError> {
    let mut pools = (state.targets)().pools;
    pools.sort_unstable();
    Answer::of(&serde_json::json!({ "scrapePools": pools }))
}

/// The state of a target as the API spells it.
pub(crate) fn health_text(health: Health) -> &'static str {
    match health {
        Health::Unknown => "unknown",
        Health::Up => "up",
        Health::Down => "down",
    }
}

fn write_active(out: &mut Vec<u8>, status: &TargetStatus) {
    let (target, last) = (&status.target, &status.last);
    out.extend_from_slice(br#"{"discoveredLabels":"#);
    json::labels(out, &target.discovered);
    out.extend_from_slice(br#","labels":"#);
    json::labels(out, &target.labels);
    let (interval, timeout) = (format_duration(target.interval), format_duration(target.timeout));
    let last_scrape = last.began_ms.map_or_else(|| status::NEVER.to_owned(), status::rfc3339);
    for (name, text) in [
        ("scrapePool", target.pool.as_str()),
        ("scrapeUrl", &target.url),
        // Where a browser elsewhere would find the target: no more is known than the address that is scraped.
        ("globalUrl", &target.url),
        ("lastError", &last.error),
        ("lastScrape", &last_scrape),
        ("health", health_text(last.health)),
        ("scrapeInterval", &interval),
        ("scrapeTimeout", &timeout),
    ] {
        out.push(b',');
        json::string(out, name);
        out.push(b':');
        json::string(out, text);
    }
    out.extend_from_slice(format!(r#","lastScrapeDuration":{}}}"#, last.duration.as_secs_f64()).as_bytes());
}

fn write_dropped(out: &mut Vec<u8>, target: &DroppedTarget) {
    out.extend_from_slice(br#"{"discoveredLabels":"#);
    json::labels(out, &target.discovered);
    out.extend_from_slice(br#","scrapePool":"#);
    json::string(out, &target.pool);
    out.push(b'}');
}

fn write_refused(out: &mut Vec<u8>, target: &RefusedTarget) {
    out.extend_from_slice(br#"{"discoveredLabels":"#);
    json::labels(out, &target.discovered);
    for (name, text) in [("scrapePool", &target.pool), ("reason", &target.reason)] {
        out.push(b',');
        json::string(out, name);
        out.push(b':');
        json::string(out, text);
    }
    out.push(b'}');
}

fn write_discovery_error(out: &mut Vec<u8>, problem: &DiscoveryError) {
    out.extend_from_slice(br#"{"scrapePool":"#);
    json::string(out, &problem.pool);
    out.extend_from_slice(br#","error":"#);
    json::string(out, &problem.error);
    out.push(b'}');
}
