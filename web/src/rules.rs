//! `--web.config.file` decoded and compiled: the format of the exporter-toolkit (docs/web-configuration.md there).

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
        HttpServerConfig { http2: true, headers: BTreeMap::new() }
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

/// What the file says, ready to be used. The default is plain HTTP for anyone.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) client_certificates: bool,
    pub(crate) basic_auth: Option<BasicAuth>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) http2: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            tls: None,
            client_certificates: false,
            basic_auth: None,
            rate_limit: None,
            headers: Vec::new(),
            http2: true,
        }
    }
}

/// What is wrong: in the file itself, or with a file that it names.
#[derive(Debug)]
pub(crate) enum Problem {
    Here(String),
    File(PathBuf, std::io::Error),
}

impl Rules {
    /// Whether whoever asks must show who they are.
    pub(crate) fn authenticates(&self) -> bool {
        self.basic_auth.is_some() || self.client_certificates
    }

    /// The rules of a file, and the files whose change makes them old: itself and what it names.
    pub(crate) fn read(path: &Path) -> Result<(Rules, Vec<PathBuf>), Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let (rules, mut files) = Rules::parse(&text, folder).map_err(|e| match e {
            Problem::Here(reason) => {
                let key = reason.split(": ").next().unwrap_or_default();
                let line = crate::yaml::line_of_key(&text, key).filter(|_| !reason.contains(" at line "));
                Error::Config { path: path.to_owned(), line, reason }
            }
            Problem::File(path, cause) => Error::Read { path, cause },
        })?;
        files.push(path.to_owned());
        Ok((rules, files))
    }

    fn parse(text: &str, folder: &Path) -> Result<(Rules, Vec<PathBuf>), Problem> {
        // An empty file is a configuration without any key.
        let file: Option<File> = serde_yaml::from_str(text).map_err(|e| Problem::Here(e.to_string()))?;
        let file = file.unwrap_or_default();
        let mut rules = Rules {
            headers: headers(&file.http_server_config.headers)?,
            basic_auth: basic_auth(file.basic_auth_users)?,
            rate_limit: rate_limit(&file.rate_limit)?,
            http2: file.http_server_config.http2,
            ..Rules::default()
        };
        let mut files = Vec::new();
        if let Some(config) = &file.tls_server_config {
            let named = [&config.cert_file, &config.key_file, &config.client_ca_file];
            files.extend(named.into_iter().flatten().map(|name| folder.join(name)));
            let (server, certificates) = tls::server(config, folder, rules.http2)?;
            rules.tls = Some(server);
            rules.client_certificates = certificates;
        }
        Ok((rules, files))
    }
}

fn headers(written: &BTreeMap<String, String>) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
    let mut headers = Vec::with_capacity(written.len());
    for (name, value) in written {
        if !HEADERS.contains(&name.as_str()) {
            let known = HEADERS.join(", ");
            return Err(Problem::Here(format!(
                "http_server_config.headers: {name:?} can't be set; expected one of {known}"
            )));
        }
        match (HeaderName::from_str(name), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => headers.push((name, value)),
            _ => {
                return Err(Problem::Here(format!("http_server_config.headers.{name}: not a header value")));
            }
        }
    }
    Ok(headers)
}

fn basic_auth(users: BTreeMap<String, String>) -> Result<Option<BasicAuth>, Problem> {
    for (user, hash) in &users {
        if bcrypt::HashParts::from_str(hash).is_err() {
            return Err(Problem::Here(format!(
                "basic_auth_users.{user}: expected a bcrypt hash, such as `htpasswd -nBC 10 {user}` prints"
            )));
        }
    }
    if users.is_empty() {
        return Ok(None);
    }
    BasicAuth::new(users).map(Some).ok_or_else(|| Problem::Here("no random numbers can be had".into()))
}

fn rate_limit(config: &RateLimitConfig) -> Result<Option<RateLimit>, Problem> {
    let Some(written) = config.interval.as_deref() else {
        return Ok(None);
    };
    match duration(written) {
        Some(interval) if interval.is_zero() => Ok(None),
        Some(interval) => Ok(Some(RateLimit::new(interval, config.burst.unwrap_or(1)))),
        None => Err(Problem::Here(format!("rate_limit.interval: {written:?} is not a duration such as 1s or 500ms"))),
    }
}

/// `1h2m3s4ms`, as Go prints durations, fractions too; enough for an interval. The format of this file is not ours, so it
/// is none of [`crate::duration`].
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let behind = &rest[digits..];
        let unit = &behind[..behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len())];
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
        rest = &behind[unit.len()..];
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        match Rules::parse(text, Path::new("/nowhere")) {
            Err(Problem::Here(got)) => assert!(got.contains(want), "{text}\n  says {got}"),
            Err(Problem::File(path, e)) => assert!(format!("{}: {e}", path.display()).contains(want), "{path:?} {e}"),
            Ok(_) => panic!("accepted: {text}"),
        }
    }

    #[test]
    fn says_what_is_wrong() {
        check("basic_auth_user: {}", "unknown field `basic_auth_user`");
        check("\nhttp_server_config:\n  htp2: true\n", "line 3 column 3");
        check("basic_auth_users: {ann: secret}", "basic_auth_users.ann: expected a bcrypt hash");
        check("http_server_config: {headers: {Server: x}}", "\"Server\" can't be set");
        check("rate_limit: {interval: fast}", "rate_limit.interval: \"fast\" is not a duration");
        check("tls_server_config: {}", "tls_server_config: expected cert_file or cert");
        check("tls_server_config: {cert_file: c.pem, key_file: k.pem}", "/nowhere/c.pem: No such file");
        check("tls_server_config: {cert_file: a, cert: b}", "cert_file and cert exclude each other");
    }

    #[test]
    fn says_where_it_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        for (text, place) in [
            ("# users\nbasic_auth_users:\n  ann: secret\n", ":3: basic_auth_users.ann: expected a bcrypt hash"),
            ("tls_server_config: {}\n", ":1: tls_server_config: expected cert_file or cert"),
            ("\nhttp_server_config:\n  htp2: true\n", ": http_server_config: unknown field `htp2`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Rules::read(&path).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{}{place}", path.display())), "{error}");
        }
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        for text in ["", "# nothing\n", "{}"] {
            let (rules, files) = Rules::parse(text, Path::new(".")).unwrap();
            assert!(rules.basic_auth.is_none() && rules.tls.is_none() && rules.http2 && files.is_empty());
        }
    }

    #[test]
    fn reads_durations() {
        let cases = [
            ("0", Some(0)),
            ("1s", Some(1000)),
            ("1m30s", Some(90_000)),
            ("1.5s", Some(1500)),
            ("250ms", Some(250)),
            ("", None),
            ("s", None),
            ("5", None),
            ("1x", None),
        ];
        for (text, want) in cases {
            assert_eq!(duration(text).map(|d| d.as_millis()), want, "{text}");
        }
    }
}
