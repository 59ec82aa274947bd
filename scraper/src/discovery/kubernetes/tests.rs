//! A cluster that is only its API: lists and watches on loopback.

use super::Cluster;
use crate::config::{Config, Discovery, TargetGroup};
use crate::discovery::Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

type Line = Result<String, std::convert::Infallible>;

/// The objects by the path of their list, the watches that are open, and what was asked.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Objects>>);

#[derive(Default)]
struct Objects {
    lists: BTreeMap<String, Vec<Value>>,
    watches: BTreeMap<String, Vec<mpsc::UnboundedSender<Line>>>,
    heard: Vec<String>,
    refusal: Option<StatusCode>,
}

async fn answer(State(fake): State<Fake>, uri: Uri, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let mut objects = fake.0.lock();
    let (path, query) = (uri.path().to_owned(), query.unwrap_or_default());
    let who = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or("nobody").to_owned();
    objects.heard.push(format!("{who} {path}?{query}"));
    if let Some(status) = objects.refusal {
        let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not for you", "reason": "Forbidden", "code": status.as_u16()});
        return (status, axum::Json(body)).into_response();
    }
    if query.contains("watch=") {
        let (sender, receiver) = mpsc::unbounded_channel();
        objects.watches.entry(path).or_default().push(sender);
        return Body::from_stream(UnboundedReceiverStream::new(receiver)).into_response();
    }
    let items = objects.lists.get(&path).cloned().unwrap_or_default();
    axum::Json(json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "1"}, "items": items}))
        .into_response()
}

impl Fake {
    /// Serves; gives the entry of a configuration that asks it.
    async fn cluster(&self, lines: &str) -> Cluster {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let text = format!(
            "scrape_configs:\n- job_name: k\n  kubernetes_sd_configs:\n  - api_server: {url}\n    authorization: {{credentials: hush}}\n{lines}"
        );
        let config = Config::parse(&text, "test").unwrap_or_else(|e| panic!("{e}\n{text}"));
        let [Discovery::Kubernetes(config)] = &config.jobs[0].discovery[..] else { panic!("{config:?}") };
        Cluster::new((**config).clone())
    }

    fn put(&self, path: &str, object: Value) {
        self.0.lock().lists.entry(path.to_owned()).or_default().push(object);
    }

    /// Tells an open watch.
    fn tell(&self, path: &str, kind: &str, object: &Value) {
        let line = format!("{}\n", json!({"type": kind, "object": object}));
        let objects = self.0.lock();
        let watches = &objects.watches[path];
        let told = watches.iter().filter(|watch| watch.send(Ok(line.clone())).is_ok()).count();
        assert!(told > 0, "nobody watches {path}");
    }

    /// Waits until a list is watched.
    async fn watched(&self, path: &str) {
        let waiting = async {
            while !self.0.lock().watches.contains_key(path) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.expect("it is watched");
    }
}

/// A line for each target: its address and labels, without what all have.
fn shown(groups: &[TargetGroup]) -> Vec<String> {
    let label = |(name, value): &(String, String)| {
        format!(" {}={value}", name.strip_prefix("__meta_kubernetes_").unwrap_or(name))
    };
    groups
        .iter()
        .map(|g| format!("{}{}", g.targets.join(","), g.labels.iter().map(label).collect::<String>()))
        .collect()
}

async fn ask(cluster: &mut Cluster) -> Answer {
    tokio::time::timeout(std::time::Duration::from_secs(60), cluster.ask()).await.expect("there is news")
}

async fn check(lines: &str, objects: &[(&str, Value)], want: &[&str]) {
    let fake = Fake::default();
    for (path, object) in objects {
        fake.put(path, object.clone());
    }
    let mut cluster = fake.cluster(lines).await;
    let answer = ask(&mut cluster).await;
    assert_eq!(answer.errors, Vec::<String>::new());
    assert_eq!(shown(&answer.groups), want, "{lines}");
}

fn pod(name: &str, ip: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "uid": "u1", "resourceVersion": "2",
            "labels": {"app.kubernetes.io/name": "web"}, "annotations": {"scrape": "true"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7", "uid": "u2", "controller": true}],
        },
        "spec": {
            "nodeName": "n1",
            "containers": [
                {"name": "web", "image": "web:1", "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}, {"containerPort": 9100}]},
                {"name": "side"},
            ],
            "initContainers": [{"name": "init", "image": "init:1"}],
        },
        "status": {
            "podIP": ip, "hostIP": "10.0.0.1", "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "web", "containerID": "cri://1", "image": "web:1", "imageID": "", "ready": true, "restartCount": 0}],
        },
    })
}

fn node() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "n1", "resourceVersion": "1", "labels": {"zone": "a"}},
        "spec": {"providerID": "cloud://n1"},
        "status": {
            "addresses": [{"type": "Hostname", "address": "n1.local"}, {"type": "InternalIP", "address": "10.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        },
    })
}

const POD: &str = "namespace=shop pod_annotation_scrape=true pod_annotationpresent_scrape=true";

#[tokio::test]
async fn pods() {
    let tail = "pod_controller_kind=ReplicaSet pod_controller_name=web-7 pod_host_ip=10.0.0.1 pod_ip=1.2.3.4 pod_label_app_kubernetes_io_name=web pod_labelpresent_app_kubernetes_io_name=true pod_name=a pod_node_name=n1 pod_phase=Running pod_ready=true pod_uid=u1";
    let container = |address: &str, id: &str, image: &str, init: bool, name: &str, port: &str| {
        format!(
            "{address} {POD} pod_container_id={id} pod_container_image={image} pod_container_init={init} pod_container_name={name}{port} {tail}"
        )
    };
    let want = [
        container("1.2.3.4", "", "", false, "side", ""),
        container("1.2.3.4", "", "init:1", true, "init", ""),
        container(
            "1.2.3.4:80",
            "cri://1",
            "web:1",
            false,
            "web",
            " pod_container_port_name=http pod_container_port_number=80 pod_container_port_protocol=TCP",
        ),
        container(
            "1.2.3.4:9100",
            "cri://1",
            "web:1",
            false,
            "web",
            " pod_container_port_name= pod_container_port_number=9100 pod_container_port_protocol=TCP",
        ),
    ];
    let want: Vec<&str> = want.iter().map(String::as_str).collect();
    // One that has no address yet is no target.
    check("    role: pod\n", &[("/api/v1/pods", pod("a", "1.2.3.4")), ("/api/v1/pods", pod("b", ""))], &want).await;
    let attached: Vec<String> = want
        .iter()
        .map(|line| {
            line.replace(
                "namespace=shop ",
                "namespace=shop node_label_zone=a node_labelpresent_zone=true node_name=n1 ",
            )
        })
        .collect();
    check(
        "    role: pod\n    attach_metadata: {node: true}\n    namespaces: {names: [shop]}\n",
        &[("/api/v1/namespaces/shop/pods", pod("a", "1.2.3.4")), ("/api/v1/nodes", node())],
        &attached.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
}

#[tokio::test]
async fn nodes_services_and_ingresses() {
    check(
        "    role: node\n",
        &[("/api/v1/nodes", node())],
        &["10.0.0.1:10250 node_address_Hostname=n1.local node_address_InternalIP=10.0.0.1 node_label_zone=a node_labelpresent_zone=true node_name=n1 node_provider_id=cloud://n1 instance=n1"],
    )
    .await;
    let service = |spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "1"}, "spec": spec});
    check(
        "    role: service\n",
        &[
            ("/api/v1/services", service(json!({"clusterIP": "10.1.1.1", "ports": [{"port": 80, "name": "http"}]}))),
            ("/api/v1/services", service(json!({"type": "ExternalName", "externalName": "x.org", "ports": [{"port": 81, "protocol": "UDP"}]}))),
        ][..1],
        &["web.shop.svc:80 namespace=shop service_cluster_ip=10.1.1.1 service_name=web service_port_name=http service_port_number=80 service_port_protocol=TCP service_type=ClusterIP"],
    )
    .await;
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "in", "namespace": "shop", "resourceVersion": "1"},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["*.example.com"]}],
            "rules": [
                {"host": "a.example.com", "http": {"paths": [{"path": "/x", "pathType": "Prefix", "backend": {}}, {"pathType": "Prefix", "backend": {}}]}},
                {"host": "a.b.example.com"},
            ],
        },
    });
    let line = |host: &str, path: &str, scheme: &str| {
        format!(
            "{host} ingress_class_name=nginx ingress_host={host} ingress_name=in ingress_path={path} ingress_scheme={scheme} namespace=shop"
        )
    };
    let want = [
        line("a.b.example.com", "/", "http"),
        line("a.example.com", "/", "https"),
        line("a.example.com", "/x", "https"),
    ];
    check(
        "    role: ingress\n",
        &[("/apis/networking.k8s.io/v1/ingresses", ingress)],
        &want.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
}

#[tokio::test]
async fn what_is_behind_services() {
    let reference = json!({"kind": "Pod", "name": "a", "namespace": "shop"});
    let endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "1"},
        "subsets": [{
            "addresses": [{"ip": "1.2.3.4", "nodeName": "n1", "targetRef": reference}],
            "notReadyAddresses": [{"ip": "fd00::1"}],
            "ports": [{"name": "http", "port": 80}],
        }],
    });
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-x", "namespace": "shop", "resourceVersion": "1", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": [{"addresses": ["1.2.3.4"], "conditions": {"ready": true}, "targetRef": reference, "zone": "z"}],
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "h2"}],
    });
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "1", "labels": {"team": "x"}}});
    let tail = "pod_controller_kind=ReplicaSet pod_controller_name=web-7 pod_host_ip=10.0.0.1 pod_ip=1.2.3.4 pod_label_app_kubernetes_io_name=web pod_labelpresent_app_kubernetes_io_name=true pod_name=a pod_node_name=n1 pod_phase=Running pod_ready=true pod_uid=u1 service_label_team=x service_labelpresent_team=true service_name=web";
    let web = "pod_container_id=cri://1 pod_container_image=web:1 pod_container_name=web";
    let pod_of = |name: &str, number: &str| {
        format!(
            "{POD} {web} pod_container_port_name={name} pod_container_port_number={number} pod_container_port_protocol=TCP {tail}"
        )
    };
    let want = [
        format!("1.2.3.4:80 endpoint_address_target_kind=Pod endpoint_address_target_name=a endpoint_node_name=n1 endpoint_port_name=http endpoint_port_protocol=TCP endpoint_ready=true endpoints_name=web {}", pod_of("http", "80")),
        // A port of the pod that the service does not have.
        format!("1.2.3.4:9100 endpoints_name=web {}", pod_of("", "9100")),
        "[fd00::1]:80 endpoint_port_name=http endpoint_port_protocol=TCP endpoint_ready=false endpoints_name=web namespace=shop service_label_team=x service_labelpresent_team=true service_name=web".to_owned(),
    ];
    check(
        "    role: endpoints\n",
        &[
            ("/api/v1/endpoints", endpoints),
            ("/api/v1/services", service.clone()),
            ("/api/v1/pods", pod("a", "1.2.3.4")),
        ],
        &want.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    let of_slice = "endpointslice_label_kubernetes_io_service_name=web endpointslice_labelpresent_kubernetes_io_service_name=true endpointslice_name=web-x";
    let want = [
        format!(
            "1.2.3.4:80 endpointslice_address_target_kind=Pod endpointslice_address_target_name=a endpointslice_address_type=IPv4 endpointslice_endpoint_conditions_ready=true endpointslice_endpoint_zone=z {of_slice} endpointslice_port=80 endpointslice_port_app_protocol=h2 endpointslice_port_name=http endpointslice_port_protocol=TCP {}",
            pod_of("http", "80")
        ),
        format!("1.2.3.4:9100 endpointslice_address_type=IPv4 {of_slice} {}", pod_of("", "9100")),
    ];
    check(
        "    role: endpointslice\n",
        &[
            ("/apis/discovery.k8s.io/v1/endpointslices", slice),
            ("/api/v1/services", service),
            ("/api/v1/pods", pod("a", "1.2.3.4")),
        ],
        &want.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
}

#[tokio::test]
async fn changes_are_followed_and_what_was_good_stays() {
    let fake = Fake::default();
    fake.put("/api/v1/nodes", node());
    let mut cluster =
        fake.cluster("    role: node\n    selectors: [{role: node, label: 'a=b', field: 'metadata.name!=x'}]\n").await;
    assert_eq!(ask(&mut cluster).await.groups.len(), 1);
    let path = "/api/v1/nodes";
    let mut second = node();
    second["metadata"] = json!({"name": "n2", "resourceVersion": "3"});
    second["status"]["addresses"] = json!([{"type": "InternalIP", "address": "10.0.0.2"}]);
    // The watch is opened when somebody waits for it.
    let (answer, ()) = tokio::join!(ask(&mut cluster), async {
        fake.watched(path).await;
        fake.tell(path, "ADDED", &second);
    });
    let addresses = |answer: &Answer| answer.groups.iter().flat_map(|g| g.targets.clone()).collect::<Vec<_>>();
    assert_eq!(
        (addresses(&answer), answer.errors.len()),
        (vec!["10.0.0.1:10250".to_owned(), "10.0.0.2:10250".to_owned()], 0)
    );
    fake.tell(path, "DELETED", &node());
    assert_eq!(addresses(&ask(&mut cluster).await), ["10.0.0.2:10250"]);
    let heard = fake.0.lock().heard.clone();
    assert!(heard.iter().all(|line| line.starts_with("Bearer hush /api/v1/nodes?")), "{heard:?}");
    assert!(
        heard[0].contains("labelSelector=a%3Db") && heard[0].contains("fieldSelector=metadata.name%21%3Dx"),
        "{heard:?}"
    );

    // The server turns us away: it is said, and the targets stay.
    {
        let mut objects = fake.0.lock();
        objects.refusal = Some(StatusCode::FORBIDDEN);
        objects.watches.clear();
    }
    let answer = ask(&mut cluster).await;
    assert_eq!(addresses(&answer), ["10.0.0.2:10250"]);
    assert!(answer.errors[0].starts_with("nodes: ") && answer.errors[0].contains("not for you"), "{:?}", answer.errors);
}

#[test]
fn entries_are_checked() {
    for (lines, want) in [
        ("- {}", "expected a `role`"),
        ("- {role: mode}", "unknown variant `mode`"),
        ("- {role: pod, api_server: nowhere}", "api_server: \"nowhere\" is not the URL of a server"),
        (
            "- {role: pod, basic_auth: {username: x}}",
            "authentication and TLS are for an `api_server`, which is missing",
        ),
        ("- {role: pod, api_server: 'http://a', kubeconfig_file: b}", "both stand here"),
        (
            "- {role: pod, api_server: 'http://a', proxy_url: 'http://b'}",
            "proxy_url: this is not supported towards an `api_server`",
        ),
        ("- {role: pod, selectors: [{role: service}]}", "selectors[0].role: objects of this role are not looked at"),
        ("- {role: pod, namespace: x}", "unknown key `namespace`"),
    ] {
        let text = format!("scrape_configs:\n- job_name: k\n  kubernetes_sd_configs:\n  {lines}\n");
        let error = Config::parse(&text, "test").unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}
