//! HTTP: which path answers what. Health, readiness, reload, TLS and authentication are `procession_web`'s.

mod landing;
mod metrics;
mod pieces;
mod query;
mod shared;
mod timeout;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};

use self::pieces::Pieces;
pub(crate) use self::shared::SharedScanner;

/// Answers one request.
pub(crate) async fn answer<B>(
    scanner: Arc<SharedScanner>,
    request: Request<B>,
) -> Result<Response<Either<Full<Bytes>, Pieces>>, Infallible> {
    let known = matches!(request.uri().path(), "/" | "/metrics");
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    Ok(match request.uri().path() {
        _ if !known => text(StatusCode::NOT_FOUND, "Not found. The metrics are at /metrics.\n").map(Either::Left),
        _ if !reading => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Allowed here: GET, HEAD.\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response.map(Either::Left)
        }
        "/metrics" => metrics::answer(&scanner, &request).await,
        _ => landing::answer(scanner.source()).map(Either::Left),
    })
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
