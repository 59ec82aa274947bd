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
//! | `openapi` | the description of all this for programs |
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
mod openapi;
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
use axum::handler::Handler;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use tower_http::compression::CompressionLayer;

/// The endpoints below `/api/v1`. `docs/openapi.yaml` describes each; a test holds the two together.
fn endpoints() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        ("/query", form(query::query)),
        ("/query_range", form(query::query_range)),
        ("/explain", form(query::explain)),
        ("/query_exemplars", form(exemplars::query_exemplars)),
        ("/format_query", form(syntax::format_query)),
        ("/parse_query", form(syntax::parse_query)),
        ("/sql", form(sql::sql)),
        ("/admin/backup", post(backup::backup)),
        ("/series", form(series::series)),
        ("/labels", form(series::labels)),
        ("/label/{name}/values", get(series::label_values)),
        ("/metadata", get(metadata::metadata)),
        ("/targets", get(targets::targets)),
        ("/targets/relabel_steps", get(relabel_steps::relabel_steps)),
        ("/targets/metadata", get(metadata::targets_metadata)),
        ("/scrape_pools", get(targets::scrape_pools)),
        ("/rules", get(rules::rules)),
        ("/alerts", get(rules::alerts)),
        ("/alertmanagers", get(rules::alertmanagers)),
        ("/status/buildinfo", get(status::build_info)),
        ("/status/config", get(status::config)),
        ("/status/flags", get(status::flags)),
        ("/status/runtimeinfo", get(status::runtime_info)),
        ("/status/active_queries", get(activity::active_queries)),
        ("/status/slow_queries", get(activity::slow_queries)),
        ("/status/tsdb", get(status::tsdb)),
        ("/openapi.yaml", get(openapi::openapi)),
    ]
}

/// Takes a form by POST as well as a GET.
fn form<H: Handler<T, ApiState>, T: 'static>(handler: H) -> MethodRouter<ApiState> {
    get(handler.clone()).post(handler)
}

/// Everything that the scraper answers besides what `web` itself serves.
pub fn router(state: ApiState) -> Router {
    let api = endpoints().into_iter().fold(Router::new(), |api, (path, methods)| api.route(path, methods));
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
