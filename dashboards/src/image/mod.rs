//! `/chart.svg`: a chart is a URL.

mod caching;
mod chart;
mod naming;
mod request;

pub use naming::names;
pub use request::{ImageRequest, PARAMETERS};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

use crate::chart::{message, palette::Theme, standalone};
use crate::server::App;

/// The size of a message where the request's own size cannot be read.
const MESSAGE_SIZE: (u32, u32) = (800, 240);

/// Answers `/chart.svg`. What goes wrong is an image too, with the status that it deserves.
pub async fn handle(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let request = match ImageRequest::parse(&query) {
        Ok(request) => request,
        Err(bad) => {
            return refused(StatusCode::BAD_REQUEST, "Bad request", &bad.to_string(), MESSAGE_SIZE, Theme::Auto);
        }
    };
    let size = (request.look.width, request.look.height);
    let now_ms = app.now_ms();
    let chart = match chart::fetch(&app.client, &request, now_ms).await {
        Ok(chart) => chart,
        Err(chart::Error::Parameter(bad)) => {
            return refused(StatusCode::BAD_REQUEST, "Bad request", &bad.to_string(), size, request.look.theme);
        }
        Err(chart::Error::Query(error)) => {
            tracing::warn!(%error, "no chart");
            let heading = if error.is_bad_query() { "Bad query" } else { "No answer from the query server" };
            return refused(error.status(), heading, &error.to_string(), size, request.look.theme);
        }
    };
    let max_age = caching::max_age(&request, chart.span, chart.step_ms, now_ms);
    let look = request.look;
    match tokio::task::spawn_blocking(move || standalone::render(&chart, &look)).await {
        Ok(Ok(svg)) => image(StatusCode::OK, svg, &format!("private, max-age={max_age}")),
        Ok(Err(error)) => failed(&error.to_string(), size, request.look.theme),
        Err(error) => failed(&error.to_string(), size, request.look.theme),
    }
}

fn failed(error: &str, size: (u32, u32), theme: Theme) -> Response {
    tracing::error!(error, "could not draw a chart");
    refused(StatusCode::INTERNAL_SERVER_ERROR, "Could not draw the chart", error, size, theme)
}

fn refused(status: StatusCode, heading: &str, detail: &str, (width, height): (u32, u32), theme: Theme) -> Response {
    image(status, message::render(heading, detail, width, height, theme), "no-store")
}

fn image(status: StatusCode, svg: String, cache: &str) -> Response {
    let mut response = (status, svg).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    // The style sheet is part of the image; scripts and everything else stay forbidden where it is opened by itself.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if let Ok(cache) = HeaderValue::from_str(cache) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    response
}
