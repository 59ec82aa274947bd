//! `/targets`: every target, its state and, in words, what is wrong with it.

use super::page;
use crate::api::ApiState;
use crate::api::targets::health_text;
use crate::target::status::{Health, LastScrape, TargetStatus};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use procession_openmetrics::Labels;

/// A longer page helps no one; what is down stands first.
const MAX_ROWS: usize = 2_000;

/// `/targets`.
pub(crate) async fn targets(State(state): State<ApiState>) -> Response {
    let mut list = (state.targets)();
    // What is down first: it is what one comes for.
    list.active.sort_by(|a, b| {
        let rank =
            |t: &TargetStatus| [Health::Down, Health::Unknown, Health::Up].iter().position(|h| *h == t.last.health);
        rank(a).cmp(&rank(b)).then_with(|| (&a.target.pool, &a.target.labels).cmp(&(&b.target.pool, &b.target.labels)))
    });
    let now_ms = (state.now_ms)();
    let down = list.active.iter().filter(|t| t.last.health == Health::Down).count();
    page(
        "Targets",
        &html! {
            p {
                (counted(list.active.len(), "target")) ", " (down) " down"
                @if !list.refused.is_empty() { ", " (list.refused.len()) " that cannot be scraped" }
                @if !list.dropped.is_empty() { ", " (list.dropped.len()) " dropped by relabelling" }
                "."
            }
            @if list.active.is_empty() {
                p { "The configuration names no target: add one under " code { "scrape_configs" } " and reload." }
            } @else {
                div class="wide" {
                    table {
                        thead { tr {
                            th { "State" } th { "Job" } th { "Address" } th { "Labels" }
                            th { "Last scrape" } th class="number" { "Duration" } th class="number" { "Samples" } th { "Error" }
                        } }
                        tbody { @for target in list.active.iter().take(MAX_ROWS) { (row(target, now_ms)) } }
                    }
                }
                (left_out(list.active.len()))
            }
            @if !list.discovery_errors.is_empty() {
                h2 { "Discovery" }
                p { "What was found before stays in use until this works again." }
                ul {
                    @for problem in list.discovery_errors.iter().take(MAX_ROWS) {
                        li { (problem.pool) ": " span class="down" { (problem.error) } }
                    }
                }
            }
            @if !list.refused.is_empty() {
                h2 { "Cannot be scraped" }
                ul {
                    @for target in list.refused.iter().take(MAX_ROWS) {
                        li { (target.pool) ": " span class="down" { (target.reason) } " " (labels(&target.discovered)) (link(&target.pool, &target.discovered)) }
                    }
                }
                (left_out(list.refused.len()))
            }
            @if !list.dropped.is_empty() {
                h2 { "Dropped by relabelling" }
                ul {
                    @for target in list.dropped.iter().take(MAX_ROWS) {
                        li { (target.pool) " " (labels(&target.discovered)) (link(&target.pool, &target.discovered)) }
                    }
                }
                (left_out(list.dropped.len()))
            }
        },
    )
}

fn row(status: &TargetStatus, now_ms: i64) -> Markup {
    let (target, last) = (&status.target, &status.last);
    html! {
        tr {
            td class=(health_text(last.health)) { (health_text(last.health)) }
            td { (target.pool) }
            // No link: a target is often reachable for the scraper alone.
            td { code { (target.url) } " " (link(&target.pool, &target.discovered)) }
            td { (labels(&target.labels)) }
            td { (began(last, now_ms)) }
            td class="number" { (format!("{:.3} s", last.duration.as_secs_f64())) }
            td class="number" { (samples(last)) }
            td { (last.error) }
        }
    }
}

/// When the last scrape began.
pub(super) fn began(last: &LastScrape, now_ms: i64) -> String {
    last.began_ms.map_or_else(|| "not yet".to_owned(), |at| ago(now_ms.saturating_sub(at)))
}

/// How many samples it brought, and how many were not stored and why.
pub(super) fn samples(last: &LastScrape) -> Markup {
    html! {
        (last.samples)
        @for (_, why, samples) in last.left_out.reasons() {
            @if samples > 0 { br; span class="down" { (samples) " left out: " (why) } }
        }
    }
}

/// Leads to the page of one target.
fn link(pool: &str, discovered: &Labels) -> Markup {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("pool", pool)
        .append_pair("id", &super::target::id(discovered))
        .finish();
    html! { a href={ "target?" (query) } { "relabelling" } }
}

fn left_out(count: usize) -> Markup {
    html! {
        @if count > MAX_ROWS {
            p { "And " (count - MAX_ROWS) " more, which the " a href="api/v1/targets" { "API" } " lists." }
        }
    }
}

pub(super) fn labels(labels: &Labels) -> Markup {
    html! { @for (name, value) in labels { code { (name) "=" (format!("{value:?}")) } " " } }
}

/// A number of things: `1 target`, `2 targets`.
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// How long ago, in the unit that a person would choose.
fn ago(ms: i64) -> String {
    match ms.max(0) / 1000 {
        s @ 0..=119 => format!("{s} s ago"),
        s @ 120..=7199 => format!("{} min ago", s / 60),
        s => format!("{} h ago", s / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::{ago, counted};

    #[test]
    fn one_and_many() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "target")), ["0 targets", "1 target", "2 targets"]);
    }

    #[test]
    fn ages() {
        for (ms, want) in
            [(-5, "0 s ago"), (1999, "1 s ago"), (119_999, "119 s ago"), (120_000, "2 min ago"), (7_200_000, "2 h ago")]
        {
            assert_eq!(ago(ms), want);
        }
    }
}
