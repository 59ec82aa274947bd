//! `server_name`: the name that a server is asked for in the TLS handshake (SNI) and that its certificate must have.
//!
//! The client library takes that name from the URL and has no setting for it. So requests over https of such a
//! configuration go out here, on the connections that the library itself is built on, directly or through a proxy.

use super::connection::{failure, failure_at, too_many_redirects};
use super::{IDLE, MAX_REDIRECTS};
use crate::config::Proxy;
use http::uri::Scheme;
use http::{HeaderMap, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use reqwest::{Body, Client, Request, Response, Url};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};
use tower_http::follow_redirect::FollowRedirect;
use tower_http::follow_redirect::policy::{Action, Attempt, FilterCredentials, Policy};

/// A peer that is gone without a word is noticed after three of these more, as with the library.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// A client that asks every server for one name.
#[derive(Clone)]
pub(super) struct Named(BoxCloneSyncService<http::Request<Body>, http::Response<Body>, String>);

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Named").finish_non_exhaustive()
    }
}

impl Named {
    /// Servers must have `name`, a proxy its own. `plain` takes what is not over https, and follows no redirects
    /// itself. The error says what is wrong with the proxy.
    pub(super) fn new(
        name: ServerName<'static>,
        config: ClientConfig,
        proxy: Option<&Proxy>,
        follow: bool,
        plain: Client,
    ) -> Result<Self, String> {
        let route = Route::new(proxy, config.clone())?;
        let connector = service_fn(move |uri| route.clone().connect(uri));
        let connector = HttpsConnector::new(connector, config, true, Arc::new(FixedServerNameResolver::new(name)));
        let tls = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build::<_, Body>(connector);
        let send = service_fn(move |request: http::Request<Body>| {
            let (tls, plain) = (tls.clone(), plain.clone());
            async move {
                if request.uri().scheme() != Some(&Scheme::HTTPS) {
                    let request = Request::try_from(request).map_err(failure)?;
                    return plain.execute(request).await.map(http::Response::from).map_err(failure);
                }
                let uri = request.uri().clone();
                let response = tls.request(request).await.map_err(|error| failure_at(&error, &uri))?;
                Ok(response.map(Body::wrap))
            }
        });
        let redirects = Redirects { follow, followed: 0, credentials: FilterCredentials::new() };
        Ok(Named(BoxCloneSyncService::new(FollowRedirect::with_policy(send, redirects))))
    }

    /// Sends a request. The error is in words.
    pub(super) async fn execute(&self, request: Request) -> Result<Response, String> {
        let request = http::Request::try_from(request).map_err(failure)?;
        self.0.clone().oneshot(request).await.map(Response::from)
    }
}

/// The way to a server.
#[derive(Clone)]
struct Route {
    proxies: Arc<Matcher>,
    /// Sent with `CONNECT`.
    headers: HeaderMap,
    direct: HttpConnector,
    to_proxy: HttpsConnector<HttpConnector>,
}

impl Route {
    fn new(proxy: Option<&Proxy>, mut config: ClientConfig) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        let proxies = match proxy {
            None => Matcher::builder().build(),
            Some(Proxy::Environment) => Matcher::from_system(),
            Some(Proxy::Url { url, no_proxy, connect_headers }) => {
                headers = connect_headers.clone();
                let url = Url::parse(url).map_err(|e| format!("proxy_url: {e}"))?;
                Matcher::builder().all(String::from(url)).no(no_proxy.as_str()).build()
            }
        };
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        direct.set_keepalive(Some(KEEPALIVE));
        direct.set_keepalive_interval(Some(KEEPALIVE));
        direct.set_keepalive_retries(Some(3));
        // `CONNECT` is said in HTTP/1.1.
        config.alpn_protocols.clear();
        let to_proxy = HttpsConnector::from((direct.clone(), config));
        Ok(Route { proxies: Arc::new(proxies), headers, direct, to_proxy })
    }

    /// A connection that reaches a URL's host, on which nothing has been said yet.
    async fn connect(self, uri: Uri) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, Box<dyn Error + Send + Sync>> {
        let Some(proxy) = self.proxies.intercept(&uri) else {
            return Ok(MaybeHttpsStream::Http(self.direct.oneshot(uri).await?));
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy).with_headers(self.headers);
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        Ok(tunnel.oneshot(uri).await?)
    }
}

/// Redirects as the library follows them: so many, and our credentials stay with the first host.
#[derive(Clone)]
struct Redirects {
    follow: bool,
    followed: usize,
    credentials: FilterCredentials,
}

impl Policy<Body, String> for Redirects {
    fn redirect(&mut self, attempt: &Attempt<'_>) -> Result<Action, String> {
        if !self.follow {
            return Ok(Action::Stop);
        }
        if self.followed == MAX_REDIRECTS {
            return Err(too_many_redirects());
        }
        self.followed += 1;
        Policy::<Body, String>::redirect(&mut self.credentials, attempt)
    }

    fn on_request(&mut self, request: &mut http::Request<Body>) {
        Policy::<Body, String>::on_request(&mut self.credentials, request);
    }

    fn clone_body(&self, body: &Body) -> Option<Body> {
        body.as_bytes().map(|bytes| Body::from(bytes.to_vec()))
    }
}
