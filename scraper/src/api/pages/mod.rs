//! Pages for people: what this is, how its targets do, and how one of them came about. Plain HTML, no script.

mod target;
mod targets;

pub(crate) use target::target;
pub(crate) use targets::targets;

use super::{ApiError, ApiState};
use crate::counted::counted;
use crate::target::status::Health;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// Nothing but our own style sheet may load, and the empty icon that keeps browsers from asking for one; forms lead
/// here; no one may frame the pages.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
                                       base-uri 'none'; frame-ancestors 'none'";

/// `/`: where things are.
pub(crate) async fn index(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let store = state.store.clone();
    let stats = state.gate.run(state.deadline(None), move |_| Ok(store.stats())).await?;
    let list = (state.targets)();
    let up = list.active.iter().filter(|t| t.last.health == Health::Up).count();
    Ok(page(
        "Procession scraper",
        &html! {
            p { "This service scrapes metrics from its targets, keeps them in DuckDB and answers PromQL over HTTP." }
            ul {
                li { a href="targets" { "Targets" } " " (up) " of " (list.active.len()) " up" }
                li { a href="metrics" { "Metrics" } " of the scraper itself" }
                li { a href="api/v1/status/config" { "Configuration" } " in use" }
                li { a href="api/v1/status/tsdb" { "Storage" } " " (stats.active_series) " active series, " (stats.block_samples) " samples in " (counted(stats.blocks, "block")) }
            }
            h2 { "Ask" }
            form action="api/v1/query" method="get" {
                label { "PromQL at this moment " input name="query" value="up" size="40" required; }
                " " button { "Ask" }
            }
            h2 { "Connect" }
            p {
                "Any client of Prometheus's HTTP API can use this address as its server: in Grafana add a data source of the type Prometheus. "
                "The Procession dashboards take it as " code { "--query.url" } "."
            }
        },
    ))
}

/// `/style.css`.
pub(crate) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, include_str!("style.css")).into_response()
}

/// A whole page around its content.
fn page(title: &str, content: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="style.css";
                link rel="icon" href="data:,";
            }
            body {
                header { a href="./" { "Procession scraper" } " " a href="targets" { "Targets" } }
                main { h1 { (title) } (content) }
            }
        }
    };
    let mut response = document.into_string().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
