//! For the same data, our API answers what Prometheus answers to everything that the dashboards ask.
//!
//! The questions are recorded from real dashboards before a real Prometheus, so that a new panel is a new case.

use crate::answers::{alike_but_for_ties, alike_in_any_order};
use crate::http::{client, eventually, get};
use crate::peers::Peer;
use crate::running::{Running, binary, run};
use crate::services::Scraper;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, Uri, header};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was asked: method, path with query, body.
type Question = (Method, String, Bytes);

/// Pages of the real exporter, as if scraped every 15 s up to now, with the labels of a target.
async fn history(pages: usize) -> String {
    let mut exporter = Running::ours("procession-exporter", &["--web.listen-address", "127.0.0.1:0"]);
    let url = format!("{}/metrics", exporter.url());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let mut series: BTreeMap<String, Vec<(f64, String)>> = BTreeMap::new();
    for page in 0..pages {
        let (text, _) = get(&url, "text/plain").await;
        let time = (now * 1000.0).floor() / 1000.0 - 15.0 * (pages - page) as f64;
        let mut add = |name: &str, labels: &str, value: &str| {
            let comma = if labels.is_empty() { "" } else { "," };
            let key = format!("{name}{{{labels}{comma}instance=\"host1:9956\",job=\"procession\"}}");
            series.entry(key).or_default().push((time, value.to_owned()));
        };
        add("up", "", "1");
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (key, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = key.split_once('{').unwrap_or((key, "}"));
            // Prometheus 2 and 3 extrapolate differently where a counter is near zero; ours follows 3, Debian's is 2.
            let raised = format!("{}", value.parse::<f64>().unwrap() + 1e6);
            add(name, labels.trim_end_matches('}'), if name.ends_with("_total") { &raised } else { value });
        }
    }
    let mut out = String::new();
    for (key, samples) in series {
        for (time, value) in samples {
            writeln!(out, "{key} {value} {time:.3}").unwrap();
        }
    }
    out.push_str("# EOF\n");
    out
}

/// A proxy that keeps what passes.
async fn recorder(upstream: String) -> (String, Arc<Mutex<Vec<Question>>>) {
    let asked: Arc<Mutex<Vec<Question>>> = Arc::default();
    let app = axum::Router::new().fallback(pass).with_state((upstream, asked.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, asked)
}

type Recorder = (String, Arc<Mutex<Vec<Question>>>);

async fn pass(
    State((upstream, asked)): State<Recorder>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (axum::http::StatusCode, [(header::HeaderName, &'static str); 1], String) {
    let question = (method, uri.path_and_query().unwrap().to_string(), body);
    let (status, text) = ask(&upstream, &question).await;
    asked.lock().unwrap().push(question);
    (axum::http::StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/json")], text)
}

async fn ask(base: &str, (method, path, body): &Question) -> (u16, String) {
    let request = client().request(method.clone(), format!("{base}{path}"));
    let response =
        request.header("content-type", "application/x-www-form-urlencoded").body(body.clone()).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn answers_the_dashboards_as_prometheus_does() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.om");
    std::fs::write(&file, history(20).await).unwrap();

    let prometheus = Peer::prometheus_with(&file).await;
    let arguments =
        ["import", "--storage.path", &folder.path().join("data").to_string_lossy(), &file.to_string_lossy()]
            .map(str::to_owned);
    let (imported, out, err) = run(&binary("procession-scraper"), &arguments.each_ref().map(String::as_str), b"");
    assert!(imported, "import: {out}{err}");
    std::fs::write(folder.path().join("scraper.yml"), "scrape_configs: []\n").unwrap();
    let scraper = Scraper::on(folder).await;

    let (proxy, asked) = recorder(prometheus.url.clone()).await;
    let mut dashboards =
        Running::ours("procession-dashboards", &["--query.url", &proxy, "--web.listen-address", "127.0.0.1:0"]);
    let url = dashboards.url();
    let link = eventually("a link to the host", || async {
        let (fleet, _) = get(&url, "text/html").await;
        let link = fleet.split("href=\"").skip(1).find(|rest| rest.starts_with("/host"));
        link.map(|rest| rest.split('"').next().unwrap_or_default().replace("&amp;", "&")).ok_or(fleet)
    })
    .await;
    for range in ["-5m", "-15m", "-6h", "-7d"] {
        let separator = if link.contains('?') { '&' } else { '?' };
        let host = format!(
            "{url}{}{separator}from={range}&until=now",
            link.split("from=").next().unwrap().trim_end_matches(['?', '&'])
        );
        let (page, _) = get(&host, "text/html").await;
        // One page of each other kind that it links.
        for start in ["/group?", "/groups?", "/process?", "/tree?"] {
            if let Some(link) = page.split("href=\"").skip(1).find(|rest| rest.starts_with(start)) {
                get(&format!("{url}{}", link.split('"').next().unwrap().replace("&amp;", "&")), "text/html").await;
            }
        }
    }

    let questions = asked.lock().unwrap().clone();
    let evaluated = questions.iter().filter(|(_, path, _)| path.contains("/query")).count();
    assert!(evaluated >= 10, "the dashboards asked only {} questions: {questions:#?}", questions.len());
    let (mut wrong, mut with_content) = (Vec::new(), 0);
    for question in questions {
        let (theirs, ours) = (ask(&prometheus.url, &question).await, ask(&scraper.url, &question).await);
        let parse =
            |(status, text): &(u16, String)| (*status, serde_json::from_str::<Value>(text).unwrap_or(Value::Null));
        let ((their_status, their), (our_status, our)) = (parse(&theirs), parse(&ours));
        // What a server tells of itself differs; what it tells of the data does not.
        if question.1.contains("/targets") || question.1.contains("/status") || question.1.contains("/metadata") {
            assert_eq!(our_status, 200, "{question:?}: {}", ours.1);
            continue;
        }
        with_content += usize::from(their["data"]["result"].as_array().is_some_and(|r| !r.is_empty()));
        let asked = format!("{}{}", question.1, String::from_utf8_lossy(&question.2));
        let compared = if asked.contains("topk") { alike_but_for_ties } else { alike_in_any_order };
        if their_status != our_status || !compared(&their["data"], &our["data"]) {
            wrong.push(format!(
                "{} {} {}\n  Prometheus: {theirs:.1500?}\n  ours: {ours:.1500?}",
                question.0,
                question.1,
                String::from_utf8_lossy(&question.2)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(with_content >= 5, "only {with_content} answers held anything");
}
