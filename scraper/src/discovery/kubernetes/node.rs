//! The role `node`.

use super::meta::{Meta, host_port, name, sanitized};
use crate::config::TargetGroup;
use k8s_openapi::api::core::v1::Node;
use std::sync::Arc;

/// The kinds of addresses, the best to reach a kubelet first.
const ADDRESSES: [&str; 6] = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];

/// A target for each node that has an address.
pub(super) fn groups(nodes: &[Arc<Node>]) -> Vec<TargetGroup> {
    nodes.iter().filter_map(|node| group(node)).collect()
}

fn group(node: &Node) -> Option<TargetGroup> {
    let status = node.status.as_ref()?;
    let addresses = || status.addresses.iter().flatten();
    let best = ADDRESSES.iter().find_map(|kind| addresses().find(|a| a.type_ == *kind))?;
    let port = status.daemon_endpoints.as_ref().and_then(|d| d.kubelet_endpoint.as_ref()).map_or(0, |e| e.port);
    let mut meta = labels(node);
    meta.set_some("node_provider_id", node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref()));
    for kind in ADDRESSES {
        let first = addresses().find(|a| a.type_ == kind);
        meta.set_some(&format!("node_address_{}", sanitized(kind)), first.map(|a| a.address.as_str()));
    }
    Some(meta.with("instance", name(&node.metadata)).at(host_port(&best.address, port)))
}

/// What other targets get of the node on which they run.
pub(super) fn labels(node: &Node) -> Meta {
    let mut meta = Meta::default();
    meta.object("node", &node.metadata);
    meta
}
