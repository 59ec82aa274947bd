//! How HTTP servers are spoken to, targets and discovery alike: connections, certificates, who we say we are.
//!
//! Secrets and certificates that stand in files are looked at again once a second while requests are made; a changed
//! file makes a new client, and one that can't be read leaves the old client in use.

mod connection;
mod oauth2;
mod secret;
mod server_name;
#[cfg(test)]
mod tests;
mod tls;

pub(crate) use connection::failure;

use crate::config::{Credentials, HttpClient as Config, Proxy, Tls};
use arc_swap::ArcSwap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use connection::causes;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use oauth2::Tokens;
use parking_lot::Mutex;
use reqwest::{Client, ClientBuilder, NoProxy, Request, Response, Url, redirect};
use rustls::pki_types::ServerName;
use secret::Reading;
use server_name::Named;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hops that are followed, as in Go's client.
const MAX_REDIRECTS: usize = 10;

/// An idle connection lives through all but the longest intervals.
const IDLE: Duration = Duration::from_secs(300);

/// From one look at the files to the next.
const LOOK: Duration = Duration::from_secs(1);

/// Connections and the headers of every request. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    made: ArcSwap<Made>,
    looked: Mutex<Instant>,
}

/// A client as the files of one moment make it.
#[derive(Debug)]
struct Made {
    connections: Connections,
    headers: HeaderMap,
    tokens: Option<Tokens>,
    reading: Reading,
}

impl HttpClient {
    /// Reads the certificates and secrets. The error names what can't be read or used.
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        let made = ArcSwap::from_pointee(Made::new(config)?);
        Ok(HttpClient(Arc::new(Inner { config: config.clone(), made, looked: Mutex::new(Instant::now()) })))
    }

    /// A GET with these headers.
    pub(crate) fn request(&self, url: &str, headers: HeaderMap) -> Result<Request, String> {
        let url = Url::parse(url).map_err(|e| format!("{url:?} is not a URL: {e}"))?;
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Sends a request with our headers; the head of the answer. The error is in words.
    pub(crate) async fn execute(&self, mut request: Request) -> Result<Response, String> {
        self.look().await;
        let made = self.0.made.load_full();
        for name in made.headers.keys() {
            request.headers_mut().remove(name);
        }
        for (name, value) in &made.headers {
            request.headers_mut().append(name, value.clone());
        }
        if let Some(tokens) = &made.tokens {
            request.headers_mut().insert(AUTHORIZATION, tokens.header().await?);
        }
        let response = made.connections.execute(request).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(tokens) = &made.tokens
        {
            tokens.forget().await;
        }
        Ok(response)
    }

    /// Looks at the files where a second has passed.
    async fn look(&self) {
        if !self.0.made.load().reading.has_files() {
            return;
        }
        {
            let mut looked = self.0.looked.lock();
            if looked.elapsed() < LOOK {
                return;
            }
            *looked = Instant::now();
        }
        let inner = self.0.clone();
        // What panicked there has said so.
        let _ = tokio::task::spawn_blocking(move || inner.renew()).await;
    }
}

impl Inner {
    /// Makes the client again where a file has changed.
    fn renew(&self) {
        if !self.made.load().reading.is_outdated() {
            return;
        }
        match Made::new(&self.config) {
            Ok(made) => self.made.store(Arc::new(made)),
            Err(error) => tracing::warn!(error, "a changed file can't be used; what it was before stays in use"),
        }
    }
}

impl Made {
    fn new(config: &Config) -> Result<Self, String> {
        let mut reading = Reading::default();
        let (proxy, follow) = (config.proxy.as_ref(), config.follow_redirects);
        let connections = Connections::new(proxy, &config.tls, config.http2, follow, &mut reading)?;
        let headers = headers(config, &mut reading)?;
        let tokens = match &config.credentials {
            Some(Credentials::OAuth2(config)) => Some(Tokens::new(config, &mut reading)?),
            _ => None,
        };
        Ok(Made { connections, headers, tokens, reading })
    }
}

/// Where requests go out.
#[derive(Debug)]
struct Connections {
    client: Client,
    /// Takes them where servers have a name of our choice.
    named: Option<Named>,
}

impl Connections {
    /// The error names what can't be read or used.
    fn new(proxy: Option<&Proxy>, tls: &Tls, http2: bool, follow: bool, reading: &mut Reading) -> Result<Self, String> {
        let material = tls::Material::read(tls, reading)?;
        let redirects = match follow && tls.server_name.is_none() {
            true => redirect::Policy::limited(MAX_REDIRECTS),
            false => redirect::Policy::none(),
        };
        let builder = builder(proxy)?.redirect(redirects);
        let builder = if http2 { builder } else { builder.http1_only() };
        let client = tls::set_up(builder, tls, &material)?.build().map_err(|e| causes(&e))?;
        let Some(name) = &tls.server_name else { return Ok(Connections { client, named: None }) };
        let expected = ServerName::try_from(name.clone())
            .map_err(|_| format!("tls_config: `server_name`: {name:?} is not a host's name"))?;
        let named = Named::new(expected, tls::config(tls, http2, &material)?, proxy, follow, client.clone())?;
        Ok(Connections { client, named: Some(named) })
    }

    /// The head of the answer. The error is in words.
    async fn execute(&self, request: Request) -> Result<Response, String> {
        match &self.named {
            Some(named) => named.execute(request).await,
            None => self.client.execute(request).await.map_err(failure),
        }
    }
}

/// What all our clients have in common. A proxy in the environment is asked only where the configuration says so.
fn builder(proxy: Option<&Proxy>) -> Result<ClientBuilder, String> {
    let builder = Client::builder().referer(false).pool_idle_timeout(IDLE);
    Ok(match proxy {
        None => builder.no_proxy(),
        Some(Proxy::Environment) => builder,
        Some(Proxy::Url { url, no_proxy, connect_headers }) => {
            let proxy = reqwest::Proxy::all(url).map_err(|e| format!("proxy_url: {}", causes(&e)))?;
            let proxy = proxy.no_proxy(NoProxy::from_string(no_proxy)).headers(connect_headers.clone());
            builder.no_proxy().proxy(proxy)
        }
    })
}

fn headers(config: &Config, reading: &mut Reading) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("Procession/", env!("CARGO_PKG_VERSION"))));
    for header in &config.headers {
        for value in &header.values {
            headers.append(header.name.clone(), sensitive(&reading.text(value)?)?);
        }
    }
    let authorization = match &config.credentials {
        None | Some(Credentials::OAuth2(_)) => return Ok(headers),
        Some(Credentials::Basic { username, password }) => {
            let pair = format!("{}:{}", reading.text(username)?, reading.text(password)?);
            format!("Basic {}", BASE64.encode(pair))
        }
        Some(Credentials::Header { scheme, credentials }) => format!("{scheme} {}", reading.text(credentials)?),
    };
    headers.insert(AUTHORIZATION, sensitive(&authorization)?);
    Ok(headers)
}

/// A header that is kept out of logs and, where it is the authorization, from going to other hosts after a redirect.
fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "the credentials hold a character that no HTTP header can hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
