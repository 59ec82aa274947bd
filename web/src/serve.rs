//! Accepting connections and answering on them.

use crate::door::Door;
use crate::listen::Listener;
use crate::rules::Rules;
use crate::{Bound, Endpoints, Error};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type BoxBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// The service behind the door, its types forgotten: nothing between here and there is generic over it.
type Inner = Arc<dyn Fn(Request<Incoming>) -> Pin<Box<dyn Future<Output = Response<BoxBody>> + Send>> + Send + Sync>;

/// Open connections to one service at a time (`--web.max-connections` of the Prometheus family).
const MAX_CONNECTIONS: usize = 512;
/// How long a TLS handshake may take, and how long a connection may wait for its first request.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take for the head of its next request: longer than a minute, the slowest usual scrape interval,
/// so that scrapes keep their connection; short enough that slow lorises lose their place.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long answers under way may take after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until shutdown: authentication first, then `/-/healthy`, `/-/ready`, `/-/reload` and `/metrics` as
/// [`Endpoints`] has them, then `service` for the rest. Requests carry an [`crate::Asker`] extension. Answers under way
/// when the shutdown begins get ten seconds.
pub async fn serve<S, B>(
    bound: Bound,
    endpoints: Endpoints,
    service: S,
    shutdown: CancellationToken,
) -> Result<(), Error>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let inner: Inner = Arc::new(move |request| {
        let answer = service.clone().oneshot(request);
        Box::pin(async move {
            match answer.await {
                Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
                Err(never) => match never {},
            }
        })
    });
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let scheme = bound.scheme();
    let mut accepting = tokio::task::JoinSet::new();
    for listener in bound.listeners {
        tracing::info!(address = listener.name(scheme), "listening");
        let door = Door {
            security: bound.security.clone(),
            on_loopback: listener.local_addr().is_some_and(|a| a.ip().is_loopback()),
            allowed_hosts: bound.allowed_hosts.clone().into(),
            endpoints: endpoints.clone(),
        };
        let (inner, connections, shutdown) = (inner.clone(), connections.clone(), shutdown.clone());
        accepting.spawn(accept(listener, Arc::new(door), inner, connections, shutdown));
    }
    while let Some(ended) = accepting.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            // A service whose listener is gone must not go on as if nothing had happened.
            std::panic::resume_unwind(error.into_panic());
        }
    }
    Ok(())
}

async fn accept(
    listener: Listener,
    door: Arc<Door>,
    inner: Inner,
    connections: Arc<Semaphore>,
    shutdown: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    loop {
        // Without a free place the kernel's queue holds the client, not our memory.
        let place = tokio::select! {
            () = shutdown.cancelled() => break,
            place = connections.clone().acquire_owned() => match place { Ok(place) => place, Err(_) => break },
        };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Out of descriptors, most likely: go on when some are free again.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (door, inner, watcher) = (door.clone(), inner.clone(), graceful.watcher());
        tokio::spawn(async move {
            match stream {
                Stream::Tcp(stream, peer) => connection(stream, peer.to_string(), door, inner, watcher).await,
                #[cfg(unix)]
                Stream::Unix(stream) => connection(stream, "unix socket".to_owned(), door, inner, watcher).await,
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers still under way after {} s are cut off", DRAIN.as_secs());
    }
}

enum Stream {
    Tcp(tokio::net::TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Listener {
    async fn accept(&self) -> std::io::Result<Stream> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Small answers must not wait for the peer's delayed acknowledgement.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream, peer))
            }
            #[cfg(unix)]
            Listener::Unix(socket) => Ok(Stream::Unix(socket.listener.accept().await?.0)),
        }
    }
}

async fn connection<I>(stream: I, peer: String, door: Arc<Door>, inner: Inner, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let rules: Arc<Rules> = door.security.follow().await;
    let Some(tls) = rules.tls.clone().map(TlsAcceptor::from) else {
        return http(stream, peer, false, door, inner, watcher).await;
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            http(stream, peer, http2, door, inner, watcher).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
    }
}

/// Which version is spoken was agreed on in the handshake, so no connection is read only to find out.
async fn http<I>(stream: I, peer: String, http2: bool, door: Arc<Door>, inner: Inner, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .keep_alive_interval(HANDSHAKE_TIMEOUT)
        .keep_alive_timeout(HANDSHAKE_TIMEOUT);
    let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
    let spoken = Arc::new(AtomicBool::new(false));
    let asked = spoken.clone();
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let (door, inner) = (door.clone(), inner.clone());
        async move { Ok::<_, Infallible>(answer(request, &door, &inner).await) }
    });
    let connection = watcher.watch(builder.serve_connection(TokioIo::new(stream), answer).into_owned());
    tokio::pin!(connection);
    let ended = match tokio::time::timeout(HANDSHAKE_TIMEOUT, &mut connection).await {
        Ok(ended) => ended,
        Err(_) if spoken.load(Ordering::Relaxed) => connection.await,
        Err(_) => return tracing::debug!(%peer, "connection without a request"),
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection lost");
    }
}

async fn answer(mut request: Request<Incoming>, door: &Door, inner: &Inner) -> Response<BoxBody> {
    // A connection may live long: passwords are those of now, not of its beginning.
    let rules = door.security.follow().await;
    let mut response = match door.admit(&rules, &request).await {
        Err(refusal) => refusal,
        Ok(asker) => match door.endpoints.answer(&request).await {
            Some(response) => response,
            None => {
                request.extensions_mut().insert(asker);
                inner(request).await
            }
        },
    };
    for (name, value) in &rules.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

/// A plain text answer.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<BoxBody> {
    let mut response = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests;
