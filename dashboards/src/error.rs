//! Why the service could not start or go on.

/// An error of the whole service; requests that fail are answers, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client of the query server.
    #[error(transparent)]
    Query(#[from] crate::query::Error),
    /// Listening and serving.
    #[error(transparent)]
    Web(#[from] procession_web::Error),
}
