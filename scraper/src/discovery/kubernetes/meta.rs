//! `__meta_kubernetes_*` labels.

use crate::config::TargetGroup;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// Labels of a target by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Meta(BTreeMap<String, String>);

impl Meta {
    /// Sets `__meta_kubernetes_<name>`.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(format!("__meta_kubernetes_{name}"), value.into());
    }

    /// The same, where there is a value.
    pub(super) fn set_some(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Name, labels and annotations of an object, under the name of its kind.
    pub(super) fn object(&mut self, kind: &str, of: &ObjectMeta) {
        self.set(&format!("{kind}_name"), name(of));
        for (what, pairs) in [("label", &of.labels), ("annotation", &of.annotations)] {
            for (key, value) in pairs.iter().flatten() {
                let key = sanitized(key);
                self.set(&format!("{kind}_{what}_{key}"), value.as_str());
                self.set(&format!("{kind}_{what}present_{key}"), "true");
            }
        }
    }

    /// All of another's labels.
    pub(super) fn join(&mut self, other: &Meta) {
        self.0.extend(other.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// A target at an address.
    pub(super) fn at(&self, address: String) -> TargetGroup {
        TargetGroup { targets: vec![address], labels: self.0.clone().into_iter().collect() }
    }

    /// A target with a label that is none of Kubernetes's.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// What is no letter, digit or underscore becomes an underscore.
pub(super) fn sanitized(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

/// The name of an object.
pub(super) fn name(of: &ObjectMeta) -> &str {
    of.name.as_deref().unwrap_or_default()
}

/// The namespace of an object.
pub(super) fn namespace(of: &ObjectMeta) -> &str {
    of.namespace.as_deref().unwrap_or_default()
}

/// `host:port`, with an IPv6 address in brackets.
pub(super) fn host_port(host: &str, port: i32) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
