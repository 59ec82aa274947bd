//! The role `pod`, and what targets behind services get of their pods.

use super::meta::{Meta, host_port, name, namespace};
use super::node;
use crate::config::TargetGroup;
use k8s_openapi::api::core::v1::{Container, ContainerPort, Node, Pod};
use std::sync::Arc;

/// A target for each port of each container; for a container without ports, the pod's address alone.
pub(super) fn groups(pods: &[Arc<Pod>], nodes: &[Arc<Node>]) -> Vec<TargetGroup> {
    let mut groups = Vec::new();
    for pod in pods {
        let Some(ip) = ip(pod) else { continue };
        let labels = labels(pod, nodes);
        for (container, is_init) in containers(pod) {
            let mut meta = labels.clone();
            of_container(&mut meta, pod, container);
            meta.set("pod_container_init", is_init.to_string());
            let ports = container.ports.as_deref().unwrap_or_default();
            if ports.is_empty() {
                groups.push(meta.at(ip.to_owned()));
            }
            for port in ports {
                let mut meta = meta.clone();
                of_port(&mut meta, port);
                groups.push(meta.at(host_port(ip, port.container_port)));
            }
        }
    }
    groups
}

/// The pod's address; one that is starting has none yet.
pub(super) fn ip(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.pod_ip.as_deref().filter(|ip| !ip.is_empty())
}

/// Containers, and whether they only run before the others.
pub(super) fn containers(pod: &Pod) -> impl Iterator<Item = (&Container, bool)> {
    let spec = pod.spec.as_ref();
    let main = spec.map(|s| s.containers.as_slice()).unwrap_or_default();
    let init = spec.and_then(|s| s.init_containers.as_deref()).unwrap_or_default();
    main.iter().map(|c| (c, false)).chain(init.iter().map(|c| (c, true)))
}

/// What all targets of a pod have.
pub(super) fn labels(pod: &Pod, nodes: &[Arc<Node>]) -> Meta {
    let mut meta = Meta::default();
    meta.set("namespace", namespace(&pod.metadata));
    meta.object("pod", &pod.metadata);
    meta.set_some("pod_uid", pod.metadata.uid.as_deref());
    let mut owners = pod.metadata.owner_references.iter().flatten();
    if let Some(owner) = owners.find(|owner| owner.controller == Some(true)) {
        meta.set("pod_controller_kind", owner.kind.as_str());
        meta.set("pod_controller_name", owner.name.as_str());
    }
    let status = pod.status.as_ref();
    meta.set("pod_ip", ip(pod).unwrap_or_default());
    meta.set_some("pod_host_ip", status.and_then(|s| s.host_ip.as_deref()));
    meta.set_some("pod_phase", status.and_then(|s| s.phase.as_deref()));
    let conditions = status.and_then(|s| s.conditions.as_ref()).into_iter().flatten();
    let ready = conditions.filter(|c| c.type_ == "Ready").map(|c| c.status.to_lowercase()).next();
    meta.set("pod_ready", ready.unwrap_or_else(|| "unknown".to_owned()));
    if let Some(node_name) = pod.spec.as_ref().and_then(|s| s.node_name.as_deref()) {
        meta.set("pod_node_name", node_name);
        if let Some(node) = nodes.iter().find(|node| name(&node.metadata) == node_name) {
            meta.join(&node::labels(node));
        }
    }
    meta
}

/// What a container's targets have.
pub(super) fn of_container(meta: &mut Meta, pod: &Pod, container: &Container) {
    meta.set("pod_container_name", container.name.as_str());
    meta.set("pod_container_image", container.image.as_deref().unwrap_or_default());
    let status = pod.status.as_ref();
    let main = status.and_then(|s| s.container_statuses.as_ref()).into_iter().flatten();
    let init = status.and_then(|s| s.init_container_statuses.as_ref()).into_iter().flatten();
    let id = main.chain(init).find(|s| s.name == container.name).and_then(|s| s.container_id.as_deref());
    meta.set("pod_container_id", id.unwrap_or_default());
}

/// What a port's target has.
pub(super) fn of_port(meta: &mut Meta, port: &ContainerPort) {
    meta.set("pod_container_port_number", port.container_port.to_string());
    meta.set("pod_container_port_name", port.name.as_deref().unwrap_or_default());
    meta.set("pod_container_port_protocol", port.protocol.as_deref().unwrap_or("TCP"));
}
