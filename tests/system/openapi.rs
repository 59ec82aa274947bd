//! Answers of a running scraper, and those that its own tests pin byte by byte, against the schemas of
//! `docs/openapi.yaml`. Python's `jsonschema` judges.

use crate::http::{client, eventually};
use crate::running::{Running, run};
use crate::services::Scraper;
use axum::http::header;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Reads the document and the answers, and prints what is wrong with them, a line each.
const JUDGE: &str = "\
import json, sys
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
given = json.load(sys.stdin)
document = Resource.from_contents(given['document'], default_specification=DRAFT202012)
registry = Registry().with_resource('urn:api', document)
for name, schema in given['document']['components']['schemas'].items():
    Draft202012Validator.check_schema(schema)
for asked, schema, answer in given['answers']:
    validator = Draft202012Validator({'$ref': 'urn:api#' + schema}, registry=registry)
    for error in validator.iter_errors(answer):
        print(f'{asked}: {error.json_path}: {error.message[:300]}')
";

struct Checked {
    document: Value,
    /// What was asked, the JSON pointer of the schema, and the answer.
    answers: Vec<(String, String, Value)>,
    /// Operations that have answered with 200.
    succeeded: BTreeSet<(String, String)>,
}

fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

impl Checked {
    fn new() -> Self {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.yaml")).unwrap();
        Checked { document: serde_yaml::from_str(&text).unwrap(), answers: Vec::new(), succeeded: BTreeSet::new() }
    }

    /// Adds an answer. What the document does not have must be an error.
    fn add(&mut self, method: &str, uri: &str, status: u16, kind: &str, body: &str) {
        let kind = kind.split(';').next().unwrap();
        let method = method.to_lowercase();
        let asked = format!("{method} {uri}");
        let path = uri.split('?').next().unwrap();
        let path = match path.strip_prefix("/api/v1/label/") {
            Some(rest) if rest.ends_with("/values") => "/api/v1/label/{name}/values",
            _ => path,
        };
        let operation = &self.document["paths"][path][&method];
        let schema = match operation {
            Value::Null => {
                assert!(matches!(status, 404 | 405), "{asked} is answered with {status} and not described");
                "/components/schemas/Error".to_owned()
            }
            operation => {
                let response = operation["responses"][status.to_string()]["$ref"].as_str();
                let response = response.unwrap_or_else(|| panic!("{asked}: {status} is not described: {body}"));
                format!("{}/content/{}/schema", &response[1..], escaped(kind))
            }
        };
        assert!(self.document.pointer(&schema).is_some(), "{asked}: {kind} is not described");
        if status == 200 {
            self.succeeded.insert((path.to_owned(), method));
        }
        let answer = if kind == "application/json" { serde_json::from_str(body).unwrap() } else { body.into() };
        self.answers.push((asked, schema, answer));
    }

    async fn ask(&mut self, base: &str, path: &str, parameters: &str) {
        let uri = format!("/api/v1/{path}?{parameters}");
        let described = self.document["paths"][format!("/api/v1/{path}")].as_object();
        let methods: Vec<String> = described.into_iter().flat_map(|item| item.keys().cloned()).collect();
        // The path of a label's values has its name in it.
        let methods = if methods.is_empty() { vec!["get".to_owned()] } else { methods };
        for method in methods.iter().map(String::as_str) {
            let request = match method {
                "get" => client().get(format!("{base}{uri}")),
                _ => client()
                    .post(format!("{base}/api/v1/{path}"))
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(parameters.to_owned()),
            };
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
            self.add(method, &uri, status, &kind, &response.text().await.unwrap());
        }
    }

    fn judge(&self) {
        let given = json!({ "document": self.document, "answers": self.answers }).to_string();
        let (done, wrong, err) = run(Path::new("python3"), &["-c", JUDGE], given.as_bytes());
        assert!(done && wrong.is_empty(), "{wrong}{err}");
    }
}

#[test]
fn the_answers_that_are_pinned_have_their_form() {
    let mut checked = Checked::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scraper/src/api/tests/answers.txt");
    let file = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    for pair in lines.windows(2) {
        let (Some(request), Some(answer)) = (pair[0].strip_prefix("> "), pair[1].strip_prefix("< ")) else { continue };
        let (method, rest) = request.split_once(' ').unwrap();
        let (status, body) = answer.split_once(' ').unwrap();
        let uri = rest.split(' ').next().unwrap();
        checked.add(method, uri, status.parse().unwrap(), "application/json", body);
    }
    assert!(checked.answers.len() > 100, "only {} answers", checked.answers.len());
    checked.judge();
}

#[test]
fn what_is_not_described_is_noticed() {
    for (uri, body) in [
        ("/api/v1/query", r#"{"status":"success","data":{"resultType":"vector","result":[],"more":1}}"#),
        (
            "/api/v1/query",
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"value":[1,"1"]}]}}"#,
        ),
        ("/api/v1/query_range", r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
        ("/api/v1/labels", r#"{"status":"success","data":[1]}"#),
        ("/api/v1/labels", r#"{"status":"success","data":[],"remarks":[]}"#),
        ("/api/v1/parse_query", r#"{"status":"success","data":{"type":"call"}}"#),
        ("/api/v1/status/config", r#"{"status":"success","data":{}}"#),
    ] {
        let mut checked = Checked::new();
        checked.add("GET", uri, 200, "application/json", body);
        let given = json!({ "document": checked.document, "answers": checked.answers }).to_string();
        let (done, wrong, err) = run(Path::new("python3"), &["-c", JUDGE], given.as_bytes());
        assert!(done && wrong.starts_with(&format!("get {uri}: $")), "{body}: {wrong}{err}");
    }
}

/// A target with an exemplar.
async fn target() -> String {
    let page = "# TYPE asked counter\n# HELP asked Requests.\nasked_total 7 # {trace_id=\"abc\"} 0.5\n# EOF\n";
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let app = axum::Router::new().fallback(move || async move { ([(header::CONTENT_TYPE, kind)], page) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A scraper that takes every query for a slow one.
async fn scraper() -> (String, Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let address = target().await;
    let text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n- job_name: one\n  static_configs:\n  \
         - targets: ['{address}']\n  relabel_configs:\n  - {{source_labels: [__address__], target_label: host}}\n  \
         - {{source_labels: [host], modulus: 3, target_label: shard, action: hashmod}}\n"
    );
    std::fs::write(folder.path().join("scraper.yml"), text).unwrap();
    let mut arguments = Scraper::arguments(&folder).to_vec();
    arguments.extend(["--query.slow-threshold=1ms".into(), "--web.enable-admin-api".into()]);
    let mut running = Running::ours("procession-scraper", &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    (running.url(), running, folder)
}

#[tokio::test]
async fn every_endpoint_answers_in_the_form_that_is_described() {
    let (url, _running, folder) = scraper().await;
    let backup = format!("to={}/backups&keep=2", folder.path().display());
    eventually("an exemplar", || async {
        let found = client().get(format!("{url}/api/v1/query_exemplars?query=asked_total")).send().await;
        let found = found.unwrap().text().await.unwrap();
        if found.contains("trace_id") { Ok(()) } else { Err(found) }
    })
    .await;
    let mut checked = Checked::new();
    for (path, parameters) in [
        ("query", "query=up&stats=all&explain=true&limit=10&dedup=false"),
        ("query", "query=asked_total%5B1m%5D&stats=some"),
        ("query", "query=rate(asked%5B1m%5D)"),
        ("query", "query=up%7B"),
        ("query", "query=up+%2B+on()+group_left()+%7Bjob%3D%22one%22%7D"),
        ("query_range", "query=vector(1)&start=0&end=100&step=10&stats=true&explain=true"),
        // More than a millisecond of work.
        ("query_range", "query=sum_over_time(vector(1)%5B1h%3A1s%5D)&start=0&end=1000&step=1"),
        ("explain", "query=sum(up)+by+(job)+%2B+1"),
        ("explain", "query=up&start=0&end=100&step=10"),
        ("query_exemplars", "query=asked_total"),
        ("format_query", "query=sum(up)by(job)"),
        (
            "parse_query",
            "query=-sum+by+(a)+(rate(x%7Bb%3D~%22c%22%7D%5B5m%5D+offset+1m))+%2F+on(a)+group_left(b)+(y+%40+end())",
        ),
        (
            "parse_query",
            "query=quantile(0.5%2C+max_over_time(x%5B1h%3A1m%5D+%40+7))+%3E+bool+1+or+label_join(x%2C%22a%22%2C%22b%22)",
        ),
        ("sql", "query=SELECT+1+AS+a"),
        ("sql", "query=SELECT+1+AS+a&format=csv"),
        ("sql", "query=SELECT+1+AS+a&format=ndjson"),
        ("sql", "query=SELEC"),
        ("sql", "query=SELECT+'x'%3A%3AINT"),
        ("admin/backup", &backup),
        ("admin/backup", "to=backups"),
        ("series", "match[]=up"),
        ("labels", "match[]=up"),
        ("label/job/values", ""),
        ("metadata", ""),
        ("targets", ""),
        ("targets/relabel_steps", "scrapePool=one&labels=%7B%22__address__%22%3A%22a%3A1%22%7D"),
        ("targets/relabel_steps", "scrapePool=none&labels=%7B%7D"),
        ("targets/metadata", ""),
        ("scrape_pools", ""),
        ("rules", ""),
        ("alerts", ""),
        ("alertmanagers", ""),
        ("status/buildinfo", ""),
        ("status/runtimeinfo", ""),
        ("status/config", ""),
        ("status/flags", ""),
        ("status/slow_queries", ""),
        ("status/tsdb", ""),
        ("openapi.yaml", ""),
    ] {
        checked.ask(&url, path, parameters).await;
    }
    let slow = checked.answers.iter().find(|(asked, _, _)| asked.contains("slow_queries")).unwrap();
    assert_ne!(slow.2["data"], json!([]), "no query was slow");
    // One that runs while it is looked for.
    let long = format!("{url}/api/v1/query_range?query=sum_over_time(vector(1)%5B1h%3A1s%5D)&start=0&end=5000&step=1");
    let busy = tokio::spawn(async move {
        loop {
            client().get(&long).send().await.unwrap();
        }
    });
    let body = eventually("a query that runs", || async {
        let response = client().get(format!("{url}/api/v1/status/active_queries")).send().await.unwrap();
        let body = response.text().await.unwrap();
        if body.contains("sum_over_time") { Ok(body) } else { Err(body) }
    })
    .await;
    busy.abort();
    checked.add("GET", "/api/v1/status/active_queries", 200, "application/json", &body);
    checked.judge();
    let described = checked.document["paths"].as_object().unwrap().iter();
    let described =
        described.flat_map(|(p, item)| item.as_object().unwrap().keys().map(move |m| (p.clone(), m.clone())));
    assert_eq!(described.collect::<BTreeSet<_>>(), checked.succeeded);
}
