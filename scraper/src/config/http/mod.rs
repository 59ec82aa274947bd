//! How HTTP servers are spoken to, targets and discovery alike: authentication, headers, TLS and proxies.

mod headers;
mod oauth2;
mod proxy;

pub use headers::Header;
pub(in crate::config) use headers::RawHeader;
pub use oauth2::OAuth2;
pub(in crate::config) use oauth2::RawOAuth2;
pub use proxy::Proxy;

use super::folder::Folder;
use super::position::Path;
use super::problem::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// `basic_auth`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `username` and `password`")]
pub(in crate::config) struct RawBasicAuth {
    username: Option<String>,
    username_file: Option<PathBuf>,
    password: Option<String>,
    password_file: Option<PathBuf>,
}

/// `authorization`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `type` and `credentials`")]
pub(in crate::config) struct RawAuthorization {
    r#type: Option<String>,
    credentials: Option<String>,
    credentials_file: Option<PathBuf>,
}

/// `tls_config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `ca_file`, `insecure_skip_verify`, ...")]
pub(in crate::config) struct RawTls {
    ca: Option<String>,
    ca_file: Option<PathBuf>,
    cert: Option<String>,
    cert_file: Option<PathBuf>,
    key: Option<String>,
    key_file: Option<PathBuf>,
    insecure_skip_verify: bool,
    server_name: Option<String>,
    min_version: Option<RawTlsVersion>,
    max_version: Option<RawTlsVersion>,
}

/// The TLS versions that Prometheus knows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum RawTlsVersion {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

/// The TLS versions that there are for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// 1.2
    Tls12,
    /// 1.3
    Tls13,
}

impl RawTlsVersion {
    /// `None` for those before 1.2.
    fn ours(self) -> Option<TlsVersion> {
        match self {
            RawTlsVersion::Tls10 | RawTlsVersion::Tls11 => None,
            RawTlsVersion::Tls12 => Some(TlsVersion::Tls12),
            RawTlsVersion::Tls13 => Some(TlsVersion::Tls13),
        }
    }
}

/// A text that stands in the configuration or in a file of its own.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// As it is.
    Text(String),
    /// What this file holds, without white space at both ends.
    File(PathBuf),
}

/// Never shows the text.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Text(_) => f.write_str("<secret>"),
            Secret::File(path) => path.fmt(f),
        }
    }
}

/// Who we say we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// User name and password.
    Basic {
        /// Who.
        username: Secret,
        /// Empty where none is given.
        password: Secret,
    },
    /// `Authorization: <scheme> <credentials>`.
    Header {
        /// `Bearer` unless it says otherwise.
        scheme: String,
        /// What follows.
        credentials: Secret,
    },
    /// A token that a server gives us for our client's secret.
    OAuth2(Box<OAuth2>),
}

/// What we expect of a target's certificate, and ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM of the authorities to trust instead of the system's.
    pub ca: Option<Secret>,
    /// PEM of our certificate and key.
    pub identity: Option<(Secret, Secret)>,
    /// The name that the certificate must have, where it is not the URL's.
    pub server_name: Option<String>,
    /// Any certificate will do.
    pub insecure_skip_verify: bool,
    /// At least this version.
    pub min_version: Option<TlsVersion>,
    /// At most this version.
    pub max_version: Option<TlsVersion>,
}

/// How servers are spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpClient {
    /// Who we say we are.
    pub credentials: Option<Credentials>,
    /// Sent with every request.
    pub headers: Vec<Header>,
    /// Through whom.
    pub proxy: Option<Proxy>,
    /// How far the server is trusted.
    pub tls: Tls,
    /// Whether redirects are followed (ten at most).
    pub follow_redirects: bool,
    /// Whether HTTP/2 is offered in TLS handshakes.
    pub http2: bool,
}

/// The keys of a client, which stand beside others in a job and in an entry of `http_sd_configs`.
pub(in crate::config) struct RawClient {
    pub(in crate::config) basic_auth: Option<RawBasicAuth>,
    pub(in crate::config) authorization: Option<RawAuthorization>,
    pub(in crate::config) oauth2: Option<RawOAuth2>,
    /// Older ways of writing `authorization`.
    pub(in crate::config) bearer_token: Option<String>,
    pub(in crate::config) bearer_token_file: Option<PathBuf>,
    pub(in crate::config) http_headers: BTreeMap<String, RawHeader>,
    pub(in crate::config) proxy: proxy::RawProxy,
    pub(in crate::config) tls_config: Option<RawTls>,
    pub(in crate::config) follow_redirects: bool,
    pub(in crate::config) enable_http2: bool,
}

/// The keys of a client out of what they stand in; serde's `flatten` would lose the places of errors.
macro_rules! raw_client {
    ($raw:ident) => {
        $crate::config::http::RawClient {
            basic_auth: $raw.basic_auth,
            authorization: $raw.authorization,
            oauth2: $raw.oauth2,
            bearer_token: $raw.bearer_token,
            bearer_token_file: $raw.bearer_token_file,
            http_headers: $raw.http_headers,
            proxy: $crate::config::http::raw_proxy!($raw),
            tls_config: $raw.tls_config,
            follow_redirects: $raw.follow_redirects.0,
            enable_http2: $raw.enable_http2.0,
        }
    };
}

/// The keys of a proxy, in the same way.
macro_rules! raw_proxy {
    ($raw:ident) => {
        $crate::config::http::RawProxy {
            proxy_url: $raw.proxy_url,
            no_proxy: $raw.no_proxy,
            proxy_from_environment: $raw.proxy_from_environment,
            proxy_connect_header: $raw.proxy_connect_header,
        }
    };
}

pub(in crate::config) use proxy::RawProxy;
pub(in crate::config) use {raw_client, raw_proxy};

/// Checks the keys of a client. Files are found from `folder`, that of the configuration file.
pub(in crate::config) fn client(at: &Path, folder: &Folder<'_>, raw: RawClient) -> Result<HttpClient, Problem> {
    let bearer_token = ("bearer_token", raw.bearer_token.filter(|token| !token.is_empty()));
    let bearer_token_file = raw.bearer_token_file.filter(|file| !file.as_os_str().is_empty());
    let bearer = one_of(at, folder, bearer_token, ("bearer_token_file", bearer_token_file))?;
    Ok(HttpClient {
        credentials: credentials(at, folder, raw.basic_auth, raw.authorization, raw.oauth2, bearer)?,
        headers: headers::compile(&at.key("http_headers"), folder, raw.http_headers)?,
        proxy: raw.proxy.compile(at)?,
        tls: tls(at, folder, raw.tls_config)?,
        follow_redirects: raw.follow_redirects,
        http2: raw.enable_http2,
    })
}

/// At most one of two keys.
fn one_of(
    at: &Path,
    folder: &Folder<'_>,
    text: (&'static str, Option<String>),
    file: (&'static str, Option<PathBuf>),
) -> Result<Option<Secret>, Problem> {
    match (text.1, file.1) {
        (Some(_), Some(_)) => Err(Problem::new(
            &at.key(file.0),
            format!("`{}` and `{}` both stand here: expected one of them", text.0, file.0),
        )),
        (Some(text), None) => Ok(Some(Secret::Text(text))),
        (None, file) => Ok(file.map(|file| Secret::File(folder.find(&file)))),
    }
}

/// `basic_auth`, `authorization`, `oauth2` and a bearer token, of which one may stand.
fn credentials(
    at: &Path,
    folder: &Folder<'_>,
    basic: Option<RawBasicAuth>,
    authorization: Option<RawAuthorization>,
    oauth2: Option<RawOAuth2>,
    bearer: Option<Secret>,
) -> Result<Option<Credentials>, Problem> {
    let bearer_key = if matches!(bearer, Some(Secret::File(_))) { "bearer_token_file" } else { "bearer_token" };
    let written = [
        ("basic_auth", basic.is_some()),
        ("authorization", authorization.is_some()),
        ("oauth2", oauth2.is_some()),
        (bearer_key, bearer.is_some()),
    ];
    let written: Vec<&'static str> = written.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    if let [first, second, ..] = written[..] {
        let message = format!("`{first}` and `{second}` both stand here: expected one of them");
        return Err(Problem::new(&at.key(second), message));
    }
    if let Some(credentials) = bearer {
        return Ok(Some(Credentials::Header { scheme: "Bearer".to_owned(), credentials }));
    }
    if let Some(raw) = oauth2 {
        return Ok(Some(Credentials::OAuth2(Box::new(raw.compile(&at.key("oauth2"), folder)?))));
    }
    if let Some(raw) = basic {
        let at = at.key("basic_auth");
        let username = one_of(&at, folder, ("username", raw.username), ("username_file", raw.username_file))?;
        let password = one_of(&at, folder, ("password", raw.password), ("password_file", raw.password_file))?;
        return Ok(Some(Credentials::Basic {
            username: username.ok_or_else(|| Problem::new(&at, "expected a `username`"))?,
            password: password.unwrap_or(Secret::Text(String::new())),
        }));
    }
    let Some(raw) = authorization else { return Ok(None) };
    let at = at.key("authorization");
    let scheme = raw.r#type.unwrap_or_default().trim().to_owned();
    if scheme.eq_ignore_ascii_case("basic") {
        let message = "`Basic` is not set up here: write `basic_auth` with `username` and `password`";
        return Err(Problem::new(&at.key("type"), message));
    }
    let credentials =
        one_of(&at, folder, ("credentials", raw.credentials), ("credentials_file", raw.credentials_file))?;
    Ok(Some(Credentials::Header {
        scheme: if scheme.is_empty() { "Bearer".to_owned() } else { scheme },
        credentials: credentials.ok_or_else(|| Problem::new(&at, "expected `credentials` or `credentials_file`"))?,
    }))
}

/// `tls_config`.
fn tls(at: &Path, folder: &Folder<'_>, raw: Option<RawTls>) -> Result<Tls, Problem> {
    let Some(raw) = raw else { return Ok(Tls::default()) };
    let at = at.key("tls_config");
    let cert = one_of(&at, folder, ("cert", raw.cert), ("cert_file", raw.cert_file))?;
    let key = one_of(&at, folder, ("key", raw.key), ("key_file", raw.key_file))?;
    Ok(Tls {
        ca: one_of(&at, folder, ("ca", raw.ca), ("ca_file", raw.ca_file))?,
        identity: match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) => return Err(Problem::new(&at, "a certificate stands here without its `key_file`")),
            (None, Some(_)) => return Err(Problem::new(&at, "a key stands here without its `cert_file`")),
        },
        server_name: raw.server_name.filter(|name| !name.is_empty()),
        insecure_skip_verify: raw.insecure_skip_verify,
        // Ours begin at 1.2 anyway: who lets older ones in gets those.
        min_version: raw.min_version.and_then(RawTlsVersion::ours),
        max_version: match raw.max_version.map(RawTlsVersion::ours) {
            None => None,
            Some(Some(version)) => Some(version),
            Some(None) => {
                return Err(Problem::new(
                    &at.key("max_version"),
                    "TLS before 1.2 is not spoken: expected TLS12 or TLS13",
                ));
            }
        },
    })
}
