//! What every request has to pass, in one place: the rate, the name it came under, who asks.

use crate::auth::Refusal;
use crate::rules::Rules;
use crate::serve::{BoxBody, text};
use crate::{Asker, Endpoints, Security, host};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use std::sync::Arc;
use std::time::Instant;

/// The door of one listener.
pub(crate) struct Door {
    pub(crate) security: Security,
    /// Whether the listener is reached from this host alone.
    pub(crate) on_loopback: bool,
    pub(crate) allowed_hosts: Arc<[String]>,
    pub(crate) endpoints: Endpoints,
}

impl Door {
    /// Who asks, or the answer that turns them away.
    pub(crate) async fn admit<T>(&self, rules: &Rules, request: &Request<T>) -> Result<Asker, Response<BoxBody>> {
        let headers = request.headers();
        if rules.rate_limit.as_ref().is_some_and(|limit| !limit.admit(Instant::now())) {
            return Err(text(StatusCode::TOO_MANY_REQUESTS, "Too many requests.\n"));
        }
        // A name can only be wrong where loopback is all the protection there is. Browsers always send one; a client
        // of HTTP/1.0 that sends none is no browser.
        if self.on_loopback
            && !rules.authenticates()
            && let Some(host) = request.uri().host().or_else(|| header_text(headers, header::HOST))
            && !host::is_local(host, &self.allowed_hosts)
        {
            let reason = format!("{host:?} is not a name of this service; --web.allowed-host makes it one.\n");
            return Err(text(StatusCode::FORBIDDEN, reason));
        }
        // A page from elsewhere may make a browser send what changes something, though it can't read the answer.
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if changes && headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
            return Err(text(StatusCode::FORBIDDEN, "Not from another site's page.\n"));
        }
        let Some(auth) = &rules.basic_auth else { return Ok(Asker::Anyone) };
        auth.check(header_text(headers, header::AUTHORIZATION)).await.map_err(|refusal| match refusal {
            Refusal::Busy => text(StatusCode::SERVICE_UNAVAILABLE, "Too many passwords are being checked.\n"),
            Refusal::Unknown => {
                let mut refusal = text(StatusCode::UNAUTHORIZED, "Unauthorized\n");
                refusal.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                refusal
            }
        })
    }
}

fn header_text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
