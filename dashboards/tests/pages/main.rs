//! The pages and the image against a query server of our own on a port of its own, with names that nobody would wish for.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod bad_server;
mod client;
mod fake;
mod hostile;
mod image;
mod parts;
mod refused;
mod tree;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use procession_dashboards::Options;
use procession_dashboards::metrics::Metrics;
use procession_dashboards::query::Limits;
use procession_dashboards::server::{App, Live, router};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// 2026-11-23T12:00:00Z: when these tests happen.
const NOW_MS: i64 = 1_795_435_200_000;

/// The dashboards before the query server at `url`.
fn dashboards(url: &str) -> Router {
    dashboards_reading(url, 1 << 20)
}

/// The same with answers of so many bytes at most.
fn dashboards_reading(url: &str, body_bytes: usize) -> Router {
    dashboards_within(url, Limits { timeout: Duration::from_secs(30), body_bytes, ..Limits::default() })
}

/// The same within these bounds.
fn dashboards_within(url: &str, limits: Limits) -> Router {
    let options = Options { query_url: url.to_owned(), limits, ..Options::default() };
    let metrics = Metrics::default();
    router(Live::new(App::new(&options, metrics.clone(), || NOW_MS).unwrap()), metrics, CancellationToken::new())
}

struct Page {
    status: StatusCode,
    headers: http::HeaderMap,
    bytes: Vec<u8>,
    /// The same as text, where it is text.
    body: String,
}

impl Page {
    fn header(&self, name: http::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn says(&self, text: &str) {
        assert!(self.body.contains(text), "no {text:?} in\n{}", self.body);
    }

    #[track_caller]
    fn does_not_say(&self, text: &str) {
        assert!(!self.body.contains(text), "{text:?} in\n{}", self.body);
    }
}

async fn get(dashboards: &Router, path: &str) -> Page {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response: Response<Body> = dashboards.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 8 << 20).await.unwrap().to_vec();
    let is_text = parts.headers.get(header::CONTENT_TYPE).is_none_or(|of| of != "image/png");
    let body = if is_text { String::from_utf8(bytes.clone()).unwrap() } else { String::new() };
    Page { status: parts.status, headers: parts.headers, bytes, body }
}

#[tokio::test]
async fn what_every_page_carries() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let group = "/group?instance=web-1:9956&group=nginx";
    let process = "/process?instance=web-1:9956&pid=42";
    for path in [
        "/",
        "/host?instance=web-1:9956",
        group,
        process,
        "/tree?instance=web-1:9956",
        "/groups?group=nginx",
        "/changes?instance=web-1:9956",
        "/explore",
        "/explore?query=up",
        "/nowhere",
        "/chart.svg?query=up",
        "/chart.svg?query=up&x=1",
    ] {
        let page = get(&app, path).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'unsafe"), "{path}: {policy}");
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert!(!page.header(header::CACHE_CONTROL).is_empty(), "{path}");
        // Nothing is loaded from elsewhere; the name space of SVG is no request.
        let elsewhere = page.body.replace("http://www.w3.org/2000/svg", "").replace("http://127.0.0.1", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{path}: {}", page.body);
        if page.header(header::CONTENT_TYPE).starts_with("text/html") {
            page.does_not_say(" style=");
            page.does_not_say("<style");
            assert_eq!(page.body.matches("<script").count(), 1, "{path}");
            page.says("<script type=\"module\" src=\"/static/page-");
        }
    }
}

#[tokio::test]
async fn what_pages_load_is_kept_for_good() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/").await;
    for start in ["/static/style-", "/static/icon-", "/static/page-"] {
        let at = page.body.find(start).unwrap();
        let path = page.body[at..].split('"').next().unwrap();
        let asset = get(&app, path).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert!(asset.header(header::CACHE_CONTROL).contains("immutable"));
    }
    assert_eq!(get(&app, "/static/style-0.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_are_compressed() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    for path in ["/host?instance=web-1:9956", "/chart.svg?query=up"] {
        let request = Request::builder().uri(path).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip", "{path}");
        // A long answer is compressed before it is sent, a short one while it is.
        let size = axum::body::HttpBody::size_hint(response.body()).exact();
        assert_eq!(size.is_some(), path.starts_with("/host"), "{path}");
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&body[..]), &mut text).unwrap();
        let page = get(&app, path).await;
        assert_eq!(page.body.len() > 32 << 10, path.starts_with("/host"), "{path}: {} bytes", page.body.len());
        assert_eq!(text, page.body, "{path}");
    }
}

#[tokio::test]
async fn only_pages_can_be_followed() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    for (query, says) in [
        ("", "parameter page: is missing"),
        ("page=//elsewhere/", "parameter page: is no path of this server"),
        ("page=/&every=0", "parameter every: must be"),
    ] {
        let page = get(&app, &format!("/stream?{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        page.says(says);
    }
}
