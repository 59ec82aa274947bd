//! `proxy_url` and what belongs to it.

use crate::config::position::Path;
use crate::config::problem::Problem;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::fmt;

/// Through whom servers are reached.
#[derive(Clone, PartialEq, Eq)]
pub enum Proxy {
    /// What `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say.
    Environment,
    /// This one.
    Url {
        /// `http://` or `https://`, a user's name and password where the proxy wants them.
        url: String,
        /// Hosts, domains and networks that are reached directly, with commas between them.
        no_proxy: String,
        /// Sent to the proxy with `CONNECT`.
        connect_headers: HeaderMap,
    },
}

/// Shows neither password nor headers.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proxy::Environment => "Environment",
            Proxy::Url { .. } => "Url",
        })
    }
}

/// The keys as they stand beside others.
pub(in crate::config) struct RawProxy {
    pub(in crate::config) proxy_url: Option<String>,
    pub(in crate::config) no_proxy: Option<String>,
    pub(in crate::config) proxy_from_environment: bool,
    pub(in crate::config) proxy_connect_header: BTreeMap<String, Vec<String>>,
}

impl RawProxy {
    /// Checks what may stand with what, as Prometheus does.
    pub(super) fn compile(self, at: &Path) -> Result<Option<Proxy>, Problem> {
        let url = self.proxy_url.filter(|url| !url.is_empty());
        let no_proxy = self.no_proxy.filter(|hosts| !hosts.is_empty());
        let headers_at = at.key("proxy_connect_header");
        if self.proxy_from_environment {
            if url.is_some() || no_proxy.is_some() {
                let message = "stands beside `proxy_url` or `no_proxy`: expected one or the other";
                return Err(Problem::new(&at.key("proxy_from_environment"), message));
            }
            if !self.proxy_connect_header.is_empty() {
                let message = "goes with `proxy_url` alone, not with `proxy_from_environment`";
                return Err(Problem::new(&headers_at, message));
            }
            return Ok(Some(Proxy::Environment));
        }
        let Some(url) = url else {
            let (key, written) = match no_proxy {
                Some(_) => ("no_proxy", true),
                None => ("proxy_connect_header", !self.proxy_connect_header.is_empty()),
            };
            return match written {
                true => Err(Problem::new(&at.key(key), "expected a `proxy_url` beside it")),
                false => Ok(None),
            };
        };
        let refuse = |message: &str| Problem::new(&at.key("proxy_url"), message);
        let parsed = reqwest::Url::parse(&url).map_err(|e| refuse(&format!("this is not a URL: {e}")))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            let message =
                format!("proxies of the kind {:?} are not supported: expected http:// or https://", parsed.scheme());
            return Err(refuse(&message));
        }
        let mut connect_headers = HeaderMap::new();
        for (name, values) in self.proxy_connect_header {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let wrong = || Problem::new(&headers_at.user_key(&name), "this is no header that HTTP can send");
            let parsed = parsed.map_err(|_| wrong())?;
            for value in values {
                let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
                value.set_sensitive(true);
                connect_headers.append(parsed.clone(), value);
            }
        }
        Ok(Some(Proxy::Url { url, no_proxy: no_proxy.unwrap_or_default(), connect_headers }))
    }
}
