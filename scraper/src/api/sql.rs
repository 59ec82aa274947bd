//! `sql`: rows of a SELECT, sent as they come.

use super::ApiState;
use super::answer::{ApiError, ErrorType};
use super::gate::Leave;
use super::instant;
use super::parameters::Parameters;
use crate::rows::{Format, RowWriter};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use procession_store::{Error, SqlLimits, Store};
use std::io::{self, Write};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

/// What is sent at once. An error before so much was sent is an error answer; later it can only break the answer off.
const PIECE_BYTES: usize = 256 << 10;

/// Pieces that wait for a slow client.
const PIECES_AHEAD: usize = 4;

/// `sql`: the rows of `query` in the form `format`, or the one that the Accept header likes best.
pub(crate) async fn sql(
    State(state): State<ApiState>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let format = match parameters.get("format") {
        "" => Format::of_accept(headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default()),
        name => Format::of_name(name).map_err(|e| ApiError::parameter("format", e))?,
    };
    let timeout = match parameters.get("timeout") {
        "" => None,
        text => Some(instant::parse_duration_ns(text).map_err(|e| ApiError::parameter("timeout", e))?),
    };
    let timeout = timeout.map(|ns| Duration::from_nanos(u64::try_from(ns).unwrap_or(0)));
    let (text, limits) = (parameters.get("query").to_owned(), state.limits.sql);
    if text.trim().is_empty() {
        return Err(ApiError::parameter("query", "it is missing: expected a SELECT statement"));
    }
    let (sender, mut receiver) = channel(PIECES_AHEAD);
    let (store, deadline, gate) = (state.store.clone(), state.deadline(timeout), state.gate.clone());
    // A task of its own: it goes on while this handler has returned the first piece already.
    let running = tokio::spawn(async move {
        gate.run(deadline, move |leave| run(&store, &text, &limits, format, leave, sender)).await
    });
    let first = receiver.recv().await;
    let Some(first) = first else {
        // Nothing was sent and nothing will be: it failed.
        let ended = running.await.map_err(|e| ApiError::new(ErrorType::Internal, e.to_string()))?;
        return Err(ended.err().unwrap_or_else(|| ApiError::new(ErrorType::Internal, "there is no answer")));
    };
    Ok(respond(format, first, receiver, running))
}

fn respond(
    format: Format,
    first: Bytes,
    rest: Receiver<Bytes>,
    running: tokio::task::JoinHandle<Result<(), ApiError>>,
) -> Response {
    let end = async move {
        match running.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "an answer to SQL was broken off");
                Some(Err(io::Error::other(error)))
            }
            Err(error) => Some(Err(io::Error::other(error))),
        }
    };
    let pieces = tokio_stream::once(first).chain(ReceiverStream::new(rest)).map(Ok);
    let end = futures_util::stream::once(end).filter_map(|failure| failure);
    let mut response = Body::from_stream(pieces.chain(end)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn run(
    store: &Store,
    text: &str,
    limits: &SqlLimits,
    format: Format,
    leave: &Leave,
    sender: Sender<Bytes>,
) -> Result<(), ApiError> {
    let stop = {
        let (leave, sender) = (leave.clone(), sender.clone());
        move || sender.is_closed() || leave.check().is_err()
    };
    let mut writer = RowWriter::new(format, Pieces { buffer: Vec::new(), deadline: leave.deadline, sender });
    let result = store.sql(text, limits, &stop, &mut |rows| writer.write(rows));
    result.map_err(|error| failed(&error, leave))?;
    let ended = writer.finish().and_then(Pieces::end);
    ended.map_err(|error| ApiError::new(ErrorType::Execution, error.to_string()))
}

fn failed(error: &Error, leave: &Leave) -> ApiError {
    let kind = match error {
        Error::SqlInvalid(_) | Error::SqlRefused(_) => ErrorType::BadData,
        Error::SqlFailed(_) | Error::SqlTooManyRows { .. } => ErrorType::Execution,
        Error::SqlStopped => {
            let gone = || ApiError::new(ErrorType::Canceled, "the client went away");
            return leave.check().err().unwrap_or_else(gone);
        }
        _ => ErrorType::Internal,
    };
    ApiError::new(kind, error.to_string())
}

/// Collects bytes and sends them in pieces. Waits where the client is slow, until the deadline; fails where it is gone.
struct Pieces {
    buffer: Vec<u8>,
    deadline: Instant,
    sender: Sender<Bytes>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        let sent = tokio::time::timeout_at(self.deadline.into(), self.sender.send(piece));
        match tokio::runtime::Handle::current().block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::other("the client went away")),
            Err(_) => Err(io::Error::other("the client reads too slowly: the query has run out of time")),
        }
    }

    fn end(mut self) -> io::Result<()> {
        self.send()
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
