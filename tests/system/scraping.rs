//! What is stored is what the pages said.

use crate::http::{api, client, eventually};
use crate::peers::Peer;
use crate::services::{Scraper, job};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

#[tokio::test]
async fn rows_match_a_direct_reading_of_the_node_exporter() {
    rows_match(Peer::node_exporter().await, 300).await;
}

#[tokio::test]
async fn rows_match_a_direct_reading_of_process_exporter() {
    rows_match(Peer::process_exporter().await, 100).await;
}

/// Every series of the page is stored with its value, and nothing else is.
async fn rows_match(peer: Peer, least: usize) {
    let (frozen, page) = frozen(peer.url.clone()).await;
    let scraper = Scraper::start(&job("peer", &frozen)).await;
    let stored = eventually("series of the peer", || async {
        // The five series that the scraper itself adds are not the page's.
        let result = api(&scraper.url, "query", &[("query", "{job=\"peer\",__name__!~\"up|scrape_.+_.+\"}")]).await;
        let stored = by_series(&result["result"]);
        if stored.len() > least { Ok(stored) } else { Err(format!("{} series", stored.len())) }
    })
    .await;
    let page = parse(&page.get().unwrap().1);
    let mut wrong = Vec::new();
    for (series, value) in &page {
        match stored.get(series) {
            None => wrong.push(format!("{series} is not stored")),
            Some(got) if got == value || (got.is_nan() && value.is_nan()) => {}
            Some(got) => wrong.push(format!("{series} is stored as {got}, the page says {value}")),
        }
    }
    wrong.extend(stored.keys().filter(|series| !page.contains_key(*series)).map(|s| format!("{s} is not on the page")));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), page.len(), wrong.join("\n"));
}

/// What a page says, and in which format.
type Page = Arc<OnceCell<(String, String)>>;

/// A target that passes the first page of another one on, asked for as the scraper asks, and repeats it from then on:
/// so that a moving page and the stored one can be held against each other.
async fn frozen(upstream: String) -> (String, Page) {
    let page: Page = Arc::default();
    let app = axum::Router::new().fallback(pass_first).with_state((upstream, page.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, page)
}

async fn pass_first(
    State((upstream, page)): State<(String, Page)>,
    headers: HeaderMap,
) -> ([(header::HeaderName, String); 1], String) {
    let first = page.get_or_init(|| async {
        let request = client().get(format!("{upstream}/metrics")).header("accept", &headers["accept"]);
        let response = request.send().await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.text().await.unwrap())
    });
    let (kind, body) = first.await.clone();
    ([(header::CONTENT_TYPE, kind)], body)
}

/// Series and values of a page as Go's client library writes it: labels sorted, nothing but `\\`, `\"` and `\n` escaped.
/// Labels without a value are as good as not there.
fn parse(page: &str) -> BTreeMap<String, f64> {
    let samples = page.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    let parsed = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value = match value {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            value => value.parse().unwrap_or_else(|_| panic!("{line}")),
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels: Vec<_> = labels
            .trim_end_matches('}')
            .split("\",")
            .map(|l| l.trim_end_matches('"'))
            .filter(|l| !l.is_empty())
            .collect();
        let labels: Vec<_> = labels.into_iter().filter(|l| !l.ends_with("=")).map(|l| format!("{l}\"")).collect();
        let series = if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) };
        (series, value)
    });
    parsed.collect()
}

/// The same of an instant vector, without the labels of the target.
fn by_series(result: &Value) -> BTreeMap<String, f64> {
    let series = result.as_array().unwrap().iter().map(|point| {
        let labels = point["metric"].as_object().unwrap();
        let pairs: BTreeMap<_, _> =
            labels.iter().filter(|(n, _)| !["__name__", "job", "instance"].contains(&n.as_str())).collect();
        let text = |v: &Value| v.as_str().unwrap().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let pairs: Vec<_> = pairs.into_iter().map(|(n, v)| format!("{n}=\"{}\"", text(v))).collect();
        let name = labels["__name__"].as_str().unwrap();
        let series = if pairs.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", pairs.join(",")) };
        (series, point["value"][1].as_str().unwrap().parse().unwrap())
    });
    series.collect()
}
