//! The roles `endpoints` and `endpointslice`: what stands behind services.

use super::meta::{Meta, host_port, name, namespace};
use super::{node, pod, service};
use crate::config::TargetGroup;
use k8s_openapi::api::core::v1::{Endpoints, Node, ObjectReference, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of the objects behind an address.
pub(super) struct Behind<'a> {
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) services: &'a [Arc<Service>],
    pub(super) nodes: &'a [Arc<Node>],
}

impl Behind<'_> {
    fn pod(&self, reference: Option<&ObjectReference>, in_namespace: &str) -> Option<&Pod> {
        let reference = reference.filter(|r| r.kind.as_deref() == Some("Pod"))?;
        let wanted = (reference.namespace.as_deref().unwrap_or(in_namespace), reference.name.as_deref()?);
        let is = |pod: &&Arc<Pod>| (namespace(&pod.metadata), name(&pod.metadata)) == wanted;
        self.pods.iter().find(is).map(AsRef::as_ref)
    }

    fn service(&self, wanted: (&str, &str)) -> Option<&Service> {
        let is = |s: &&Arc<Service>| (namespace(&s.metadata), name(&s.metadata)) == wanted;
        self.services.iter().find(is).map(AsRef::as_ref)
    }
}

/// An address and port behind a service.
struct Endpoint<'a> {
    ip: &'a str,
    port: Option<i32>,
    reference: Option<&'a ObjectReference>,
    node_name: Option<&'a str>,
    meta: Meta,
}

/// A target for each address and port of each object.
pub(super) fn of_endpoints(all: &[Arc<Endpoints>], behind: &Behind<'_>) -> Vec<TargetGroup> {
    let mut groups = Vec::new();
    for endpoints in all {
        let its_namespace = namespace(&endpoints.metadata);
        let mut common = Meta::default();
        common.set("namespace", its_namespace);
        common.object("endpoints", &endpoints.metadata);
        if let Some(service) = behind.service((its_namespace, name(&endpoints.metadata))) {
            common.join(&service::labels(service));
        }
        let mut found = Vec::new();
        for subset in endpoints.subsets.iter().flatten() {
            let ready = subset.addresses.iter().flatten().map(|a| (a, "true"));
            let waiting = subset.not_ready_addresses.iter().flatten().map(|a| (a, "false"));
            for (address, ready) in ready.chain(waiting) {
                let mut meta = Meta::default();
                meta.set("endpoint_ready", ready);
                meta.set_some("endpoint_hostname", address.hostname.as_deref().filter(|h| !h.is_empty()));
                meta.set_some("endpoint_node_name", address.node_name.as_deref());
                of_reference(&mut meta, "endpoint", address.target_ref.as_ref());
                for port in subset.ports.iter().flatten() {
                    let mut meta = meta.clone();
                    meta.set("endpoint_port_name", port.name.as_deref().unwrap_or_default());
                    meta.set("endpoint_port_protocol", port.protocol.as_deref().unwrap_or("TCP"));
                    found.push(Endpoint {
                        ip: &address.ip,
                        port: Some(port.port),
                        reference: address.target_ref.as_ref(),
                        node_name: address.node_name.as_deref(),
                        meta,
                    });
                }
            }
        }
        add(&mut groups, &common, found, its_namespace, behind);
    }
    groups
}

/// The same of slices.
pub(super) fn of_slices(all: &[Arc<EndpointSlice>], behind: &Behind<'_>) -> Vec<TargetGroup> {
    let mut groups = Vec::new();
    for slice in all {
        let its_namespace = namespace(&slice.metadata);
        let mut common = Meta::default();
        common.set("namespace", its_namespace);
        common.object("endpointslice", &slice.metadata);
        common.set("endpointslice_address_type", slice.address_type.as_str());
        let labels = slice.metadata.labels.as_ref();
        let service = labels.and_then(|labels| labels.get("kubernetes.io/service-name"));
        if let Some(service) = service.and_then(|service| behind.service((its_namespace, service))) {
            common.join(&service::labels(service));
        }
        let mut found = Vec::new();
        for endpoint in &slice.endpoints {
            let mut meta = Meta::default();
            if let Some(conditions) = &endpoint.conditions {
                for (what, is) in [
                    ("ready", conditions.ready),
                    ("serving", conditions.serving),
                    ("terminating", conditions.terminating),
                ] {
                    meta.set_some(&format!("endpointslice_endpoint_conditions_{what}"), is.map(|is| is.to_string()));
                }
            }
            meta.set_some("endpointslice_endpoint_hostname", endpoint.hostname.as_deref());
            meta.set_some("endpointslice_endpoint_node_name", endpoint.node_name.as_deref());
            meta.set_some("endpointslice_endpoint_zone", endpoint.zone.as_deref());
            for (key, value) in endpoint.deprecated_topology.iter().flatten() {
                let key = super::meta::sanitized(key);
                meta.set(&format!("endpointslice_endpoint_topology_{key}"), value.as_str());
                meta.set(&format!("endpointslice_endpoint_topology_present_{key}"), "true");
            }
            of_reference(&mut meta, "endpointslice", endpoint.target_ref.as_ref());
            for port in slice.ports.iter().flatten() {
                let mut meta = meta.clone();
                meta.set("endpointslice_port_name", port.name.as_deref().unwrap_or_default());
                meta.set("endpointslice_port_protocol", port.protocol.as_deref().unwrap_or("TCP"));
                meta.set_some("endpointslice_port", port.port.map(|port| port.to_string()));
                meta.set_some("endpointslice_port_app_protocol", port.app_protocol.as_deref());
                found.extend(endpoint.addresses.iter().map(|ip| Endpoint {
                    ip,
                    port: port.port,
                    reference: endpoint.target_ref.as_ref(),
                    node_name: endpoint.node_name.as_deref(),
                    meta: meta.clone(),
                }));
            }
        }
        add(&mut groups, &common, found, its_namespace, behind);
    }
    groups
}

fn of_reference(meta: &mut Meta, kind: &str, reference: Option<&ObjectReference>) {
    if let Some(reference) = reference {
        meta.set(&format!("{kind}_address_target_kind"), reference.kind.as_deref().unwrap_or_default());
        meta.set(&format!("{kind}_address_target_name"), reference.name.as_deref().unwrap_or_default());
    }
}

/// Adds the targets of one object: its addresses, with what is known of the pods there, and those ports of the pods that it
/// does not name.
fn add(
    groups: &mut Vec<TargetGroup>,
    common: &Meta,
    found: Vec<Endpoint<'_>>,
    in_namespace: &str,
    behind: &Behind<'_>,
) {
    let mut seen: BTreeMap<&str, (&Pod, BTreeSet<i32>)> = BTreeMap::new();
    for endpoint in found {
        let mut meta = common.clone();
        meta.join(&endpoint.meta);
        if let Some(its_node) = endpoint.node_name
            && let Some(its_node) = behind.nodes.iter().find(|node| name(&node.metadata) == its_node)
        {
            meta.join(&node::labels(its_node));
        }
        if let Some(its_pod) = behind.pod(endpoint.reference, in_namespace) {
            meta.join(&pod::labels(its_pod, behind.nodes));
            let (_, ports) = seen.entry(name(&its_pod.metadata)).or_insert_with(|| (its_pod, BTreeSet::new()));
            ports.extend(endpoint.port);
            let ports = pod::containers(its_pod).flat_map(|(c, _)| c.ports.iter().flatten().map(move |port| (c, port)));
            if let Some((container, port)) = ports.into_iter().find(|(_, p)| Some(p.container_port) == endpoint.port) {
                pod::of_container(&mut meta, its_pod, container);
                pod::of_port(&mut meta, port);
            }
        }
        groups.push(meta.at(match endpoint.port {
            Some(port) => host_port(endpoint.ip, port),
            None => endpoint.ip.to_owned(),
        }));
    }
    for (its_pod, named) in seen.into_values() {
        let Some(ip) = pod::ip(its_pod) else { continue };
        for (container, _) in pod::containers(its_pod) {
            for port in container.ports.iter().flatten().filter(|p| !named.contains(&p.container_port)) {
                let mut meta = common.clone();
                meta.join(&pod::labels(its_pod, behind.nodes));
                pod::of_container(&mut meta, its_pod, container);
                pod::of_port(&mut meta, port);
                groups.push(meta.at(host_port(ip, port.container_port)));
            }
        }
    }
}
