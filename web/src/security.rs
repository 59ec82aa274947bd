//! `--web.config.file`: the format of the exporter-toolkit (docs/web-configuration.md there).

use crate::auth::BasicAuth;
use crate::rate::RateLimit;
use crate::{Error, tls};
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    tls_server_config: Option<TlsServerConfig>,
    http_server_config: HttpServerConfig,
    basic_auth_users: BTreeMap<String, String>,
    rate_limit: RateLimitConfig,
}

/// `tls_server_config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsServerConfig {
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) cert: Option<String>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key: Option<String>,
    pub(crate) client_auth_type: Option<String>,
    pub(crate) client_ca_file: Option<PathBuf>,
    pub(crate) client_ca: Option<String>,
    pub(crate) min_version: Option<String>,
    pub(crate) max_version: Option<String>,
    pub(crate) cipher_suites: Vec<String>,
    pub(crate) prefer_server_cipher_suites: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HttpServerConfig {
    http2: bool,
    headers: BTreeMap<String, String>,
}

impl Default for HttpServerConfig {
    fn default() -> Self {
        HttpServerConfig {
            http2: true,
            headers: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RateLimitConfig {
    interval: Option<String>,
    burst: Option<u32>,
}

/// The headers that the exporter-toolkit lets a configuration set.
const HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
];

/// How a service listens: ready to be used. The default is plain HTTP for anyone.
#[derive(Clone, Debug)]
pub struct Security {
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) client_certificates: bool,
    pub(crate) basic_auth: Option<Arc<BasicAuth>>,
    pub(crate) rate_limit: Option<Arc<RateLimit>>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) http2: bool,
}

impl Default for Security {
    fn default() -> Self {
        Security {
            tls: None,
            client_certificates: false,
            basic_auth: None,
            rate_limit: None,
            headers: Vec::new(),
            http2: true,
        }
    }
}

impl Security {
    /// Reads and checks a web configuration file; certificates are looked for beside it.
    pub fn load(path: &Path) -> Result<Security, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Security::parse(&text, path.parent().unwrap_or(Path::new("."))).map_err(|e| match e {
            Problem::Here(reason) => Error::Config {
                path: path.to_owned(),
                reason,
            },
            Problem::File(path, source) => Error::Read { path, source },
        })
    }

    /// Whether whoever asks must show who they are.
    pub fn authenticates(&self) -> bool {
        self.basic_auth.is_some() || self.client_certificates
    }

    fn parse(text: &str, folder: &Path) -> Result<Security, Problem> {
        // An empty file is a configuration without any key.
        let file: Option<File> = serde_yaml::from_str(text).map_err(|e| Problem::Here(e.to_string()))?;
        let file = file.unwrap_or_default();
        for (user, hash) in &file.basic_auth_users {
            if bcrypt::HashParts::from_str(hash).is_err() {
                let reason = format!(
                    "basic_auth_users.{user}: expected a bcrypt hash, such as `htpasswd -nBC 10 {user}` prints"
                );
                return Err(Problem::Here(reason));
            }
        }
        let mut security = Security {
            http2: file.http_server_config.http2,
            ..Security::default()
        };
        for (name, value) in &file.http_server_config.headers {
            if !HEADERS.contains(&name.as_str()) {
                return Err(Problem::Here(format!(
                    "http_server_config.headers: {name:?} can't be set; expected one of {}",
                    HEADERS.join(", ")
                )));
            }
            match (HeaderName::from_str(name), HeaderValue::from_str(value)) {
                (Ok(name), Ok(value)) => security.headers.push((name, value)),
                _ => {
                    return Err(Problem::Here(format!(
                        "http_server_config.headers.{name}: not a header value"
                    )));
                }
            }
        }
        if !file.basic_auth_users.is_empty() {
            let auth = BasicAuth::new(file.basic_auth_users)
                .ok_or_else(|| Problem::Here("no random numbers can be had".into()))?;
            security.basic_auth = Some(Arc::new(auth));
        }
        if let Some(interval) = file.rate_limit.interval.as_deref() {
            let interval = duration(interval).ok_or_else(|| {
                Problem::Here(format!(
                    "rate_limit.interval: {interval:?} is not a duration such as 1s or 500ms"
                ))
            })?;
            if !interval.is_zero() {
                security.rate_limit = Some(Arc::new(RateLimit::new(interval, file.rate_limit.burst.unwrap_or(1))));
            }
        }
        if let Some(config) = &file.tls_server_config {
            let (server, certificates) = tls::server(config, folder, security.http2)?;
            security.tls = Some(server);
            security.client_certificates = certificates;
        }
        Ok(security)
    }
}

/// What is wrong: in the file itself, or with a file that it names.
#[derive(Debug)]
pub(crate) enum Problem {
    Here(String),
    File(PathBuf, std::io::Error),
}

/// `1h2m3s4ms`, as Go prints durations; enough for an interval.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total) = (text, 0.0);
    if text == "0" {
        return Some(Duration::ZERO);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..][..rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len() - digits)];
        total += number
            * match unit {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[digits + unit.len()..];
    }
    (!text.is_empty())
        .then(|| Duration::try_from_secs_f64(total).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        match Security::parse(text, Path::new("/nowhere")) {
            Err(Problem::Here(got)) => assert!(got.contains(want), "{text}\n  says {got}"),
            Err(Problem::File(path, e)) => assert!(format!("{}: {e}", path.display()).contains(want), "{path:?} {e}"),
            Ok(_) => panic!("accepted: {text}"),
        }
    }

    #[test]
    fn says_what_is_wrong() {
        check("basic_auth_user: {}", "unknown field `basic_auth_user`");
        check("\nhttp_server_config:\n  htp2: true\n", "line 3 column 3");
        check(
            "basic_auth_users: {ann: secret}",
            "basic_auth_users.ann: expected a bcrypt hash",
        );
        check("http_server_config: {headers: {Server: x}}", "\"Server\" can't be set");
        check(
            "rate_limit: {interval: fast}",
            "rate_limit.interval: \"fast\" is not a duration",
        );
        check("tls_server_config: {}", "tls_server_config: expected cert_file or cert");
        check(
            "tls_server_config: {cert_file: c.pem, key_file: k.pem}",
            "/nowhere/c.pem: No such file",
        );
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        for text in ["", "# nothing\n", "{}"] {
            assert!(!Security::parse(text, Path::new(".")).unwrap().authenticates());
        }
    }

    #[test]
    fn reads_durations() {
        for (text, want) in [
            ("0", Some(0)),
            ("1s", Some(1000)),
            ("1m30s", Some(90_000)),
            ("1.5s", Some(1500)),
            ("250ms", Some(250)),
            ("", None),
            ("s", None),
            ("5", None),
            ("1x", None),
        ] {
            assert_eq!(duration(text).map(|d| d.as_millis()), want, "{text}");
        }
    }
}
