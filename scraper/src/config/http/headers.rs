//! `http_headers`: what is sent with every request.

use super::Secret;
use crate::config::folder::Folder;
use crate::config::position::Path;
use crate::config::problem::Problem;
use http::HeaderName;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A header and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Lower case.
    pub name: HeaderName,
    /// Each is sent; those that may be seen first.
    pub values: Vec<Secret>,
}

/// One entry of `http_headers`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `values`, `secrets` or `files`")]
pub(in crate::config) struct RawHeader {
    values: Vec<String>,
    secrets: Vec<String>,
    files: Vec<PathBuf>,
}

/// Headers that are ours to set, as in Prometheus.
const RESERVED: [&str; 15] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "user-agent",
    "www-authenticate",
    "x-prometheus-remote-read-version",
    "x-prometheus-remote-write-version",
    "x-prometheus-scrape-timeout-seconds",
];

/// Checks `http_headers`.
pub(super) fn compile(
    at: &Path,
    folder: &Folder<'_>,
    raw: BTreeMap<String, RawHeader>,
) -> Result<Vec<Header>, Problem> {
    let compile = |(name, raw): (String, RawHeader)| {
        let at = at.user_key(&name);
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Problem::new(&at, format!("{name:?} is not a name of an HTTP header")))?;
        if RESERVED.contains(&parsed.as_str()) {
            return Err(Problem::new(&at, format!("the header {name} is set otherwise or by the scraper itself")));
        }
        let texts = raw.values.into_iter().chain(raw.secrets).map(Secret::Text);
        let files = raw.files.iter().map(|file| Secret::File(folder.find(file)));
        Ok(Header { name: parsed, values: texts.chain(files).collect() })
    };
    raw.into_iter().map(compile).collect()
}
