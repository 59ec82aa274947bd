//! Objects of a cluster, listed and followed.

use super::{endpoints, ingress, node, pod, service};
use crate::config::{KubernetesDiscovery, KubernetesRole, TargetGroup};
use futures_util::FutureExt;
use futures_util::stream::{BoxStream, SelectAll, StreamExt, select_all};
use k8s_openapi::api::core::v1::{Endpoints, Node, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// A step of one watch: its number once all of its objects are there.
type News = Result<Option<usize>, String>;

/// Objects that a role looks at; of each kind a store for each namespace.
pub(super) struct Watched {
    news: SelectAll<BoxStream<'static, News>>,
    /// Watches whose first list is still under way.
    arriving: BTreeSet<usize>,
    nodes: Vec<Store<Node>>,
    pods: Vec<Store<Pod>>,
    services: Vec<Store<Service>>,
    endpoints: Vec<Store<Endpoints>>,
    slices: Vec<Store<EndpointSlice>>,
    ingresses: Vec<Store<Ingress>>,
}

impl Watched {
    /// Begins to watch what the entry looks at.
    pub(super) fn new(client: &Client, config: &KubernetesDiscovery) -> Self {
        let mut begun = Begun { client, config, streams: Vec::new() };
        let role = config.role;
        let behind_services = matches!(role, KubernetesRole::Endpoints | KubernetesRole::EndpointSlice);
        let mut watched = Watched {
            news: SelectAll::new(),
            arriving: BTreeSet::new(),
            nodes: Vec::new(),
            pods: Vec::new(),
            services: Vec::new(),
            endpoints: Vec::new(),
            slices: Vec::new(),
            ingresses: Vec::new(),
        };
        if role == KubernetesRole::Node || (config.attach_node && (behind_services || role == KubernetesRole::Pod)) {
            watched.nodes = begun.cluster();
        }
        if role == KubernetesRole::Pod || behind_services {
            watched.pods = begun.namespaced(KubernetesRole::Pod);
        }
        if role == KubernetesRole::Service || behind_services {
            watched.services = begun.namespaced(KubernetesRole::Service);
        }
        match role {
            KubernetesRole::Endpoints => watched.endpoints = begun.namespaced(role),
            KubernetesRole::EndpointSlice => watched.slices = begun.namespaced(role),
            KubernetesRole::Ingress => watched.ingresses = begun.namespaced(role),
            KubernetesRole::Node | KubernetesRole::Pod | KubernetesRole::Service => {}
        }
        watched.arriving = (0..begun.streams.len()).collect();
        watched.news = select_all(begun.streams);
        watched
    }

    /// Whether all objects were listed once.
    pub(super) fn is_ready(&self) -> bool {
        self.arriving.is_empty()
    }

    /// Waits until something changes, or something hinders a watch: that is said.
    pub(super) async fn news(&mut self) -> Vec<String> {
        let mut errors = Vec::new();
        let mut next = self.news.next().await;
        while let Some(news) = next {
            match news {
                Ok(Some(done)) => _ = self.arriving.remove(&done),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
            // What is there already belongs to it; before all is there, only what hinders is news.
            next = match self.news.next().now_or_never() {
                Some(more) => more,
                None if self.is_ready() || !errors.is_empty() => None,
                None => self.news.next().await,
            };
        }
        errors.dedup();
        errors
    }

    /// The targets that the objects of now make.
    pub(super) fn groups(&self, config: &KubernetesDiscovery) -> Vec<TargetGroup> {
        let nodes = all(&self.nodes);
        let (pods, services) = (all(&self.pods), all(&self.services));
        let attached: &[Arc<Node>] = if config.attach_node { &nodes } else { &[] };
        let behind = endpoints::Behind { pods: &pods, services: &services, nodes: attached };
        let mut groups = match config.role {
            KubernetesRole::Node => node::groups(&nodes),
            KubernetesRole::Pod => pod::groups(&pods, attached),
            KubernetesRole::Service => service::groups(&services),
            KubernetesRole::Endpoints => endpoints::of_endpoints(&all(&self.endpoints), &behind),
            KubernetesRole::EndpointSlice => endpoints::of_slices(&all(&self.slices), &behind),
            KubernetesRole::Ingress => ingress::groups(&all(&self.ingresses)),
        };
        // Stores have no order, and another order is no news.
        groups.sort_by(|a, b| (&a.targets, &a.labels).cmp(&(&b.targets, &b.labels)));
        groups
    }
}

fn all<K: Resource + Clone>(stores: &[Store<K>]) -> Vec<Arc<K>>
where
    K::DynamicType: Eq + Hash + Clone,
{
    stores.iter().flat_map(Store::state).collect()
}

struct Begun<'a> {
    client: &'a Client,
    config: &'a KubernetesDiscovery,
    streams: Vec<BoxStream<'static, News>>,
}

impl Begun<'_> {
    fn cluster<K>(&mut self) -> Vec<Store<K>>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope>
            + Clone
            + DeserializeOwned
            + Debug
            + Send
            + Sync
            + 'static,
    {
        let api = Api::all(self.client.clone());
        vec![self.watch(api, KubernetesRole::Node)]
    }

    fn namespaced<K>(&mut self, role: KubernetesRole) -> Vec<Store<K>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + Debug
            + Send
            + Sync
            + 'static,
    {
        let mut names: Vec<String> = self.config.namespaces.clone();
        if self.config.own_namespace {
            names.push(self.client.default_namespace().to_owned());
        }
        names.sort();
        names.dedup();
        if names.is_empty() {
            let api = Api::all(self.client.clone());
            return vec![self.watch(api, role)];
        }
        names.iter().map(|name| self.watch(Api::namespaced(self.client.clone(), name), role)).collect()
    }

    fn watch<K>(&mut self, api: Api<K>, role: KubernetesRole) -> Store<K>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let mut settings = watcher::Config::default();
        // An entry may name several of one kind; both conditions must hold then.
        let of_role = || self.config.selectors.iter().filter(|s| s.role == role);
        let joined = |part: fn(&crate::config::KubernetesSelector) -> &String| {
            of_role().map(part).filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(",")
        };
        let (labels, fields) = (joined(|s| &s.label), joined(|s| &s.field));
        if !labels.is_empty() {
            settings = settings.labels(&labels);
        }
        if !fields.is_empty() {
            settings = settings.fields(&fields);
        }
        let number = self.streams.len();
        let (store, writer) = reflector::store();
        let kind = K::plural(&()).into_owned();
        let steps = watch(api, settings).default_backoff().reflect(writer).map(move |event| match event {
            Ok(Event::InitDone) => Ok(Some(number)),
            Ok(_) => Ok(None),
            Err(error) => Err(format!("{kind}: {}", reason(&error))),
        });
        self.streams.push(steps.boxed());
        store
    }
}

/// The error and what is behind it, in one line.
fn reason(error: &watcher::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text.replace('\n', " ")
}
