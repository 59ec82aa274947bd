//! The role `service`.

use super::meta::{Meta, name, namespace};
use crate::config::TargetGroup;
use k8s_openapi::api::core::v1::Service;
use std::sync::Arc;

/// A target for each port of each service, by the name that the cluster gives it.
pub(super) fn groups(services: &[Arc<Service>]) -> Vec<TargetGroup> {
    let mut groups = Vec::new();
    for service in services {
        let Some(spec) = &service.spec else { continue };
        let mut meta = labels(service);
        meta.set("namespace", namespace(&service.metadata));
        let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
        meta.set("service_type", kind);
        match kind {
            "ExternalName" => meta.set("service_external_name", spec.external_name.as_deref().unwrap_or_default()),
            _ => meta.set("service_cluster_ip", spec.cluster_ip.as_deref().unwrap_or_default()),
        }
        meta.set_some("service_loadbalancer_ip", spec.load_balancer_ip.as_deref().filter(|_| kind == "LoadBalancer"));
        for port in spec.ports.iter().flatten() {
            let mut meta = meta.clone();
            meta.set("service_port_name", port.name.as_deref().unwrap_or_default());
            meta.set("service_port_number", port.port.to_string());
            meta.set("service_port_protocol", port.protocol.as_deref().unwrap_or("TCP"));
            let (name, namespace) = (name(&service.metadata), namespace(&service.metadata));
            groups.push(meta.at(format!("{name}.{namespace}.svc:{}", port.port)));
        }
    }
    groups
}

/// What targets behind the service get of it.
pub(super) fn labels(service: &Service) -> Meta {
    let mut meta = Meta::default();
    meta.object("service", &service.metadata);
    meta
}
