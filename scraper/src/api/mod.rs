//! The query API: Prometheus's HTTP API over the store, and two pages for people.
//!
//! | file | its subject |
//! |---|---|
//! | `parameters`, `instant`, `label_name` | what a request says |
//! | `query`, `sql`, `backup`, `syntax`, `exemplars`, `series`, `targets`, `relabel_steps`, `metadata`, `rules`, `status` | the endpoints |
//! | `replicas` | two scrapers' series as one |
//! | `gate`, `activity` | evaluation on threads of its own, bounded, listed, and given up when no one waits for it |
//! | `answer`, `result`, `explain`, `json` | what is sent back |
//! | `cors` | to which pages elsewhere |
//! | `pages` | HTML |
//!
//! `docs/api.md` describes it for its users.

mod activity;
mod answer;
mod backup;
mod cardinality;
mod cors;
mod exemplars;
mod explain;
mod gate;
mod instant;
mod json;
mod label_name;
mod metadata;
mod pages;
mod parameters;
mod query;
mod relabel_steps;
mod replicas;
mod result;
mod rules;
mod series;
mod sql;
mod state;
mod status;
mod syntax;
mod targets;
#[cfg(test)]
mod tests;

pub use answer::{ApiError, ErrorType};
pub use cors::Origins;
pub(crate) use instant::parse_time;
pub use metadata::Metadata;
pub use state::{ApiState, Limits, Reloaded};

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;

/// Everything that the scraper answers besides what `web` itself serves.
pub fn router(state: ApiState) -> Router {
    let api = Router::new()
        .route("/query", get(query::query).post(query::query))
        .route("/query_range", get(query::query_range).post(query::query_range))
        .route("/explain", get(query::explain).post(query::explain))
        .route("/query_exemplars", get(exemplars::query_exemplars).post(exemplars::query_exemplars))
        .route("/format_query", get(syntax::format_query).post(syntax::format_query))
        .route("/parse_query", get(syntax::parse_query).post(syntax::parse_query))
        .route("/sql", get(sql::sql).post(sql::sql))
        .route("/admin/backup", axum::routing::post(backup::backup))
        .route("/series", get(series::series).post(series::series))
        .route("/labels", get(series::labels).post(series::labels))
        .route("/label/{name}/values", get(series::label_values))
        .route("/metadata", get(metadata::metadata))
        .route("/targets", get(targets::targets))
        .route("/targets/relabel_steps", get(relabel_steps::relabel_steps))
        .route("/targets/metadata", get(metadata::targets_metadata))
        .route("/scrape_pools", get(targets::scrape_pools))
        .route("/rules", get(rules::rules))
        .route("/alerts", get(rules::alerts))
        .route("/alertmanagers", get(rules::alertmanagers))
        .route("/status/buildinfo", get(status::build_info))
        .route("/status/config", get(status::config))
        .route("/status/flags", get(status::flags))
        .route("/status/runtimeinfo", get(status::runtime_info))
        .route("/status/active_queries", get(activity::active_queries))
        .route("/status/slow_queries", get(activity::slow_queries))
        .route("/status/tsdb", get(status::tsdb));
    let origins = state.cors.clone();
    Router::new()
        .nest("/api/v1", api)
        .route("/", get(pages::index))
        .route("/targets", get(pages::targets))
        .route("/target", get(pages::target))
        .route("/style.css", get(pages::style))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(origins, cors::answer))
        // The quickest level: the answers are mostly digits, and the network is mostly near.
        .layer(CompressionLayer::new().quality(tower_http::CompressionLevel::Fastest))
        .with_state(state)
}

async fn not_found(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") || uri.path() == "/api" {
        let message = format!("there is no endpoint {}; docs/api.md lists them", uri.path());
        return ApiError::new(ErrorType::NotFound, message).into_response();
    }
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let mut response = ApiError::bad_data(format!("{} does not take the method {method}", uri.path())).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
