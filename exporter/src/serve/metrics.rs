//! `/metrics`.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use procession_web::exposition::{accepts_gzip, negotiate};

use super::pieces::Pieces;
use super::shared::{Ask, Refusal, SharedScanner};
use super::{text, timeout};
use crate::encode::Compression;

pub(crate) async fn answer<B>(scanner: &SharedScanner, request: &Request<B>) -> Response<Either<Full<Bytes>, Pieces>> {
    let value = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let format = negotiate(value("accept"));
    let compression = match accepts_gzip(value("accept-encoding")) {
        true => Compression::Gzip,
        false => Compression::None,
    };
    let ask = Ask {
        format,
        compression,
        query: request.uri().query().map(str::to_owned),
        deadline: timeout::deadline(value(timeout::HEADER), Instant::now()),
    };
    match scanner.scrape(ask).await {
        Ok(pieces) => {
            let mut response = Response::new(Either::Right(pieces));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
            headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
            if compression == Compression::Gzip {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Err(Refusal::Query(message)) => text(StatusCode::BAD_REQUEST, format!("{message}\n")).map(Either::Left),
        Err(Refusal::Late) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "The scrape timeout was over before earlier scrapes were done.\n")
                .map(Either::Left)
        }
        Err(Refusal::Failed(error)) => {
            tracing::error!(%error, "a scrape failed");
            text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).map(Either::Left)
        }
        Err(Refusal::Broken) => {
            tracing::error!("a scrape ended in a panic");
            text(StatusCode::INTERNAL_SERVER_ERROR, "The scan ended in a panic; the log has more.\n").map(Either::Left)
        }
    }
}
