//! `oauth2`: client credentials (RFC 6749, section 4.4).

use super::proxy::Proxy;
use super::{RawTls, Secret, Tls, one_of, tls};
use crate::config::folder::Folder;
use crate::config::position::Path;
use crate::config::problem::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where tokens come from, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// Who we are there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Secret,
    /// What the token is for.
    pub scopes: Vec<String>,
    /// Who gives it.
    pub token_url: String,
    /// Sent with the question.
    pub endpoint_params: BTreeMap<String, String>,
    /// How far that server is trusted.
    pub tls: Tls,
    /// Through whom it is asked.
    pub proxy: Option<Proxy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `client_id`, `client_secret` and `token_url`")]
pub(in crate::config) struct RawOAuth2 {
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
    scopes: Vec<String>,
    token_url: String,
    endpoint_params: BTreeMap<String, String>,
    tls_config: Option<RawTls>,
    proxy_url: Option<String>,
    no_proxy: Option<String>,
    proxy_from_environment: bool,
    proxy_connect_header: BTreeMap<String, Vec<String>>,
}

impl RawOAuth2 {
    pub(super) fn compile(self, at: &Path, folder: &Folder<'_>) -> Result<OAuth2, Problem> {
        let raw = self;
        if raw.client_id.is_empty() {
            return Err(Problem::new(&at.key("client_id"), "expected the id of the client"));
        }
        let secret = ("client_secret", raw.client_secret);
        let secret = one_of(at, folder, secret, ("client_secret_file", raw.client_secret_file))?;
        let token_url = at.key("token_url");
        match reqwest::Url::parse(&raw.token_url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {}
            _ => return Err(Problem::new(&token_url, format!("{:?} is not a URL of a server", raw.token_url))),
        }
        Ok(OAuth2 {
            client_id: raw.client_id,
            client_secret: secret
                .ok_or_else(|| Problem::new(at, "expected `client_secret` or `client_secret_file`"))?,
            scopes: raw.scopes,
            token_url: raw.token_url,
            endpoint_params: raw.endpoint_params,
            tls: tls(at, folder, raw.tls_config)?,
            proxy: super::raw_proxy!(raw).compile(at)?,
        })
    }
}
