//! Why the service could not start or go on.

use std::path::PathBuf;

/// An error of the whole service; requests that fail are answers, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration file can't be read.
    #[error("{}: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The kernel's answer.
        cause: std::io::Error,
    },
    /// The configuration file says what it may not.
    #[error("{}:{place} {reason}", path.display())]
    Config {
        /// Which file.
        path: PathBuf,
        /// `line:column:`, or nothing where that is not known.
        place: String,
        /// The key and what is expected.
        reason: String,
    },
    /// The client of the query server.
    #[error(transparent)]
    Query(#[from] crate::query::Error),
    /// Listening and serving.
    #[error(transparent)]
    Web(#[from] procession_web::Error),
}
