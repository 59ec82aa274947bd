//! `/target`: one target, what was discovered, and what relabelling made of it rule by rule. All of it is worked out when
//! somebody asks.

use super::page;
use super::targets::{began, labels, samples};
use crate::api::ApiState;
use crate::api::parameters::Parameters;
use crate::api::targets::health_text;
use crate::config::format_duration;
use crate::relabel::{Step, steps};
use crate::target::seed;
use crate::target::status::{TargetStatus, TargetsSnapshot};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use procession_openmetrics::Labels;

/// What a target is called in a link: a hash of what was discovered of it.
pub(super) fn id(discovered: &Labels) -> String {
    format!("{:016x}", seed(discovered))
}

/// A target as it was found.
enum Found {
    Active(Box<TargetStatus>),
    Dropped(Labels),
    Refused(Labels, String),
}

impl Found {
    fn of(list: TargetsSnapshot, pool: &str, wanted: &str) -> Option<Found> {
        let is = |its_pool: &str, discovered: &Labels| its_pool == pool && id(discovered) == wanted;
        if let Some(active) = list.active.into_iter().find(|t| is(&t.target.pool, &t.target.discovered)) {
            return Some(Found::Active(Box::new(active)));
        }
        if let Some(dropped) = list.dropped.into_iter().find(|t| is(&t.pool, &t.discovered)) {
            return Some(Found::Dropped(dropped.discovered));
        }
        let refused = list.refused.into_iter().find(|t| is(&t.pool, &t.discovered));
        refused.map(|target| Found::Refused(target.discovered, target.reason))
    }

    fn discovered(&self) -> &Labels {
        match self {
            Found::Active(status) => &status.target.discovered,
            Found::Dropped(discovered) | Found::Refused(discovered, _) => discovered,
        }
    }
}

/// `/target`: the target `id` of the job `pool`.
pub(crate) async fn target(State(state): State<ApiState>, parameters: Parameters) -> Response {
    let pool = parameters.get("pool");
    let (Some(found), Some(job)) = (Found::of((state.targets)(), pool, parameters.get("id")), (state.job)(pool)) else {
        let gone = page(
            "Target",
            &html! { p { "There is no such target any more. " a href="targets" { "All targets" } " are listed." } },
        );
        return (StatusCode::NOT_FOUND, gone).into_response();
    };
    let discovered = found.discovered();
    let address = discovered.get("__address__").unwrap_or("without an address");
    page(
        &format!("Target {address}"),
        &html! {
            (state_of(&found, pool, (state.now_ms)()))
            h2 { "Discovered" }
            (pairs(discovered))
            h2 { "Relabelling" }
            @let steps = steps(&job.relabel, discovered);
            @if steps.is_empty() {
                p { "The job has no " code { "relabel_configs" } "." }
            } @else {
                ol { @for step in &steps { li { (shown(step)) } } }
            }
            @if let Found::Active(status) = &found {
                h2 { "Labels of its series" }
                p {
                    "Labels that begin with " code { "__" } " are dropped now, and " code { "instance" }
                    " is the address where no rule has set it."
                }
                (pairs(&status.target.labels))
            }
        },
    )
}

fn state_of(found: &Found, pool: &str, now_ms: i64) -> Markup {
    html! {
        div class="wide" { table class="pairs" { tbody {
            tr { th { "Job" } td { (pool) } }
            @match found {
                Found::Active(status) => {
                    @let (target, last) = (&status.target, &status.last);
                    tr { th { "State" } td class=(health_text(last.health)) { (health_text(last.health)) } }
                    tr { th { "Address" } td { code { (target.url) } } }
                    tr { th { "Scraped" } td {
                        "every " (format_duration(target.interval)) ", within " (format_duration(target.timeout))
                    } }
                    tr { th { "Last scrape" } td { (began(last, now_ms)) } }
                    tr { th { "Duration" } td { (format!("{:.3} s", last.duration.as_secs_f64())) } }
                    tr { th { "Samples" } td { (samples(last)) } }
                    tr { th { "Error" } td { @if last.error.is_empty() { "none" } @else { span class="down" { (last.error) } } } }
                }
                Found::Dropped(_) => { tr { th { "State" } td { "dropped by relabelling" } } }
                Found::Refused(_, reason) => {
                    tr { th { "State" } td class="down" { "cannot be scraped" } }
                    tr { th { "Error" } td { span class="down" { (reason) } } }
                }
            }
        } } }
    }
}

/// A rule and what it did.
fn shown(step: &Step<'_>) -> Markup {
    let differences = step.differences();
    html! {
        code { (step.rule.written()) }
        @if !step.kept {
            p { span class="down" { "dropped here" } ": " (labels(&step.before)) }
        } @else if differences.is_empty() {
            p { "changes nothing" }
        }
        @for difference in &differences {
            p {
                @match (difference.before, difference.after) {
                    (None, Some(after)) => { "sets " code { (difference.name) "=" (format!("{after:?}")) } }
                    (Some(before), Some(after)) => {
                        "changes " code { (difference.name) } " from " code { (format!("{before:?}")) }
                        " to " code { (format!("{after:?}")) }
                    }
                    (before, None) => { "removes " code { (difference.name) "=" (format!("{:?}", before.unwrap_or(""))) } }
                }
            }
        }
    }
}

fn pairs(labels: &Labels) -> Markup {
    html! {
        div class="wide" { table class="pairs" { tbody {
            @for (name, value) in labels { tr { th { code { (name) } } td { code { (value) } } } }
        } } }
    }
}
