//! A query server that answers by the text of the query.

use axum::Router;
use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::NOW_MS;

/// A query as the API's forms carry it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Asked {
    pub(crate) query: String,
    #[serde(default)]
    pub(crate) start: f64,
    #[serde(default)]
    pub(crate) end: f64,
    #[serde(default)]
    pub(crate) step: f64,
    /// The moment of an instant query.
    #[serde(default)]
    pub(crate) time: f64,
}

impl Asked {
    fn is_range(&self) -> bool {
        self.step > 0.0
    }

    fn has(&self, text: &str) -> bool {
        self.query.contains(text)
    }
}

/// Gives the series of a query: labels and a value; points are made of it.
pub(crate) type Answer = fn(&Asked) -> Vec<(Value, f64)>;

/// Serves until the test ends; gives the URL.
pub(crate) async fn with(answer: Answer) -> String {
    let router = Router::new()
        .route("/api/v1/query", post(query))
        .route("/api/v1/query_range", post(query))
        .route("/api/v1/targets", get(targets))
        .route("/api/v1/sql", post(sql))
        .with_state(answer);
    serve(router).await
}

/// Answers everything with these bytes.
pub(crate) async fn with_body(status: StatusCode, content_type: &'static str, body: &'static str) -> String {
    let answer = move || async move { (status, [(header::CONTENT_TYPE, content_type)], body) };
    serve(Router::new().fallback(any(answer))).await
}

/// Answers everything with these bytes, and says that it is another time.
pub(crate) async fn dated(date: &'static str, body: &'static str) -> String {
    serve(Router::new().fallback(any(move || async move { ([(header::DATE, date)], body) }))).await
}

/// Answers everything with these bytes as JSON.
pub(crate) async fn with_bytes(body: &'static [u8]) -> String {
    serve(Router::new().fallback(any(move || async move { body }))).await
}

/// Serves until the test ends; gives the URL.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

pub(crate) async fn query(State(answer): State<Answer>, Form(asked): Form<Asked>) -> Response {
    if asked.has("bogus") {
        let error = json!({"status": "error", "errorType": "bad_data", "error": "1:6: parse error: <b>unexpected</b>"});
        return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
    }
    let now = NOW_MS as f64 / 1000.0;
    let raw = asked.query.ends_with("[10m]");
    let series: Vec<Value> = answer(&asked)
        .into_iter()
        .map(|(labels, value)| {
            let point = |at: f64| json!([at, value.to_string()]);
            if asked.is_range() {
                let count = ((asked.end - asked.start) / asked.step) as i64;
                let values: Vec<Value> = (0..=count).map(|i| point(asked.start + i as f64 * asked.step)).collect();
                json!({"metric": labels, "values": values})
            } else if raw {
                let values: Vec<Value> = (0..40).map(|i| point(now - 590.0 + f64::from(i) * 15.0)).collect();
                json!({"metric": labels, "values": values})
            } else {
                json!({"metric": labels, "value": point(now)})
            }
        })
        .collect();
    let kind = if asked.is_range() || raw { "matrix" } else { "vector" };
    json!({"status": "success", "data": {"resultType": kind, "result": series}}).to_string().into_response()
}

/// SQL as our scraper answers it: two rows, or what is wrong.
async fn sql(Form(asked): Form<Asked>) -> Response {
    if asked.has("bogus") {
        let error = json!({"status": "error", "errorType": "bad_data", "error": "2:3: Parser Error: syntax error at or near <b>"});
        return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
    }
    if asked.has("information_schema") {
        return r#"[{"table_name":"groups","column_name":"cpu_seconds"},{"table_name":"groups","column_name":"time"}]"#
            .into_response();
    }
    let row = |time: &str, value: f64| json!({"time": time, "zebra": HOSTILE[0], "memory": value});
    json!([row("2026-11-23T11:00:00", 1.5), row("2026-11-23T11:00:05", 2.5)]).to_string().into_response()
}

async fn targets() -> String {
    json!({"status": "success", "data": {"activeTargets": [
        {"labels": {"instance": "db-2:9956", "job": "procession"}, "lastError": "connection refused <i>"},
    ]}})
    .to_string()
}

/// A host that is up with three groups and a process, and one that is down.
pub(crate) fn two_hosts(asked: &Asked) -> Vec<(Value, f64)> {
    let instance = |name: &str| json!({"instance": name, "job": "procession"});
    if asked.query.starts_with("up") {
        let all = [(instance("web-1:9956"), 1.0), (instance("db-2:9956"), 0.0)];
        return all
            .into_iter()
            .filter(|(labels, _)| !asked.has("instance=") || asked.has(labels["instance"].as_str().unwrap()))
            .collect();
    }
    if asked.has("by (instance)") {
        return vec![(instance("web-1:9956"), 1.5)];
    }
    // Over all hosts.
    let everywhere = json!({"instance": "web-1:9956", "pid": "42", "group": "nginx"});
    if asked.has("by (instance, ") || asked.query.starts_with("topk(10, sum by (group)") || asked.has("{group=~") {
        return vec![(everywhere, if asked.query.starts_with("count") { 1.0 } else { 0.75 })];
    }
    if !asked.has("web-1:9956") {
        return Vec::new();
    }
    for (label, values) in
        [("mode", ["user", "system"]), ("state", ["sleeping", "running"]), ("kind", ["minor", "voluntary"])]
    {
        if asked.has(&format!("by ({label})")) {
            return values.map(|value| (json!({label: value}), 2.0)).into();
        }
    }
    if asked.has("proc_start_time_seconds") {
        let start = NOW_MS as f64 / 1000.0 - 100.25;
        let labels = if asked.has("max(") { json!({}) } else { json!({"pid": "42", "group": "nginx"}) };
        return if asked.has("pid=\"7\"") { Vec::new() } else { vec![(labels, start)] };
    }
    if asked.has("by (pid)") {
        return vec![(json!({"pid": "42"}), 0.25)];
    }
    if asked.has("by (pid, group)") {
        return vec![(json!({"pid": "42", "group": "nginx"}), 0.25)];
    }
    if asked.has("proc_info") {
        let (pid, ppid, name) = if asked.has("pid=\"1\"") { ("1", "0", "init") } else { ("42", "1", "nginx: worker") };
        let labels = json!({"pid": pid, "ppid": ppid, "group": "nginx", "name": name, "user": "www-data",
            "executable": "/usr/sbin/nginx"});
        return vec![(labels, 1.0)];
    }
    if asked.has("by (group)") {
        return ["nginx", "postgres", "cron"]
            .into_iter()
            .zip([3.0, 2.0, 1.0])
            .map(|(group, value)| (json!({"group": group}), value))
            .collect();
    }
    if asked.query.starts_with("sum(") { vec![(json!({}), 10.0)] } else { Vec::new() }
}

/// Nothing has been scraped.
pub(crate) fn nothing(_: &Asked) -> Vec<(Value, f64)> {
    Vec::new()
}

/// Names as an attacker would choose them.
pub(crate) const HOSTILE: [&str; 5] = [
    "</svg><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "new\nline\u{0}\u{7}\u{1b}[31m",
    "' & \" \\ {{group}} %3Cb%3E",
    "\u{202e}nigol",
];

/// One host with groups, processes and users of these names, itself called so.
pub(crate) fn hostile(asked: &Asked) -> Vec<(Value, f64)> {
    if asked.query.starts_with("up") || asked.has("by (instance)") {
        return HOSTILE.map(|name| (json!({"instance": name, "job": name}), 1.0)).into();
    }
    let labels = |name: &str| {
        json!({"instance": name, "group": name, "pid": name, "ppid": name, "name": name, "user": name, "executable": name,
            "mode": name, "state": name, "kind": name})
    };
    // What was before differs, so that comparisons have something to show.
    let value = if asked.time > 0.0 && asked.time < NOW_MS as f64 / 1000.0 { 2.0 } else { 1.0 };
    HOSTILE.map(|name| (labels(name), value)).into()
}
