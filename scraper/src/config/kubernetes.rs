//! `kubernetes_sd_configs`.

use super::discovery::Discovery;
use super::folder::Folder;
use super::http::{self, Credentials, HttpClient, RawAuthorization, RawBasicAuth, RawHeader, RawOAuth2, RawTls, Tls};
use super::position::Path;
use super::problem::Problem;
use super::raw::Yes;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One entry of `kubernetes_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesDiscovery {
    /// What becomes a target.
    pub role: KubernetesRole,
    /// Where the API server is and who we are there.
    pub access: KubernetesAccess,
    /// Whether the namespace counts that we run in ourselves.
    pub own_namespace: bool,
    /// Beside it these; where there are none at all, all of them.
    pub namespaces: Vec<String>,
    /// Which objects count.
    pub selectors: Vec<KubernetesSelector>,
    /// Whether targets get the labels of the node on which they run.
    pub attach_node: bool,
}

/// What becomes a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KubernetesRole {
    /// A node's kubelet.
    Node,
    /// Each port of each container.
    Pod,
    /// Each port.
    Service,
    /// Each address and port behind a service.
    Endpoints,
    /// The same, as newer clusters write it down.
    EndpointSlice,
    /// Each path.
    Ingress,
}

/// Where the API server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KubernetesAccess {
    /// That of the cluster in which we run, as the account of our pod.
    InCluster,
    /// As a file for `kubectl` says.
    Kubeconfig(PathBuf),
    /// At a URL.
    Server(String, Box<HttpClient>),
}

/// Objects that count, of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesSelector {
    /// The kind.
    pub role: KubernetesRole,
    /// By their labels (`app=x`); empty for all.
    pub label: String,
    /// By their fields (`spec.nodeName=x`); empty for all.
    pub field: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `role`")]
pub(super) struct RawKubernetesDiscovery {
    role: Option<KubernetesRole>,
    api_server: Option<String>,
    kubeconfig_file: Option<PathBuf>,
    namespaces: RawNamespaces,
    selectors: Vec<RawSelector>,
    attach_metadata: RawAttach,
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
#[serde(deny_unknown_fields, default, expecting = "a mapping with `names` and `own_namespace`")]
struct RawNamespaces {
    own_namespace: bool,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with `role`, `label` and `field`")]
struct RawSelector {
    role: KubernetesRole,
    #[serde(default)]
    label: String,
    #[serde(default)]
    field: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `node`")]
struct RawAttach {
    node: bool,
}

/// All entries of a job.
pub(super) fn compile(
    at: &Path,
    folder: &Folder<'_>,
    entries: Vec<RawKubernetesDiscovery>,
) -> Result<Vec<Discovery>, Problem> {
    let one = |(i, raw)| Ok(Discovery::Kubernetes(Box::new(compile_one(&at.item(i), folder, raw)?)));
    entries.into_iter().enumerate().map(one).collect()
}

fn compile_one(at: &Path, folder: &Folder<'_>, raw: RawKubernetesDiscovery) -> Result<KubernetesDiscovery, Problem> {
    let role = raw.role.ok_or_else(|| Problem::new(at, "expected a `role`"))?;
    for (i, selector) in raw.selectors.iter().enumerate() {
        if !kinds(role).contains(&selector.role) {
            let message = "objects of this role are not looked at for the role of the entry";
            return Err(Problem::new(&at.key("selectors").item(i).key("role"), message));
        }
    }
    let selectors = raw.selectors.into_iter();
    let selectors = selectors.map(|RawSelector { role, label, field }| KubernetesSelector { role, label, field });
    let (namespaces, own_namespace) = (raw.namespaces.names, raw.namespaces.own_namespace);
    let (server, kubeconfig, attach_node) = (raw.api_server, raw.kubeconfig_file, raw.attach_metadata.node);
    let selectors: Vec<KubernetesSelector> = selectors.collect();
    let plain = HttpClient {
        credentials: None,
        headers: Vec::new(),
        proxy: None,
        tls: Tls::default(),
        follow_redirects: true,
        http2: true,
    };
    let client = http::client(at, folder, http::raw_client!(raw))?;
    let access = match (server, kubeconfig) {
        (Some(_), Some(_)) => {
            let message = "`api_server` and `kubeconfig_file` both stand here: expected one of them";
            return Err(Problem::new(&at.key("kubeconfig_file"), message));
        }
        (None, _) if client != plain => {
            return Err(Problem::new(at, "authentication and TLS are for an `api_server`, which is missing"));
        }
        (None, Some(file)) => KubernetesAccess::Kubeconfig(folder.find(&file)),
        (None, None) => KubernetesAccess::InCluster,
        (Some(server), None) => {
            check_client(at, &client)?;
            let uri: Result<::http::Uri, _> = server.parse();
            if !uri.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()) {
                return Err(Problem::new(&at.key("api_server"), format!("{server:?} is not the URL of a server")));
            }
            KubernetesAccess::Server(server, Box::new(client))
        }
    };
    Ok(KubernetesDiscovery { role, access, own_namespace, namespaces, selectors, attach_node })
}

/// What the client of the API server does not do.
fn check_client(at: &Path, client: &HttpClient) -> Result<(), Problem> {
    let key = match &client.credentials {
        Some(Credentials::OAuth2(_)) => Some("oauth2"),
        Some(Credentials::Header { scheme, .. }) if !scheme.eq_ignore_ascii_case("bearer") => Some("authorization"),
        _ if !client.headers.is_empty() => Some("http_headers"),
        _ if client.proxy.is_some() => Some("proxy_url"),
        _ => None,
    };
    match key {
        Some(key) => {
            let message = "this is not supported towards an `api_server`: expected `basic_auth`, or `authorization` of the type Bearer";
            Err(Problem::new(&at.key(key), message))
        }
        None => Ok(()),
    }
}

/// The kinds of objects that a role looks at.
fn kinds(role: KubernetesRole) -> &'static [KubernetesRole] {
    use KubernetesRole::{EndpointSlice, Endpoints, Ingress, Node, Pod, Service};
    match role {
        Node => &[Node],
        Pod => &[Pod],
        Service => &[Service],
        Endpoints => &[Endpoints, Service, Pod],
        EndpointSlice => &[EndpointSlice, Service, Pod],
        Ingress => &[Ingress],
    }
}
