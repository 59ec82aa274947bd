//! `/`: every host at a glance.

mod overview;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use maud::html;

use super::shell;
use crate::parameters::Parameters;
use crate::server::App;

/// Answers `/`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    if let Err(bad) = Parameters::parse(&query.unwrap_or_default(), &[], &[]) {
        return shell::bad_link(&app, &bad);
    }
    let now_ms = app.now_ms();
    match overview::fetch(&app.client, now_ms).await {
        Ok(overview) => view::page(&app, &overview, now_ms),
        Err(error) => shell::page(&app, error.status(), "Hosts", &html! {}, &shell::query_failed(&error)),
    }
}
