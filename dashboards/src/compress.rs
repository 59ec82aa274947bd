//! Compression of answers: of short ones where they are sent, of long ones on a blocking thread.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{FromRef as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use tokio::runtime::Handle;

use crate::server::{App, Live};

/// Compressing less than this takes no longer than a thread's turn would.
const SHORT_BYTES: u64 = 32 << 10;

/// An answer that is long before it is compressed.
#[derive(Debug, Clone, Copy)]
struct Long;

/// Middleware inside of the compression: marks the long answers. A stream has no length, and stays one.
pub(crate) async fn mark(mut response: Response) -> Response {
    if response.body().size_hint().exact().is_some_and(|bytes| bytes >= SHORT_BYTES) {
        response.extensions_mut().insert(Long);
    }
    response
}

/// Middleware around the compression, which does its work while a body is read: reads long ones on a blocking thread, where
/// pages and charts are drawn as well, so that tokio's workers stay free.
pub(crate) async fn aside(State(live): State<Live>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.extensions().get::<Long>().is_none() || !response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let runtime = Handle::current();
    let compressed = App::from_ref(&live).threads.run(move || runtime.block_on(to_bytes(body, usize::MAX))).await;
    let reason = match compressed {
        Ok(Ok(bytes)) => return Response::from_parts(parts, Body::from(bytes)),
        Ok(Err(error)) => error.to_string(),
        Err(lost) => lost.to_string(),
    };
    tracing::error!(reason, "could not compress an answer");
    (StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be compressed; the log says why\n").into_response()
}
