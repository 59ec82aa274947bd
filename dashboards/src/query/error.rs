//! What can go wrong between here and the query server.

/// A query was not answered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// `--query.url` is no URL that can be used.
    #[error("{url:?} is not the URL of a query API: {reason}")]
    BadUrl {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be set up.
    #[error("could not set up the HTTP client: {0}")]
    Setup(String),
    /// No connection, or it broke.
    #[error("the query server at {server} cannot be reached: {reason}")]
    Unreachable {
        /// Scheme, host and port, without credentials.
        server: String,
        /// The innermost cause.
        reason: String,
    },
    /// No answer in time.
    #[error("the query server at {server} did not answer within {seconds} s")]
    Timeout {
        /// Scheme, host and port, without credentials.
        server: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The answer is longer than what is read.
    #[error(
        "the answer of the query server is longer than {limit_mib} MiB: ask for a shorter range, a longer step or fewer series"
    )]
    TooLong {
        /// The bound, in MiB.
        limit_mib: usize,
    },
    /// The server has no such API: it is not our scraper.
    #[error("the server at {server} has no {what}: that is what procession-scraper adds to Prometheus's API")]
    Missing {
        /// Scheme, host and port, without credentials.
        server: String,
        /// What is missing: `SQL`.
        what: &'static str,
    },
    /// The server refused, in the words of the API.
    #[error("{kind}: {message}")]
    Api {
        /// HTTP status.
        status: u16,
        /// `errorType`: `bad_data`, `execution`, `timeout`, ...
        kind: String,
        /// `error`.
        message: String,
    },
    /// The answer is not the API's JSON.
    #[error("the server at {server} does not speak the Prometheus API: {reason}")]
    Malformed {
        /// Scheme, host and port, without credentials.
        server: String,
        /// What was found instead.
        reason: String,
    },
}

impl Error {
    /// True where the query itself is at fault, not the server or the way there.
    pub fn is_bad_query(&self) -> bool {
        matches!(self, Error::Api { kind, .. } if kind == "bad_data")
    }

    /// The status with which this error is handed on.
    pub fn status(&self) -> http::StatusCode {
        match self {
            Error::BadUrl { .. } | Error::Setup(_) => http::StatusCode::INTERNAL_SERVER_ERROR,
            Error::Unreachable { .. } | Error::Malformed { .. } | Error::TooLong { .. } => {
                http::StatusCode::BAD_GATEWAY
            }
            Error::Timeout { .. } => http::StatusCode::GATEWAY_TIMEOUT,
            Error::Missing { .. } => http::StatusCode::NOT_IMPLEMENTED,
            Error::Api { status, kind, .. } => match (kind.as_str(), *status) {
                ("bad_data", _) => http::StatusCode::BAD_REQUEST,
                ("execution", _) => http::StatusCode::UNPROCESSABLE_ENTITY,
                ("timeout", _) => http::StatusCode::GATEWAY_TIMEOUT,
                _ => http::StatusCode::BAD_GATEWAY,
            },
        }
    }
}
