//! `file_sd_configs`, `http_sd_configs`, `dns_sd_configs`: where groups of targets come from while the scraper runs.

use super::duration::ConfigDuration;
use super::folder::Folder;
use super::http::{self, HttpClient, RawAuthorization, RawBasicAuth, RawHeader, RawOAuth2, RawTls};
use super::position::Path;
use super::problem::Problem;
use super::raw::Yes;
use super::scalar::parsed;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Where groups of targets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// Files that others write.
    File(FileDiscovery),
    /// A server that lists them.
    Http(Box<HttpDiscovery>),
    /// Names that resolve to them.
    Dns(DnsDiscovery),
    /// The objects of a cluster.
    #[cfg(feature = "kubernetes")]
    Kubernetes(Box<super::KubernetesDiscovery>),
}

/// One entry of `file_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiscovery {
    /// Absolute, or relative to the working folder; the last element may hold `*`.
    pub patterns: Vec<PathBuf>,
    /// When all are read again, whatever their times say.
    pub refresh_interval: Duration,
}

/// One entry of `http_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpDiscovery {
    /// What is fetched.
    pub url: String,
    /// How often.
    pub refresh_interval: Duration,
    /// How the server is spoken to.
    pub client: HttpClient,
}

/// One entry of `dns_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsDiscovery {
    /// What is looked up.
    pub names: Vec<String>,
    /// Which records.
    pub record: RecordType,
    /// How often.
    pub refresh_interval: Duration,
}

/// The records that name targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// Host and port.
    Srv,
    /// IPv4 addresses, which get this port.
    A(u16),
    /// IPv6 addresses, which get this port.
    Aaaa(u16),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `files`")]
pub(super) struct RawFileDiscovery {
    files: Vec<PathBuf>,
    refresh_interval: Option<ConfigDuration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `url`")]
pub(super) struct RawHttpDiscovery {
    url: String,
    refresh_interval: Option<ConfigDuration>,
    basic_auth: Option<RawBasicAuth>,
    authorization: Option<RawAuthorization>,
    oauth2: Option<RawOAuth2>,
    bearer_token: Option<String>,
    bearer_token_file: Option<PathBuf>,
    http_headers: BTreeMap<String, RawHeader>,
    proxy_url: Option<String>,
    no_proxy: Option<String>,
    proxy_from_environment: bool,
    proxy_connect_header: BTreeMap<String, Vec<String>>,
    tls_config: Option<RawTls>,
    follow_redirects: Yes,
    enable_http2: Yes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `names`")]
pub(super) struct RawDnsDiscovery {
    names: Vec<String>,
    r#type: RawRecordType,
    port: Option<u16>,
    refresh_interval: Option<ConfigDuration>,
}

#[derive(Clone, Copy, Debug, Default)]
enum RawRecordType {
    #[default]
    Srv,
    A,
    Aaaa,
}

impl<'de> Deserialize<'de> for RawRecordType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a type of DNS record", |text| match text.to_ascii_uppercase().as_str() {
            "SRV" => Ok(RawRecordType::Srv),
            "A" => Ok(RawRecordType::A),
            "AAAA" => Ok(RawRecordType::Aaaa),
            "MX" | "NS" => Err(format!("records of the type {text} are not supported: expected SRV, A or AAAA")),
            _ => Err(format!("{text:?} is not a type of DNS record: expected SRV, A or AAAA")),
        })
    }
}

/// All entries of a job, in the order of the parameters.
pub(super) fn compile(
    job: &Path,
    folder: &Folder<'_>,
    file: Vec<RawFileDiscovery>,
    http: Vec<RawHttpDiscovery>,
    dns: Vec<RawDnsDiscovery>,
) -> Result<Vec<Discovery>, Problem> {
    let mut all = Vec::new();
    for (i, raw) in file.into_iter().enumerate() {
        all.push(Discovery::File(compile_file(&job.key("file_sd_configs").item(i), folder, &raw)?));
    }
    for (i, raw) in http.into_iter().enumerate() {
        all.push(Discovery::Http(Box::new(compile_http(&job.key("http_sd_configs").item(i), folder, raw)?)));
    }
    for (i, raw) in dns.into_iter().enumerate() {
        all.push(Discovery::Dns(compile_dns(&job.key("dns_sd_configs").item(i), raw)?));
    }
    Ok(all)
}

fn interval(at: &Path, raw: Option<ConfigDuration>, default: Duration) -> Result<Duration, Problem> {
    match raw {
        None => Ok(default),
        Some(ConfigDuration(Duration::ZERO)) => Err(Problem::new(&at.key("refresh_interval"), "expected more than 0")),
        Some(ConfigDuration(interval)) => Ok(interval),
    }
}

fn compile_file(at: &Path, folder: &Folder<'_>, raw: &RawFileDiscovery) -> Result<FileDiscovery, Problem> {
    if raw.files.is_empty() {
        return Err(Problem::new(at, "expected `files`: at least one"));
    }
    let mut patterns = Vec::with_capacity(raw.files.len());
    for (i, pattern) in raw.files.iter().enumerate() {
        check_pattern(&pattern.to_string_lossy()).map_err(|message| Problem::new(&at.key("files").item(i), message))?;
        patterns.push(folder.find(pattern));
    }
    Ok(FileDiscovery { patterns, refresh_interval: interval(at, raw.refresh_interval, Duration::from_secs(300))? })
}

/// As in Prometheus: a known ending, and `*` in the last element alone.
fn check_pattern(pattern: &str) -> Result<(), String> {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    if !matches!(extension.as_deref(), Some("json" | "yml" | "yaml")) {
        return Err(format!("{pattern:?} ends in none of .json, .yml and .yaml"));
    }
    if folder.contains('*') {
        return Err(format!("{pattern:?} has a `*` in a folder's name: expected it in the last element alone"));
    }
    glob::Pattern::new(pattern).map(drop).map_err(|e| format!("{pattern:?} is not a pattern of files: {e}"))
}

fn compile_http(at: &Path, folder: &Folder<'_>, raw: RawHttpDiscovery) -> Result<HttpDiscovery, Problem> {
    let refuse = |message: String| Problem::new(&at.key("url"), message);
    if raw.url.is_empty() {
        return Err(refuse("expected the URL of a server that lists targets".to_owned()));
    }
    let url = reqwest::Url::parse(&raw.url).map_err(|e| refuse(format!("{:?} is not a URL: {e}", raw.url)))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refuse(format!("{:?} is not a URL of a server: expected http:// or https://", raw.url)));
    }
    Ok(HttpDiscovery {
        url: raw.url,
        refresh_interval: interval(at, raw.refresh_interval, Duration::from_secs(60))?,
        client: http::client(at, folder, http::raw_client!(raw))?,
    })
}

fn compile_dns(at: &Path, raw: RawDnsDiscovery) -> Result<DnsDiscovery, Problem> {
    if raw.names.is_empty() {
        return Err(Problem::new(at, "expected `names`: at least one"));
    }
    let port = |record: &str| {
        let message = format!("records of the type {record} name no port: expected `port`");
        raw.port.ok_or_else(|| Problem::new(at, message))
    };
    let record = match raw.r#type {
        RawRecordType::Srv => RecordType::Srv,
        RawRecordType::A => RecordType::A(port("A")?),
        RawRecordType::Aaaa => RecordType::Aaaa(port("AAAA")?),
    };
    Ok(DnsDiscovery {
        names: raw.names,
        record,
        refresh_interval: interval(at, raw.refresh_interval, Duration::from_secs(30))?,
    })
}
