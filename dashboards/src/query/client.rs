//! Asking the query server: one client, pooled connections, everything bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Url;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::answer::{Envelope, Labels, Pair, QueriedSeries, QueryData, Sample, TargetState, TargetsData};
use super::error::Error;
use super::rows::Rows;
use crate::metrics::Metrics;
use crate::time::Span;

/// Bounds on what is asked and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one query, from the connection to the last byte.
    pub timeout: Duration,
    /// For the connection alone.
    pub connect_timeout: Duration,
    /// The longest answer that is read, in bytes after decompression.
    pub body_bytes: usize,
    /// Queries at one time; the others wait.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(3),
            body_bytes: 64 << 20,
            // Prometheus itself runs 20 queries at one time.
            concurrency: 16,
        }
    }
}

/// A client of one query server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<str>,
    server: Arc<str>,
    limits: Limits,
    running: Arc<Semaphore>,
    /// How far the server's clock was ahead of this one's when it last answered, in milliseconds.
    ahead_ms: Arc<AtomicI64>,
    metrics: Metrics,
}

/// A URL, parsable or not, without what may be a user and a password: for messages.
fn without_credentials(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &url[..scheme + 3], &url[at + 1..]),
        _ => url.to_owned(),
    }
}

/// The URL of a query API, or what is wrong with it.
pub(crate) fn check_url(url: &str) -> Result<Url, Error> {
    let bad = |reason: &str| Error::BadUrl { url: without_credentials(url), reason: reason.to_owned() };
    let parsed = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(bad("it must begin with http:// or https://"));
    }
    if parsed.host_str().is_none() {
        return Err(bad("it names no host"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(bad("it must end before any ? or #"));
    }
    Ok(parsed)
}

impl Client {
    /// A client of the API at `url`: `http://host:port`, with a path where the API has a prefix (`/prometheus`), with
    /// user and password where it asks for them. Nothing is sent yet.
    pub fn new(url: &str, limits: Limits, metrics: Metrics) -> Result<Client, Error> {
        let parsed = check_url(url)?;
        let host = parsed.host_str().unwrap_or_default();
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let server = format!("{}://{host}{port}", parsed.scheme());
        let loopback = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        let base = parsed.as_str().trim_end_matches('/').trim_end_matches("/api/v1").trim_end_matches('/').to_owned();
        // reqwest is built without a default provider; whoever installed one first is right as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("procession-dashboards/", env!("CARGO_PKG_VERSION")))
            .timeout(limits.timeout)
            .connect_timeout(limits.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(60))
            .redirect(reqwest::redirect::Policy::limited(3))
            .tcp_nodelay(true);
        if loopback {
            // A proxy of the environment is for other hosts.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Setup(cause(&error)))?;
        let running = Arc::new(Semaphore::new(limits.concurrency.max(1)));
        Ok(Client {
            http,
            base: base.into(),
            server: server.into(),
            limits,
            running,
            ahead_ms: Arc::default(),
            metrics,
        })
    }

    /// Scheme, host and port of the query server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// How far the server's clock is ahead of this one's (behind, where it is negative), in milliseconds and to a second
    /// or two: from the `Date` of its last answer; 0 before there is one.
    pub fn clock_ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// An instant query that gives a vector; a scalar counts as a vector of one element without labels.
    pub async fn instant(&self, query: &str, at_ms: i64) -> Result<Vec<Sample>, Error> {
        match self.ask("query", &[("query", query), ("time", &seconds(at_ms))]).await? {
            QueryData::Vector(samples) => Ok(samples),
            QueryData::Scalar(Pair(point)) => Ok(vec![Sample { labels: Labels::new(), point }]),
            _ => Err(self.malformed("the query gives no instant vector")),
        }
    }

    /// An instant query of a range selector (`up[5m]`): the samples as they were scraped.
    pub async fn raw(&self, query: &str, at_ms: i64) -> Result<Vec<QueriedSeries>, Error> {
        match self.ask("query", &[("query", query), ("time", &seconds(at_ms))]).await? {
            QueryData::Matrix(series) => Ok(series),
            _ => Err(self.malformed("the query gives no range of samples")),
        }
    }

    /// A range query; the points stand at `span.start_ms` and every `step_ms` after it.
    pub async fn range(&self, query: &str, span: Span, step_ms: i64) -> Result<Vec<QueriedSeries>, Error> {
        let (start, end, step) = (seconds(span.start_ms), seconds(span.end_ms), seconds(step_ms));
        match self.ask("query_range", &[("query", query), ("start", &start), ("end", &end), ("step", &step)]).await? {
            QueryData::Matrix(series) => Ok(series),
            _ => Err(self.malformed("a range query gave no matrix")),
        }
    }

    /// The values of a label among the series that `selector` matches in `span`, sorted.
    pub async fn label_values(&self, label: &str, selector: &str, span: Span) -> Result<Vec<String>, Error> {
        let (start, end) = (seconds(span.start_ms), seconds(span.end_ms));
        let url = format!("{}/api/v1/label/{label}/values", self.base);
        let request = self.http.get(url).query(&[("match[]", selector), ("start", &start), ("end", &end)]);
        let _permit = self.running.acquire().await;
        self.answer(request).await
    }

    /// The names of the labels that series have in `span`, sorted.
    pub async fn label_names(&self, span: Span) -> Result<Vec<String>, Error> {
        let (start, end) = (seconds(span.start_ms), seconds(span.end_ms));
        let url = format!("{}/api/v1/labels", self.base);
        let request = self.http.get(url).query(&[("start", &start), ("end", &end)]);
        let _permit = self.running.acquire().await;
        self.answer(request).await
    }

    /// The targets that are being scraped. Servers that do not scrape (Mimir, Thanos) have none to tell of.
    pub async fn targets(&self) -> Result<Vec<TargetState>, Error> {
        let request = self.http.get(format!("{}/api/v1/targets", self.base)).query(&[("state", "active")]);
        let _permit = self.running.acquire().await;
        Ok(self.answer::<TargetsData>(request).await?.active)
    }

    /// The rows of a SELECT over what was recorded, from our own scraper; other servers have no SQL.
    pub async fn sql(&self, query: &str) -> Result<Rows, Error> {
        let request = self.http.post(format!("{}/api/v1/sql", self.base)).form(&[("query", query), ("format", "json")]);
        let _permit = self.running.acquire().await;
        self.counted(async {
            let (status, body) = self.body(request).await?;
            let client = self.clone();
            let read = move || client.decode_rows(status, &body);
            tokio::task::spawn_blocking(read).await.map_err(|error| self.malformed(&error.to_string()))?
        })
        .await
    }

    async fn ask(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<QueryData, Error> {
        let _permit = self.running.acquire().await;
        // POST: a selector of many names may be longer than a URL.
        self.answer(self.http.post(format!("{}/api/v1/{endpoint}", self.base)).form(form)).await
    }

    async fn answer<T: DeserializeOwned + Send + 'static>(&self, request: reqwest::RequestBuilder) -> Result<T, Error> {
        self.counted(self.exchange(request)).await
    }

    async fn counted<T>(&self, exchange: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let start = Instant::now();
        let answer = exchange.await;
        let outcome = match &answer {
            Ok(_) => "success",
            Err(Error::Api { .. } | Error::Missing { .. }) => "refused",
            Err(Error::Timeout { .. }) => "timeout",
            Err(_) => "failed",
        };
        self.metrics.query(outcome, start.elapsed());
        answer
    }

    /// Status and whole body, if that is no longer than the bound.
    async fn body(&self, request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), Error> {
        let mut response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status().as_u16();
        if let Some(date) = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok())
            && let Ok(date) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date)
        {
            // Against the clock of this machine, whatever moment is asked about.
            let ahead_ms = date.as_millisecond() - jiff::Timestamp::now().as_millisecond();
            self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > self.limits.body_bytes {
                return Err(Error::TooLong { limit_mib: self.limits.body_bytes >> 20 });
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    }

    async fn exchange<T: DeserializeOwned + Send + 'static>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Error> {
        let (status, body) = self.body(request).await?;
        let client = self.clone();
        if body.len() < 128 << 10 {
            return client.decode(status, &body);
        }
        // Megabytes of JSON would hold up every other request of this worker.
        tokio::task::spawn_blocking(move || client.decode(status, &body))
            .await
            .map_err(|error| self.malformed(&error.to_string()))?
    }

    fn decode<T: DeserializeOwned>(&self, status: u16, body: &[u8]) -> Result<T, Error> {
        // A label that is no UTF-8 must not cost the other series.
        let text = String::from_utf8_lossy(body);
        match serde_json::from_str::<Envelope<T>>(&text) {
            Ok(Envelope { data: Some(data), status, .. }) if status == "success" => Ok(data),
            Ok(envelope) if envelope.status == "error" => {
                Err(Error::Api { status, kind: envelope.error_type, message: envelope.error })
            }
            Ok(_) => Err(self.malformed("the answer has no data")),
            Err(_) if !(200..300).contains(&status) => {
                let start: String = text.trim().chars().take(120).collect();
                Err(self.malformed(&format!("HTTP status {status}: {start}")))
            }
            Err(error) => Err(self.malformed(&error.to_string())),
        }
    }

    fn decode_rows(&self, status: u16, body: &[u8]) -> Result<Rows, Error> {
        match status {
            200..300 => {
                let rows = Rows::read(&String::from_utf8_lossy(body));
                rows.map_err(|error| self.malformed(&error.to_string()))
            }
            404 | 405 | 501 => Err(Error::Missing { server: self.server.to_string(), what: "SQL" }),
            _ => self.decode::<serde::de::IgnoredAny>(status, body).and(Err(self.malformed("the answer has no rows"))),
        }
    }

    fn malformed(&self, reason: &str) -> Error {
        Error::Malformed { server: self.server.to_string(), reason: reason.to_owned() }
    }

    fn failed(&self, error: &reqwest::Error) -> Error {
        let server = self.server.to_string();
        if error.is_timeout() {
            let waited = if error.is_connect() { self.limits.connect_timeout } else { self.limits.timeout };
            return Error::Timeout { server, seconds: waited.as_secs() };
        }
        if error.is_decode() {
            return Error::Malformed { server, reason: cause(error) };
        }
        Error::Unreachable { server, reason: cause(error) }
    }
}

/// Milliseconds as the API's seconds.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1000, ms % 1000)
}

/// The innermost cause: the outer ones repeat the URL, with credentials in it.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_query_servers() {
        for (url, base) in [
            ("http://127.0.0.1:9957", "http://127.0.0.1:9957"),
            ("http://host:9090/", "http://host:9090"),
            ("https://host/prometheus/", "https://host/prometheus"),
            ("https://host/prometheus/api/v1", "https://host/prometheus"),
        ] {
            assert_eq!(&*Client::new(url, Limits::default(), Metrics::default()).unwrap().base, base, "{url}");
        }
        for url in ["", "host:9090", "ftp://host", "http://", "http://host?x=1"] {
            assert!(Client::new(url, Limits::default(), Metrics::default()).is_err(), "{url}");
        }
        let client = Client::new("http://user:secret@host:1/p", Limits::default(), Metrics::default()).unwrap();
        assert_eq!(client.server(), "http://host:1");
    }

    #[test]
    fn seconds_are_exact() {
        for (ms, expected) in [(0, "0.000"), (1_700_000_000_123, "1700000000.123"), (-1500, "-1.500")] {
            assert_eq!(seconds(ms), expected);
        }
    }
}
