//! Targets from a Kubernetes cluster: its objects are listed once and watched from then on.

mod access;
mod endpoints;
mod ingress;
mod meta;
mod node;
mod pod;
mod service;
#[cfg(test)]
mod tests;
mod watched;

use super::Answer;
use crate::config::{KubernetesDiscovery, TargetGroup};
use std::time::Duration;
use watched::Watched;

/// How long changes are collected before they count: a deployment changes many objects in a moment.
pub(super) const SETTLING: Duration = Duration::from_secs(1);

/// Without a word for so long nothing hinders the watches any more: they try again at least every half minute.
const SILENCE: Duration = Duration::from_secs(60);

/// One entry's objects, watched.
pub(super) struct Cluster {
    config: KubernetesDiscovery,
    watched: Option<Watched>,
    last: Vec<TargetGroup>,
}

impl Cluster {
    /// Nothing asked yet.
    pub(super) fn new(config: KubernetesDiscovery) -> Self {
        Cluster { config, watched: None, last: Vec::new() }
    }

    /// Waits for news, and says what there is then.
    pub(super) async fn ask(&mut self) -> Answer {
        let watched = match &mut self.watched {
            Some(watched) => watched,
            none => match access::client(&self.config.access).await {
                Ok(client) => none.insert(Watched::new(&client, &self.config)),
                Err(error) => return Answer { groups: self.last.clone(), errors: vec![error] },
            },
        };
        let errors = tokio::time::timeout(SILENCE, watched.news()).await.unwrap_or_default();
        if watched.is_ready() {
            self.last = watched.groups(&self.config);
        }
        Answer { groups: self.last.clone(), errors }
    }
}
