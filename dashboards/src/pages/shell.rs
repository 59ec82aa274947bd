//! What is around every page, and the notices that stand in a page's place.

use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::phrase::lasting;
use crate::assets::{ICON, SCRIPT, STYLE};
use crate::chart::xml;
use crate::parameters::BadParameter;
use crate::query;
use crate::server::App;
use crate::stream::EVERY;

/// A whole page: `title` for the window, `bar` beside the name in the header, `body` below.
pub(super) fn page(app: &App, status: StatusCode, title: &str, bar: &Markup, body: &Markup) -> Response {
    followed(app, status, title, bar, body, None)
}

/// Draws a page where its charts hold nobody else up.
pub(super) async fn drawn(app: &App, page: impl FnOnce(&App) -> Response + Send + 'static) -> Response {
    let own = app.clone();
    match app.threads.run(move || page(&own)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "could not draw a page");
            let body = html! { section.notice.bad role="alert" { h2 { "This page could not be drawn" } p { "The log of the dashboards says why." } } };
            self::page(app, StatusCode::INTERNAL_SERVER_ERROR, "No page", &html! {}, &body)
        }
    }
}

/// A page that follows its data where the distance of the scrapes is given.
pub(super) fn followed(
    app: &App,
    status: StatusCode,
    title: &str,
    bar: &Markup,
    body: &Markup,
    interval_ms: Option<i64>,
) -> Response {
    let every = interval_ms.map(|ms| u64::try_from(ms / 1000).unwrap_or(0).clamp(*EVERY.start(), *EVERY.end()));
    let name = if app.title.is_empty() { "Procession" } else { &app.title };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) " \u{b7} " (name) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href=(ICON.path()) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.path());
                script type="module" src=(SCRIPT.path()) {}
            }
            body {
                header.top {
                    a.brand href="/" { (name) }
                    (bar)
                    a.nav href="/explore" { "Explore" }
                    @if every.is_some() { span.live id="live" role="status" hidden {} }
                }
                main data-every=[every] { (other_clock(app.client.clock_ahead_ms())) (body) }
            }
        }
    };
    // maud escapes markup; what no document may hold is left to us.
    let page = page.into_string().replace(xml::is_unprintable, "\u{fffd}");
    (status, Html(page)).into_response()
}

/// Clocks that differ by less need no word: an answer may have been on its way for as long.
const CLOCKS_DIFFER_MS: i64 = 20_000;

/// A clock that differs explains much that looks wrong: an empty end of the range, a host that seems silent.
fn other_clock(ahead_ms: i64) -> Markup {
    html! {
        @if ahead_ms.abs() >= CLOCKS_DIFFER_MS {
            p.skew role="status" {
                "The clock of the query server is " (lasting(ahead_ms.abs())) @if ahead_ms > 0 { " ahead of" } @else { " behind" } " the one of these pages: what they call now is another moment there."
            }
        }
    }
}

/// A link that asks for what there is not; the parameter is named.
pub(super) fn bad_link(app: &App, bad: &BadParameter) -> Response {
    let body = html! {
        section.notice.bad role="alert" {
            h2 { "This link cannot be shown" }
            p { (bad.to_string()) }
            p { a href="/" { "All hosts" } }
        }
    };
    page(app, StatusCode::BAD_REQUEST, "Bad request", &html! {}, &body)
}

/// A page for which the query server had no answer.
pub(super) fn no_answer(app: &App, title: &str, bar: &Markup, error: &query::Error) -> Response {
    page(app, error.status(), title, bar, &query_failed(error))
}

/// The query server's failure in words, with what to look at.
pub(super) fn query_failed(error: &query::Error) -> Markup {
    html! {
        section.notice.bad role="alert" {
            h2 { (heading(error)) }
            p { (error.to_string()) }
            @match error {
                query::Error::Unreachable { .. } => {
                    p { "Is it running? These pages show what it answers; its address is the flag " code { "--query.url" } ". Load the page again once it is up." }
                }
                query::Error::Timeout { .. } => p { "It may be busy: a shorter range asks less of it." },
                query::Error::Malformed { .. } => {
                    p { "Does " code { "--query.url" } " lead to the scraper, or to Prometheus with its path prefix?" }
                }
                _ => {}
            }
        }
    }
}

fn heading(error: &query::Error) -> &'static str {
    match error {
        query::Error::Unreachable { .. } => "The query server cannot be reached",
        query::Error::Timeout { .. } => "The query server does not answer",
        query::Error::Malformed { .. } => "The query server answers something else",
        _ => "The query server refused",
    }
}

/// A failure of one part of a page, in one line.
pub(super) fn part_failed(error: &query::Error) -> Markup {
    html! { p.partfail role="alert" { (error.to_string()) } }
}
