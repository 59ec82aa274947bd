//! The endpoints that every service has: `/-/healthy`, `/-/ready`, `POST /-/reload`, `/metrics`.

use crate::Reload;
use crate::exposition::{self, Format};
use crate::serve::{BoxBody, text};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the common endpoints of a service answer from.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// `/-/ready` answers 503 until this is set.
    pub ready: Ready,
    /// Who reloads; without it `/-/reload` is not there.
    pub reload: Option<Reload>,
    /// The service's own metrics at `/metrics`; a service that answers that path itself leaves this out.
    pub metrics: Option<Arc<Registry>>,
}

/// Whether a service can answer yet. Clones share the state.
#[derive(Clone, Debug)]
pub struct Ready(Arc<AtomicBool>);

impl Ready {
    /// A state to begin with.
    pub fn new(ready: bool) -> Self {
        Ready(Arc::new(AtomicBool::new(ready)))
    }

    /// Changes the state for all clones.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// The state now.
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Endpoints {
    /// The answer of a common endpoint, or `None` where the path belongs to the service.
    pub(crate) async fn answer<T>(&self, request: &Request<T>) -> Option<Response<BoxBody>> {
        let (method, headers) = (request.method(), request.headers());
        let read = matches!(*method, Method::GET | Method::HEAD);
        match request.uri().path() {
            "/-/healthy" if read => Some(text(StatusCode::OK, "Healthy.\n")),
            "/-/ready" if read && self.ready.is_ready() => Some(text(StatusCode::OK, "Ready.\n")),
            "/-/ready" if read => Some(text(StatusCode::SERVICE_UNAVAILABLE, "Starting.\n")),
            "/-/healthy" | "/-/ready" => Some(not_allowed("GET, HEAD")),
            "/-/reload" => match (&self.reload, method) {
                (None, _) => None,
                (Some(reload), &Method::POST | &Method::PUT) => Some(match reload.request().await {
                    Ok(()) => text(StatusCode::OK, "Reloaded.\n"),
                    Err(reason) => {
                        text(StatusCode::INTERNAL_SERVER_ERROR, format!("The old configuration goes on: {reason}\n"))
                    }
                }),
                (Some(_), _) => Some(not_allowed("POST, PUT")),
            },
            "/metrics" => match &self.metrics {
                Some(registry) if read => Some(metrics(registry.clone(), headers).await),
                Some(_) => Some(not_allowed("GET, HEAD")),
                None => None,
            },
            _ => None,
        }
    }
}

fn not_allowed(allow: &'static str) -> Response<BoxBody> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("Allowed here: {allow}.\n"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

async fn metrics(registry: Arc<Registry>, headers: &HeaderMap) -> Response<BoxBody> {
    let accept: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format: Format = exposition::negotiate(Some(&accept.join(",")));
    // Collectors may read files and wait for locks.
    let encoded = tokio::task::spawn_blocking(move || exposition::encode(&registry, format)).await;
    match encoded {
        Ok(Ok(body)) => {
            let mut response =
                Response::new(http_body_util::Full::from(body).map_err(|never| match never {}).boxed_unsync());
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
            response
        }
        Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "The metrics can't be written.\n"),
    }
}
