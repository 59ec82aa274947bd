//! How HTTP servers are spoken to, targets and discovery alike: connections, certificates, who we say we are.

mod connection;

pub(crate) use connection::failure;

use crate::config::{Credentials, HttpClient as Config, Secret, TlsVersion};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Identity, Request, Response, redirect, tls};
use std::time::Duration;

/// Hops that are followed, as in Go's client.
const MAX_REDIRECTS: usize = 10;

/// An idle connection lives through all but the longest intervals.
const IDLE: Duration = Duration::from_secs(300);

/// Connections and the headers of every request.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: Client,
    headers: HeaderMap,
}

impl HttpClient {
    /// Reads the certificates and secrets. The error names what can't be read or used.
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        Ok(HttpClient { client: client(config)?, headers: headers(config)? })
    }

    /// A GET with our headers and these.
    pub(crate) fn request(&self, url: &str, headers: HeaderMap) -> Result<Request, String> {
        self.client.get(url).headers(self.headers.clone()).headers(headers).build().map_err(failure)
    }

    /// The head of the answer. The error is in words.
    pub(crate) async fn execute(&self, request: Request) -> Result<Response, String> {
        self.client.execute(request).await.map_err(failure)
    }
}

fn headers(config: &Config) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("Procession/", env!("CARGO_PKG_VERSION"))));
    let authorization = match &config.credentials {
        None => return Ok(headers),
        Some(Credentials::Basic { username, password }) => {
            let pair = format!("{}:{}", read(username)?, read(password)?);
            format!("Basic {}", BASE64.encode(pair))
        }
        Some(Credentials::Header { scheme, credentials }) => format!("{scheme} {}", read(credentials)?),
    };
    let mut authorization = HeaderValue::from_str(&authorization)
        .map_err(|_| "the credentials hold a character that no HTTP header can hold".to_owned())?;
    // Keeps it out of logs, and from going along to other hosts after a redirect.
    authorization.set_sensitive(true);
    headers.insert(AUTHORIZATION, authorization);
    Ok(headers)
}

fn client(config: &Config) -> Result<Client, String> {
    let redirects = match config.follow_redirects {
        true => redirect::Policy::limited(MAX_REDIRECTS),
        false => redirect::Policy::none(),
    };
    // A proxy in the environment is not for scrapes, as in Prometheus.
    let mut builder = Client::builder().no_proxy().referer(false).redirect(redirects).pool_idle_timeout(IDLE);
    if !config.http2 {
        builder = builder.http1_only();
    }
    let version = |version| match version {
        TlsVersion::Tls12 => tls::Version::TLS_1_2,
        TlsVersion::Tls13 => tls::Version::TLS_1_3,
    };
    if let Some(least) = config.tls.min_version {
        builder = builder.tls_version_min(version(least));
    }
    if let Some(most) = config.tls.max_version {
        builder = builder.tls_version_max(version(most));
    }
    if let Some(ca) = &config.tls.ca {
        let certificates = Certificate::from_pem_bundle(read(ca)?.as_bytes())
            .map_err(|e| format!("tls_config: `ca`: {}", causes(&e)))?;
        if certificates.is_empty() {
            return Err("tls_config: `ca` holds no certificate in PEM form".to_owned());
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some((certificate, key)) = &config.tls.identity {
        let pem = format!("{}\n{}\n", read(certificate)?, read(key)?);
        let identity =
            Identity::from_pem(pem.as_bytes()).map_err(|e| format!("tls_config: `cert` and `key`: {}", causes(&e)))?;
        builder = builder.identity(identity);
    }
    if config.tls.insecure_skip_verify {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.build().map_err(|e| causes(&e))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text = format!("{text}: {e}");
        cause = e.source();
    }
    text
}

fn read(secret: &Secret) -> Result<String, String> {
    match secret {
        Secret::Text(text) => Ok(text.clone()),
        Secret::File(path) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(|e| format!("{}: {e}", path.display())),
    }
}
