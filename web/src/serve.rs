//! Accepting, checking and answering.

use crate::listen::Listener;
use crate::rules::Rules;
use crate::{Asker, Bound, Endpoints, Error, Security, host};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type BoxBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// Open connections to one service at a time (`--web.max-connections` of the Prometheus family).
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take for the head of a request, and for a TLS handshake: against slow lorises.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long answers under way may take after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until shutdown: authentication first, then `/-/healthy`, `/-/ready`, `/-/reload` and `/metrics` as
/// [`Endpoints`] has them, then `service` for the rest. Requests carry an [`Asker`] extension. Answers under way when
/// the shutdown begins get ten seconds.
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
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let scheme = bound.scheme();
    let mut accepting = tokio::task::JoinSet::new();
    for listener in bound.listeners {
        tracing::info!(address = listener.name(scheme), "listening");
        let door = Door {
            // A name can only be wrong where loopback is all the protection there is.
            check_host: !bound.security.authenticates() && listener.local_addr().is_some_and(|a| a.ip().is_loopback()),
            security: bound.security.clone(),
            allowed_hosts: bound.allowed_hosts.clone().into(),
            endpoints: endpoints.clone(),
        };
        let (service, connections, shutdown) = (service.clone(), connections.clone(), shutdown.clone());
        accepting.spawn(accept(listener, Arc::new(door), service, connections, shutdown));
    }
    while accepting.join_next().await.is_some() {}
    Ok(())
}

/// What every request has to pass.
struct Door {
    security: Security,
    check_host: bool,
    allowed_hosts: Arc<[String]>,
    endpoints: Endpoints,
}

async fn accept<S, B>(
    listener: Listener,
    door: Arc<Door>,
    service: S,
    connections: Arc<Semaphore>,
    shutdown: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
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
        let (door, service, watcher) = (door.clone(), service.clone(), graceful.watcher());
        tokio::spawn(async move {
            match stream {
                Stream::Tcp(stream, peer) => connection(stream, peer.to_string(), door, service, watcher).await,
                #[cfg(unix)]
                Stream::Unix(stream) => connection(stream, "unix socket".to_owned(), door, service, watcher).await,
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

async fn connection<I, S, B>(stream: I, peer: String, door: Arc<Door>, service: S, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let rules = door.security.follow().await;
    match rules.tls.clone().map(TlsAcceptor::from) {
        None => http(stream, peer, door, rules, service, watcher).await,
        Some(tls) => match tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => http(stream, peer, door, rules, service, watcher).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        },
    }
}

async fn http<I, S, B>(stream: I, peer: String, door: Arc<Door>, rules: Arc<Rules>, service: S, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(64);
    let builder = if rules.http2 { builder } else { builder.http1_only() };
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (door, service) = (door.clone(), service.clone());
        async move {
            // A connection may live long: passwords are those of now, not of its beginning.
            let rules = door.security.follow().await;
            let mut response = match door.admit(&rules, &request).await {
                Err(refusal) => refusal,
                Ok(asker) => {
                    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                    match door.endpoints.answer(&method, &path, request.headers()).await {
                        Some(response) => response,
                        None => pass_on(request, asker, service).await,
                    }
                }
            };
            for (name, value) in &rules.headers {
                response.headers_mut().insert(name.clone(), value.clone());
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = watcher.watch(builder.serve_connection(TokioIo::new(stream), answer).into_owned());
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "connection lost");
    }
}

async fn pass_on<S, B>(mut request: Request<Incoming>, asker: Asker, service: S) -> Response<BoxBody>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    request.extensions_mut().insert(asker);
    match service.oneshot(request).await {
        Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
        Err(never) => match never {},
    }
}

impl Door {
    /// Who asks, or the answer that turns them away.
    async fn admit<T>(&self, rules: &Rules, request: &Request<T>) -> Result<Asker, Response<BoxBody>> {
        let headers = request.headers();
        if rules.rate_limit.as_ref().is_some_and(|limit| !limit.admit(Instant::now())) {
            return Err(text(StatusCode::TOO_MANY_REQUESTS, "Too many requests.\n"));
        }
        if self.check_host {
            let host = request.uri().host().or_else(|| header_text(headers, header::HOST)).unwrap_or("");
            if !host::is_local(host, &self.allowed_hosts) {
                let reason = format!("{host:?} is not a name of this service; --web.allowed-host makes it one.\n");
                return Err(text(StatusCode::FORBIDDEN, reason));
            }
        }
        let Some(auth) = &rules.basic_auth else {
            return Ok(Asker::Anyone);
        };
        auth.check(header_text(headers, header::AUTHORIZATION)).await.ok_or_else(|| {
            let mut refusal = text(StatusCode::UNAUTHORIZED, "Unauthorized\n");
            refusal.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
            refusal
        })
    }
}

fn header_text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
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
mod tests {
    use super::*;
    use crate::{Ready, reload};
    use prometheus_client::registry::Registry;
    use reqwest::{Client, Method};

    /// A service behind everything that stands before it; stopped when dropped.
    struct Running {
        url: String,
        shutdown: CancellationToken,
        ready: Ready,
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.shutdown.cancel();
        }
    }

    async fn start(security: Security) -> Running {
        let bound =
            Bound::bind(&["127.0.0.1:0".to_owned()], security, vec!["friend.example".to_owned()]).await.unwrap();
        let (url, shutdown, ready) = (bound.url(), CancellationToken::new(), Ready::new(false));
        let (reload, mut requests) = reload::channel();
        tokio::spawn(async move {
            let mut outcomes = [Ok(()), Err("line 3: no".to_owned())].into_iter();
            while let (Some(request), Some(outcome)) = (requests.next().await, outcomes.next()) {
                request.answer(outcome);
            }
        });
        let endpoints =
            Endpoints { ready: ready.clone(), reload: Some(reload), metrics: Some(Arc::new(Registry::default())) };
        let service = tower::service_fn(|request: Request<Incoming>| async move {
            let asker = format!("{:?}", request.extensions().get::<Asker>());
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(asker))))
        });
        tokio::spawn(serve(bound, endpoints, service, shutdown.clone()));
        Running { url, shutdown, ready }
    }

    fn security(yaml: &str) -> Security {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        std::fs::write(&path, yaml).unwrap();
        Security::load(&path).unwrap()
    }

    fn client() -> reqwest::ClientBuilder {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy()
    }

    async fn ask(client: &Client, method: Method, url: String) -> (u16, String) {
        let response = client.request(method, url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    #[tokio::test]
    async fn answers_the_common_endpoints() {
        let (running, client) = (start(Security::default()).await, client().build().unwrap());
        let ask = |method, path: &str| ask(&client, method, format!("{}{path}", running.url));
        assert_eq!(ask(Method::GET, "/-/healthy").await, (200, "Healthy.\n".into()));
        assert_eq!(ask(Method::GET, "/-/ready").await.0, 503);
        running.ready.set(true);
        assert_eq!(ask(Method::GET, "/-/ready").await.0, 200);
        assert_eq!(ask(Method::POST, "/-/ready").await.0, 405);
        assert_eq!(ask(Method::GET, "/-/reload").await.0, 405);
        assert_eq!(ask(Method::POST, "/-/reload").await.0, 200);
        assert_eq!(ask(Method::POST, "/-/reload").await, (500, "The old configuration goes on: line 3: no\n".into()));
        assert_eq!(ask(Method::GET, "/metrics").await.0, 200);
        assert_eq!(ask(Method::GET, "/else").await, (200, "Some(Anyone)".into()));
    }

    #[tokio::test]
    async fn refuses_foreign_names_on_loopback() {
        let (running, client) = (start(Security::default()).await, client().build().unwrap());
        for (host, want) in [("localhost", 200), ("friend.example:1", 200), ("evil.example", 403)] {
            let response = client.get(&running.url).header("host", host).send().await.unwrap();
            assert_eq!(response.status(), want, "{host}");
        }
    }

    #[tokio::test]
    async fn asks_who_is_there_and_adds_headers() {
        let hash = bcrypt::hash("secret", 4).unwrap();
        let running = start(security(&format!(
            "basic_auth_users: {{ann: '{hash}'}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}\n"
        )))
        .await;
        let client = client().build().unwrap();
        let refused = client.get(format!("{}/-/healthy", running.url)).send().await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), refused.headers()["www-authenticate"].to_str().unwrap()),
            (401, "Basic")
        );
        assert_eq!(refused.headers()["x-frame-options"], "deny");
        let accepted = client.get(&running.url).basic_auth("ann", Some("secret")).send().await.unwrap();
        assert_eq!(accepted.text().await.unwrap(), "Some(User(\"ann\"))");
    }

    #[tokio::test]
    async fn answers_on_a_unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let bound = Bound::bind(&[format!("unix:{}", path.display())], Security::default(), Vec::new()).await.unwrap();
        assert_eq!(bound.url(), format!("unix:{}", path.display()));
        let endpoints = Endpoints { ready: Ready::new(true), reload: None, metrics: None };
        let service = tower::service_fn(|_| async { Ok::<_, Infallible>(Response::new(String::new())) });
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(bound, endpoints, service, shutdown.clone()));
        let client = client().unix_socket(path.clone()).build().unwrap();
        assert_eq!(ask(&client, Method::GET, "http://any/-/healthy".into()).await.0, 200);
        drop(client);
        shutdown.cancel();
        served.await.unwrap().unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn limits_the_rate() {
        let (running, client) =
            (start(security("rate_limit: {interval: 1h, burst: 2}")).await, client().build().unwrap());
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(ask(&client, Method::GET, running.url.clone()).await.0);
        }
        assert_eq!(seen, [200, 200, 429]);
    }

    #[tokio::test]
    async fn speaks_tls_and_checks_client_certificates() {
        let server = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let visitor = rcgen::generate_simple_self_signed(["visitor".to_owned()]).unwrap();
        let pem = |text: String| text.replace('\n', "\n    ");
        let running = start(security(&format!(
            "tls_server_config:\n  cert: |\n    {}\n  key: |\n    {}\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca: |\n    {}\n",
            pem(server.cert.pem()),
            pem(server.signing_key.serialize_pem()),
            pem(visitor.cert.pem()),
        )))
        .await;
        let url = running.url.replace("127.0.0.1", "localhost");
        let root = reqwest::Certificate::from_pem(server.cert.pem().as_bytes()).unwrap();
        let stranger = client().tls_certs_only([root.clone()]).build().unwrap();
        assert!(stranger.get(&url).send().await.is_err());
        let identity = format!("{}{}", visitor.cert.pem(), visitor.signing_key.serialize_pem());
        let known = client().tls_certs_only([root]).identity(reqwest::Identity::from_pem(identity.as_bytes()).unwrap());
        let response = known.build().unwrap().get(&url).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
    }
}
