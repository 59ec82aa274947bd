//! `/`: every host at a glance.

mod fleet;
mod overview;
mod tables;
mod view;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use maud::html;

use super::link::Link;
use super::shell;
use crate::parameters::{BadParameter, Parameters};
use crate::server::App;

/// What the hosts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// What needs a look first, then by name.
    State,
    Name,
    Processes,
    Cpu,
    Load,
    Memory,
}

const SORTS: [(&str, Sort); 6] = [
    ("state", Sort::State),
    ("name", Sort::Name),
    ("processes", Sort::Processes),
    ("load", Sort::Load),
    ("cpu", Sort::Cpu),
    ("memory", Sort::Memory),
];

/// The first page as it was asked for.
#[derive(Debug, Clone)]
struct HostsView {
    link: Link,
    sort: Sort,
    /// A part of the name, in lower case.
    filter: Option<String>,
}

impl HostsView {
    fn parse(query: &str) -> Result<HostsView, BadParameter> {
        let known = ["sort", "filter"];
        let given = Parameters::parse(query, &known, &[])?;
        let sort = given.read("sort", |text| {
            let sort = SORTS.iter().find(|(name, _)| *name == text).map(|(_, sort)| *sort);
            sort.ok_or_else(|| format!("must be one of {}", SORTS.map(|(name, _)| name).join(", ")))
        })?;
        let filter = given.read("filter", |text| match text.chars().count() {
            0..=200 => Ok(text.to_lowercase()),
            _ => Err("has more than 200 characters".to_owned()),
        })?;
        Ok(HostsView { link: Link::asked("/", &known, &given), sort: sort.unwrap_or(Sort::State), filter })
    }
}

/// Answers `/`.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let view = match HostsView::parse(&query.unwrap_or_default()) {
        Ok(view) => view,
        Err(bad) => return shell::bad_link(&app, &bad),
    };
    let now_ms = app.now_ms();
    match Box::pin(overview::fetch(&app.client, now_ms)).await {
        Ok(overview) => shell::drawn(&app, move |app| view::page(app, &view, &overview, now_ms)).await,
        Err(error) => shell::page(&app, error.status(), "Hosts", &html! {}, &shell::query_failed(&error)),
    }
}
