//! One exchange with the query server: sent, read and decoded within bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::address::Address;
use super::decode;
use super::error::Error;
use super::rows::Rows;
use crate::metrics::Metrics;
use crate::threads::Threads;

/// Bounds on what is asked and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one query, from the connection to the last byte, and for all queries of one page or chart together.
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

/// Answers that are longer than this come one after the other, so that many of them need no more memory than one.
const LONG_BYTES: usize = 4 << 20;

/// Shorter answers are decoded where they arrive: that takes less than a thread's turn would.
const SHORT_BYTES: usize = 32 << 10;

/// What clones share.
#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    address: Address,
    limits: Limits,
    running: Semaphore,
    long: Arc<Semaphore>,
    /// How far the server's clock was ahead of this one's when it last answered, in milliseconds.
    ahead_ms: AtomicI64,
    metrics: Metrics,
    threads: Threads,
}

/// A way to the query server. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    shared: Arc<Shared>,
    /// When everything must have been answered.
    deadline: Option<Instant>,
}

impl Connection {
    pub(super) fn new(url: &str, limits: Limits, metrics: Metrics, threads: Threads) -> Result<Connection, Error> {
        let address = Address::parse(url)?;
        // reqwest is built without a default provider; whoever installed one first is right as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("procession-dashboards/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(60))
            // A redirected form may arrive empty, and credentials would go to whom nobody named: it is told instead.
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true);
        if address.loopback {
            // A proxy of the environment is for other hosts.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Setup(cause(&error)))?;
        let shared = Shared {
            http,
            address,
            limits,
            running: Semaphore::new(limits.concurrency.max(1)),
            long: Arc::new(Semaphore::new(1)),
            ahead_ms: AtomicI64::new(0),
            metrics,
            threads,
        };
        Ok(Connection { shared: Arc::new(shared), deadline: None })
    }

    pub(super) fn hurried(&self) -> Connection {
        Connection { shared: self.shared.clone(), deadline: Some(Instant::now() + self.shared.limits.timeout) }
    }

    pub(super) fn server(&self) -> &str {
        &self.shared.address.server
    }

    pub(super) fn clock_ahead_ms(&self) -> i64 {
        self.shared.ahead_ms.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, endpoint: &str) -> RequestBuilder {
        self.shared.http.get(self.url(endpoint))
    }

    pub(super) fn post(&self, endpoint: &str) -> RequestBuilder {
        self.shared.http.post(self.url(endpoint))
    }

    fn url(&self, endpoint: &str) -> String {
        format!("{}/api/v1/{endpoint}", self.shared.address.base)
    }

    /// Sends a request and reads `data` of its answer.
    pub(super) async fn answer<T: DeserializeOwned + Send + 'static>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, Error> {
        self.exchange(request, decode::data).await
    }

    /// Sends a request and reads the rows of its answer.
    pub(super) async fn rows(&self, request: RequestBuilder) -> Result<Rows, Error> {
        self.exchange(request, decode::rows).await
    }

    async fn exchange<T: Send + 'static>(
        &self,
        request: RequestBuilder,
        read: fn(&str, u16, &[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let start = Instant::now();
        let deadline = self.deadline.unwrap_or(start + self.shared.limits.timeout);
        let answer = timeout_at(deadline, self.read(request, read)).await.unwrap_or_else(|_| Err(self.late()));
        let outcome = match &answer {
            Ok(_) => "success",
            Err(Error::Api { .. } | Error::Missing { .. }) => "refused",
            Err(Error::Timeout { .. }) => "timeout",
            Err(_) => "failed",
        };
        self.shared.metrics.query(outcome, start.elapsed());
        answer
    }

    async fn read<T: Send + 'static>(
        &self,
        request: RequestBuilder,
        read: fn(&str, u16, &[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _permit = self.shared.running.acquire().await;
        let mut response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status().as_u16();
        self.look_at_clock(response.headers());
        if let Some(place) = response.headers().get(reqwest::header::LOCATION).filter(|_| (300..400).contains(&status))
        {
            return Err(decode::redirected(self.server(), status, place.as_bytes()));
        }
        let mut body = Vec::new();
        let mut turn = None;
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + chunk.len() > self.shared.limits.body_bytes {
                return Err(Error::TooLong { limit_mib: self.shared.limits.body_bytes >> 20 });
            }
            if turn.is_none() && body.len() + chunk.len() > LONG_BYTES {
                turn = self.shared.long.clone().acquire_owned().await.ok();
            }
            body.extend_from_slice(&chunk);
        }
        if body.len() < SHORT_BYTES {
            return read(self.server(), status, &body);
        }
        let shared = self.shared.clone();
        // The turn of a long answer ends with its text, even if nobody waits for it any more.
        let decoded = self.shared.threads.run(move || {
            let _turn = turn;
            read(&shared.address.server, status, &body)
        });
        decoded.await.map_err(|lost| self.malformed(&lost.to_string()))?
    }

    fn look_at_clock(&self, headers: &reqwest::header::HeaderMap) {
        if let Some(date) = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok())
            && let Ok(date) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date)
        {
            // Against the clock of this machine, whatever moment is asked about.
            let ahead_ms = date.as_millisecond() - jiff::Timestamp::now().as_millisecond();
            self.shared.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        }
    }

    pub(super) fn malformed(&self, reason: &str) -> Error {
        Error::Malformed { server: self.server().to_owned(), reason: reason.to_owned() }
    }

    fn late(&self) -> Error {
        Error::Timeout { server: self.server().to_owned(), seconds: self.shared.limits.timeout.as_secs() }
    }

    fn failed(&self, error: &reqwest::Error) -> Error {
        let server = self.server().to_owned();
        if error.is_timeout() {
            // Only connecting has a time of its own.
            return Error::Timeout { server, seconds: self.shared.limits.connect_timeout.as_secs() };
        }
        if error.is_decode() {
            return Error::Malformed { server, reason: cause(error) };
        }
        Error::Unreachable { server, reason: cause(error) }
    }
}

/// The innermost cause: the outer ones repeat the URL, with credentials in it.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
