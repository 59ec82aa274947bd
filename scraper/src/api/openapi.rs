//! `openapi.yaml`: the description of this API for programs.

use axum::http::header;
use axum::response::IntoResponse;

/// OpenAPI 3.1, as it lies in the repository.
pub(super) const DOCUMENT: &str = include_str!("../../../docs/openapi.yaml");

/// `openapi.yaml`: the document of this version.
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/yaml"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], DOCUMENT)
}
