//! The role `ingress`.

use super::meta::{Meta, namespace};
use crate::config::TargetGroup;
use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};
use std::sync::Arc;

/// A target for each path of each rule.
pub(super) fn groups(ingresses: &[Arc<Ingress>]) -> Vec<TargetGroup> {
    let mut groups = Vec::new();
    for ingress in ingresses {
        let Some(spec) = &ingress.spec else { continue };
        let mut meta = Meta::default();
        meta.object("ingress", &ingress.metadata);
        meta.set("namespace", namespace(&ingress.metadata));
        meta.set_some("ingress_class_name", spec.ingress_class_name.as_deref());
        for rule in spec.rules.iter().flatten() {
            let host = rule.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
            let mut meta = meta.clone();
            meta.set("ingress_scheme", if is_secure(spec, host) { "https" } else { "http" });
            meta.set("ingress_host", host);
            let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
            let named = paths.iter().map(|p| p.path.as_deref().filter(|p| !p.is_empty()).unwrap_or("/"));
            // A rule without paths takes all of them.
            for path in named.chain(paths.is_empty().then_some("/")) {
                let mut meta = meta.clone();
                meta.set("ingress_path", path);
                groups.push(meta.at(host.to_owned()));
            }
        }
    }
    groups
}

/// Whether one of the certificates is for the host; `*.` stands for one part of a name.
fn is_secure(spec: &IngressSpec, host: &str) -> bool {
    let hosts = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten());
    let below = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_owned());
    let fits = |wanted: &String| {
        wanted == host || wanted.strip_prefix("*.").is_some_and(|w| below(host).as_deref() == Some(w))
    };
    hosts.into_iter().any(fits)
}
