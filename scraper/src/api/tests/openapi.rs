//! `docs/openapi.yaml` against the router: the same paths, methods, parameters and status codes. Whether answers have the
//! form that it says is a system test's to judge.

use super::{Api, Limits, read};
use crate::api::openapi::DOCUMENT;
use crate::api::parameters::Read;
use crate::api::{ErrorType, endpoints, router};
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tower::ServiceExt;

fn document() -> Value {
    serde_yaml::from_str(DOCUMENT).unwrap()
}

/// What a `$ref` stands for, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            document.pointer(reference.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{reference}"))
        }
        None => value,
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(m, o)| (path.as_str(), m.as_str(), o)))
}

/// Names of parameters in the URL or in a form.
fn listed(document: &Value, operation: &Value) -> BTreeSet<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let in_url = parameters.map(|p| resolved(document, p)).filter(|p| p["in"] == "query");
    let in_url = in_url.map(|p| p["name"].as_str().unwrap().to_owned());
    let form = &operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"];
    in_url.chain(form.as_object().into_iter().flatten().map(|(name, _)| name.clone())).collect()
}

#[tokio::test]
async fn it_is_served_as_it_lies_here() {
    let response = Api::new(Limits::default()).ask("GET", "/api/v1/openapi.yaml", None).await;
    assert_eq!(response.headers()["content-type"], "application/yaml");
    assert_eq!(read(response).await, (200, DOCUMENT.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_the_paths_and_methods_of_the_router() {
    let document = document();
    let mut described: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        described.entry(path).or_default().insert(method);
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}: the same operationId twice");
    }
    let routed: BTreeSet<String> = endpoints().into_iter().map(|(path, _)| format!("/api/v1{path}")).collect();
    assert_eq!(routed, described.keys().map(|path| (*path).to_owned()).collect());
    let api = Api::new(Limits::default());
    for (path, methods) in described {
        for method in ["get", "post", "put", "delete", "patch"] {
            let response = api.ask(&method.to_uppercase(), &path.replace("{name}", "job"), None).await;
            let status = response.status().as_u16();
            assert!(status != 404 && (status != 405) == methods.contains(method), "{method} {path}: {status}");
        }
    }
}

/// Requests that make every endpoint look at all of its parameters.
const ASKED: &[(&str, &str)] = &[
    ("query", "query=up"),
    ("query_range", "query=up&start=1&end=2&step=1"),
    ("explain", "query=up"),
    ("explain", "query=up&start=1&end=2&step=1"),
    ("query_exemplars", "query=up"),
    ("format_query", "query=up"),
    ("parse_query", "query=up"),
    ("sql", "query=SELECT+1"),
    ("admin/backup", "to=/proc/none&keep=1"),
    ("series", "match[]=up"),
    ("labels", ""),
    ("label/{name}/values", ""),
    ("metadata", ""),
    ("targets", ""),
    ("targets/relabel_steps", "scrapePool=api&labels={}"),
    ("targets/metadata", ""),
    ("rules", ""),
    ("status/tsdb", ""),
];

#[tokio::test(flavor = "multi_thread")]
async fn it_lists_the_parameters_that_are_looked_at() {
    let (document, mut api) = (document(), Api::new(Limits::default()));
    api.state.admin_api = true;
    let mut looked_at: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, parameters) in ASKED {
        let read = Read::default();
        let uri = format!("/api/v1/{}?{parameters}", path.replace("{name}", "job")).replace("{}", "%7B%7D");
        let method = if document["paths"][format!("/api/v1/{path}")]["get"].is_null() { "POST" } else { "GET" };
        let request = Request::builder().method(method).uri(uri).extension(read.clone()).body(Body::empty()).unwrap();
        router(api.state.clone()).oneshot(request).await.unwrap();
        looked_at.entry(format!("/api/v1/{path}")).or_default().append(&mut read.0.lock());
    }
    for (path, method, operation) in operations(&document) {
        let read = looked_at.get(path).cloned().unwrap_or_default();
        assert_eq!(listed(&document, operation), read, "{method} {path}");
    }
}

#[test]
fn it_tells_the_status_of_each_error() {
    let document = document();
    for kind in
        [ErrorType::BadData, ErrorType::Execution, ErrorType::Timeout, ErrorType::Internal, ErrorType::Unavailable]
    {
        let (text, status) = (kind.text(), kind.status().as_u16().to_string());
        let mut found = 0;
        for (path, method, operation) in operations(&document) {
            let Some(response) = operation["responses"].get(&status) else { continue };
            let schema = &resolved(&document, response)["content"]["application/json"]["schema"];
            let told = &schema["properties"]["errorType"];
            let tells =
                told["const"] == text || told["enum"].as_array().is_some_and(|list| list.contains(&text.into()));
            assert!(tells, "{method} {path}: {status} is not {text}");
            found += 1;
        }
        assert!(found >= 10, "{text}: {found}");
    }
}
