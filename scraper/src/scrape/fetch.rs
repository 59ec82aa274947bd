//! Fetching a target's page: the one place where bytes come from the network.

use super::error::{ScrapeError, excerpt};
use crate::client::{HttpClient, failure};
use crate::config::Job;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Request, Response};
use std::time::Duration;

/// Memory that is set aside on a target's word about its length; more grows as bytes arrive.
const TRUSTED_LENGTH: u64 = 4 << 20;

/// How a body is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    #[default]
    Plain,
    /// gzip, in one or more members.
    Gzip,
    /// Zstandard, one frame.
    Zstd,
}

/// A page as it came: nothing is unpacked or decoded yet.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// As long as the limit at most.
    pub(crate) body: Vec<u8>,
    /// How the body is packed.
    pub(crate) packing: Packing,
    /// The header, where it is there.
    pub(crate) content_type: Option<String>,
}

/// The connections and headers that a job's targets share.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    client: HttpClient,
    headers: HeaderMap,
    body_limit: u64,
}

impl Fetcher {
    /// Reads the job's certificates and secrets. The error names what can't be read or used.
    pub(crate) fn new(job: &Job) -> Result<Self, String> {
        let client = HttpClient::new(&job.http).map_err(|error| format!("job {:?}: {error}", job.name))?;
        let headers = headers(job).map_err(|error| format!("job {:?}: {error}", job.name))?;
        Ok(Fetcher { client, headers, body_limit: job.limits.body_size })
    }

    /// The request that every scrape of a target sends.
    pub(crate) fn request(&self, url: &str, timeout: Duration) -> Result<Request, ScrapeError> {
        let mut headers = self.headers.clone();
        if let Ok(seconds) = HeaderValue::from_str(&timeout.as_secs_f64().to_string()) {
            headers.insert("X-Prometheus-Scrape-Timeout-Seconds", seconds);
        }
        self.client.request(url, headers).map_err(ScrapeError::Connection)
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
        let response = self.client.execute(request).await.map_err(ScrapeError::Connection)?;
        if response.status() != StatusCode::OK {
            return Err(ScrapeError::Status(response.status()));
        }
        let header = |name| response.headers().get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let packing = match header(CONTENT_ENCODING) {
            None => Packing::Plain,
            Some(encoding) if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") => Packing::Plain,
            Some(encoding) if encoding.eq_ignore_ascii_case("gzip") => Packing::Gzip,
            Some(encoding) if encoding.eq_ignore_ascii_case("zstd") => Packing::Zstd,
            Some(encoding) => return Err(ScrapeError::Encoding(excerpt(&encoding))),
        };
        let content_type = header(CONTENT_TYPE);
        let body = self.body(response, buffer).await?;
        Ok(Page { body, packing, content_type })
    }

    async fn body(&self, mut response: Response, mut body: Vec<u8>) -> Result<Vec<u8>, ScrapeError> {
        let limit = self.body_limit;
        let announced = response.content_length().unwrap_or(0);
        if announced > limit {
            return Err(ScrapeError::Announced { announced, limit });
        }
        body.clear();
        body.reserve(usize::try_from(announced.min(TRUSTED_LENGTH)).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(|e| ScrapeError::Connection(failure(e)))? {
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
    let encoding = if job.compression { "gzip, zstd;q=0.5" } else { "identity" };
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    Ok(headers)
}
