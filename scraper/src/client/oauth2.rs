//! Tokens for our client's secret (RFC 6749, section 4.4).

use super::connection::failure;
use super::secret::Reading;
use super::{Connections, sensitive};
use crate::config::OAuth2;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// So long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(10);

/// The longest that the server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A longer answer is refused.
const MAX_BYTES: usize = 1 << 20;

/// Who gives tokens, and the last one.
#[derive(Debug)]
pub(super) struct Tokens {
    config: OAuth2,
    secret: String,
    connections: Connections,
    last: Mutex<Option<Token>>,
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    ends: Option<Instant>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: String,
    expires_in: Option<f64>,
}

impl Tokens {
    /// Reads what is needed to ask. The error names what can't be read or used.
    pub(super) fn new(config: &OAuth2, reading: &mut Reading) -> Result<Self, String> {
        let connections = Connections::new(config.proxy.as_ref(), &config.tls, true, true, reading)?;
        Ok(Tokens {
            secret: reading.text(&config.client_secret)?,
            connections,
            config: config.clone(),
            last: Mutex::default(),
        })
    }

    /// The header that carries a token that is still good.
    pub(super) async fn header(&self) -> Result<HeaderValue, String> {
        let mut last = self.last.lock().await;
        if let Some(token) = last.as_ref()
            && token.ends.is_none_or(|ends| Instant::now() < ends)
        {
            return Ok(token.header.clone());
        }
        let asked = tokio::time::timeout(PATIENCE, self.ask()).await;
        let asked = asked.unwrap_or_else(|_| Err(format!("no whole answer within {} s", PATIENCE.as_secs())));
        let token = asked.map_err(|reason| format!("no token from {}: {reason}", self.config.token_url))?;
        Ok(last.insert(token).header.clone())
    }

    /// Drops a token that was not accepted.
    pub(super) async fn forget(&self) {
        self.last.lock().await.take();
    }

    async fn ask(&self) -> Result<Token, String> {
        // The standard's way first; a server that does not know it wants the secret in the form.
        let (status, body) = self.post(true).await?;
        let (status, body) = match status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => self.post(false).await?,
            status => (status, body),
        };
        if status != StatusCode::OK {
            return Err(format!("server returned HTTP status {status}"));
        }
        // The answer holds a secret: no part of it belongs in a message.
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| "the answer is not a token as JSON".to_owned())?;
        let scheme = match answer.token_type.as_str() {
            "" => "Bearer",
            kind if kind.eq_ignore_ascii_case("bearer") => "Bearer",
            kind => kind,
        };
        let lifetime = answer.expires_in.and_then(|s| Duration::try_from_secs_f64(s).ok()).filter(|l| !l.is_zero());
        Ok(Token {
            header: sensitive(&format!("{scheme} {}", answer.access_token))?,
            ends: lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime.saturating_sub(MARGIN))),
        })
    }

    async fn post(&self, secret_in_header: bool) -> Result<(StatusCode, Vec<u8>), String> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let mut form = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
        if !self.config.scopes.is_empty() {
            form.push(("scope".to_owned(), self.config.scopes.join(" ")));
        }
        form.extend(self.config.endpoint_params.clone());
        let mut request = self.connections.client.post(&self.config.token_url);
        match secret_in_header {
            true => request = request.basic_auth(encode(&self.config.client_id), Some(encode(&self.secret))),
            false => {
                form.push(("client_id".to_owned(), self.config.client_id.clone()));
                form.push(("client_secret".to_owned(), self.secret.clone()));
            }
        }
        let request = request.form(&form).build().map_err(failure)?;
        let mut response = self.connections.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err("the answer is too long for a token".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status(), body))
    }
}
