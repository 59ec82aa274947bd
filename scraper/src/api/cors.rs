//! Which pages of other origins may read answers: none, unless `--web.cors.origin` allows them, as Prometheus does it.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use regex::Regex;

/// The origins that may read answers.
#[derive(Clone, Debug)]
pub struct Origins {
    all: bool,
    pattern: Regex,
}

impl Origins {
    /// From an expression that has to match the whole origin (`https?://(a|b)[.]example`).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let whole = Regex::new(&format!("^(?s:{pattern})$")).map_err(|e| e.to_string())?;
        Ok(Origins { all: pattern == ".*", pattern: whole })
    }

    /// What an answer for an origin says of it.
    fn headers(&self, origin: &HeaderValue) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if !origin.to_str().is_ok_and(|text| self.pattern.is_match(text)) {
            return headers;
        }
        let allowed = if self.all { HeaderValue::from_static("*") } else { origin.clone() };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }
}

/// Adds what is to be said of origins; where none are allowed, nothing.
pub(super) async fn answer(State(origins): State<Option<Origins>>, request: Request, next: Next) -> Response {
    let Some(origins) = origins.filter(|_| request.uri().path().starts_with("/api/")) else {
        return next.run(request).await;
    };
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match *request.method() {
        // What browsers ask before they send a form.
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    if let Some(origin) = origin {
        response.headers_mut().extend(origins.headers(&origin));
    }
    response
}
