//! Fetching a target's page: the one place where bytes come from the network.

use super::connection::connection;
use super::error::{ScrapeError, excerpt};
use crate::config::{Credentials, Job, Secret, TlsVersion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Certificate, Client, Identity, Request, Response, redirect, tls};
use std::time::Duration;

/// Hops that are followed, as in Go's client.
pub(super) const MAX_REDIRECTS: usize = 10;

/// An idle connection lives through all but the longest intervals.
const IDLE: Duration = Duration::from_secs(300);

/// Memory that is set aside on a target's word about its length; more grows as bytes arrive.
const TRUSTED_LENGTH: u64 = 4 << 20;

/// A page as it came: nothing is unpacked or decoded yet.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// As long as the limit at most.
    pub(crate) body: Vec<u8>,
    /// Whether the body is gzip.
    pub(crate) gzip: bool,
    /// The header, where it is there.
    pub(crate) content_type: Option<String>,
}

/// The connections and headers that a job's targets share.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    client: Client,
    headers: HeaderMap,
    body_limit: u64,
}

impl Fetcher {
    /// Reads the job's certificates and secrets. The error names what can't be read or used.
    pub(crate) fn new(job: &Job) -> Result<Self, String> {
        let client = client(job).map_err(|error| format!("job {:?}: {error}", job.name))?;
        let headers = headers(job).map_err(|error| format!("job {:?}: {error}", job.name))?;
        Ok(Fetcher { client, headers, body_limit: job.limits.body_size })
    }

    /// The request that every scrape of a target sends.
    pub(crate) fn request(&self, url: &str, timeout: Duration) -> Result<Request, ScrapeError> {
        let mut headers = self.headers.clone();
        if let Ok(seconds) = HeaderValue::from_str(&timeout.as_secs_f64().to_string()) {
            headers.insert("X-Prometheus-Scrape-Timeout-Seconds", seconds);
        }
        self.client.get(url).headers(headers).build().map_err(connection)
    }

    /// Fetches a page into `buffer`, which comes back in the page. All of it within the timeout.
    pub(crate) async fn fetch(
        &self,
        request: Request,
        timeout: Duration,
        buffer: Vec<u8>,
    ) -> Result<Page, ScrapeError> {
        match tokio::time::timeout(timeout, self.fetch_untimed(request, buffer)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(ScrapeError::Timeout(timeout)),
        }
    }

    async fn fetch_untimed(&self, request: Request, buffer: Vec<u8>) -> Result<Page, ScrapeError> {
        let response = self.client.execute(request).await.map_err(connection)?;
        if response.status() != StatusCode::OK {
            return Err(ScrapeError::Status(response.status()));
        }
        let header = |name| response.headers().get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let gzip = match header(CONTENT_ENCODING) {
            None => false,
            Some(encoding) if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") => false,
            Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => true,
            Some(encoding) => return Err(ScrapeError::Encoding(excerpt(&encoding))),
        };
        let content_type = header(CONTENT_TYPE);
        let body = self.body(response, buffer).await?;
        Ok(Page { body, gzip, content_type })
    }

    async fn body(&self, mut response: Response, mut body: Vec<u8>) -> Result<Vec<u8>, ScrapeError> {
        let limit = self.body_limit;
        let announced = response.content_length().unwrap_or(0);
        if announced > limit {
            return Err(ScrapeError::Announced { announced, limit });
        }
        body.clear();
        body.reserve(usize::try_from(announced.min(TRUSTED_LENGTH)).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(connection)? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(ScrapeError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn headers(job: &Job) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let accept = HeaderValue::from_str(&job.accept).map_err(|e| e.to_string())?;
    headers.insert(ACCEPT, accept);
    let encoding = if job.compression { "gzip" } else { "identity" };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("Procession/", env!("CARGO_PKG_VERSION"))));
    let authorization = match &job.credentials {
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

fn client(job: &Job) -> Result<Client, String> {
    let redirects = match job.follow_redirects {
        true => redirect::Policy::limited(MAX_REDIRECTS),
        false => redirect::Policy::none(),
    };
    // A proxy in the environment is not for scrapes, as in Prometheus.
    let mut builder = Client::builder().no_proxy().referer(false).redirect(redirects).pool_idle_timeout(IDLE);
    if !job.http2 {
        builder = builder.http1_only();
    }
    let version = |version| match version {
        TlsVersion::Tls12 => tls::Version::TLS_1_2,
        TlsVersion::Tls13 => tls::Version::TLS_1_3,
    };
    if let Some(least) = job.tls.min_version {
        builder = builder.tls_version_min(version(least));
    }
    if let Some(most) = job.tls.max_version {
        builder = builder.tls_version_max(version(most));
    }
    if let Some(ca) = &job.tls.ca {
        let certificates = Certificate::from_pem_bundle(read(ca)?.as_bytes())
            .map_err(|e| format!("tls_config: `ca`: {}", causes(&e)))?;
        if certificates.is_empty() {
            return Err("tls_config: `ca` holds no certificate in PEM form".to_owned());
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some((certificate, key)) = &job.tls.identity {
        let pem = format!("{}\n{}\n", read(certificate)?, read(key)?);
        let identity =
            Identity::from_pem(pem.as_bytes()).map_err(|e| format!("tls_config: `cert` and `key`: {}", causes(&e)))?;
        builder = builder.identity(identity);
    }
    if job.tls.insecure_skip_verify {
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
