//! `/metrics`.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use procession_web::exposition::{accepts_gzip, negotiate};

use super::shared::{Refusal, SharedScanner};
use super::{text, timeout};
use crate::encode::Compression;

pub(crate) async fn answer(scanner: &SharedScanner, asked: &HeaderMap) -> Response<Full<Bytes>> {
    let value = |name: &str| asked.get(name).and_then(|v| v.to_str().ok());
    let format = negotiate(value("accept"));
    let compression = match accepts_gzip(value("accept-encoding")) {
        true => Compression::Gzip,
        false => Compression::None,
    };
    let deadline = timeout::deadline(value(timeout::HEADER), Instant::now());
    match scanner.scrape(format, compression, deadline).await {
        Ok(body) => {
            let mut response = Response::new(Full::new(Bytes::from(body)));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
            headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
            if compression == Compression::Gzip {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Err(Refusal::Late) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "The scrape timeout was over before earlier scrapes were done.\n")
        }
        Err(Refusal::Failed(error)) => {
            tracing::error!(%error, "a scrape failed");
            text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"))
        }
        Err(Refusal::Broken) => {
            tracing::error!("a scrape ended in a panic");
            text(StatusCode::INTERNAL_SERVER_ERROR, "The scan ended in a panic; the log has more.\n")
        }
    }
}
