//! The pages: HTML that works without scripts, every view a link.

pub mod add;
pub mod changes;
mod chart_card;
pub mod explore;
mod failing;
mod figure;
pub mod group;
pub mod groups;
mod happenings;
pub mod host;
pub mod hosts;
mod image_link;
mod inks;
mod link;
mod lives;
mod phrase;
pub mod process;
mod range;
mod scrapes;
mod shell;
mod timeframe;
pub mod tree;
mod trends;
mod whole;

use axum::extract::{OriginalUri, State};
use axum::response::Response;
use http::StatusCode;
use maud::html;

use crate::server::App;

/// Answers what no route knows.
pub async fn not_found(State(app): State<App>, OriginalUri(uri): OriginalUri) -> Response {
    let body = html! {
        section.notice {
            h2 { "There is no page " code { (uri.path()) } }
            p { "The hosts are on the " a href="/" { "first page" } "." }
        }
    };
    shell::page(&app, StatusCode::NOT_FOUND, "Not found", &html! {}, &body)
}
