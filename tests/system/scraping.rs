//! What is stored is what the pages said.

use crate::http::{api, eventually, get};
use crate::peers::Peer;
use crate::services::{Scraper, job};
use serde_json::Value;
use std::collections::BTreeMap;

const TEXT: &str = "text/plain;version=0.0.4";

#[tokio::test]
async fn rows_match_a_direct_reading_of_the_node_exporter() {
    rows_match(Peer::node_exporter().await, 200).await;
}

#[tokio::test]
async fn rows_match_a_direct_reading_of_process_exporter() {
    rows_match(Peer::process_exporter().await, 100).await;
}

/// Reads the page, lets the scraper scrape, reads the page again: every series that both readings have is stored, and
/// where both readings agree on a value, the stored one is that value.
async fn rows_match(peer: Peer, least: usize) {
    let page = || async { parse(&get(&format!("{}/metrics", peer.url), TEXT).await.0) };
    let before = page().await;
    let scraper = Scraper::start(&job("peer", &peer.url)).await;
    let stored = eventually("series of the peer", || async {
        let result = api(&scraper.url, "query", &[("query", "{job=\"peer\"}")]).await;
        let stored = by_series(&result["result"]);
        if stored.len() > least { Ok(stored) } else { Err(format!("{} series", stored.len())) }
    })
    .await;
    let after = page().await;

    let (mut compared, mut wrong) = (0, Vec::new());
    for (series, value) in &before {
        // What the exporter says of itself changes by being asked.
        if series.starts_with("go_") || series.starts_with("process_") || series.starts_with("promhttp_") {
            continue;
        }
        let Some(later) = after.get(series) else { continue };
        match stored.get(series) {
            None => wrong.push(format!("{series} is not stored")),
            Some(got) if value == later || (value.is_nan() && later.is_nan()) => {
                compared += 1;
                if !(got == value || (got.is_nan() && value.is_nan())) {
                    wrong.push(format!("{series} is stored as {got}, the page says {value}"));
                }
            }
            Some(_) => {}
        }
    }
    assert!(compared > least, "only {compared} series stood still");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Series and values of a text 0.0.4 page as Go's client library writes it: labels sorted, nothing but `\\`, `\"` and
/// `\n` escaped.
fn parse(page: &str) -> BTreeMap<String, f64> {
    let samples = page.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    let parsed = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value = match value {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            value => value.parse().unwrap_or_else(|_| panic!("{line}")),
        };
        (series.to_owned(), value)
    });
    parsed.collect()
}

/// The same of an instant vector, without the labels of the target.
fn by_series(result: &Value) -> BTreeMap<String, f64> {
    let series = result.as_array().unwrap().iter().map(|point| {
        let labels = point["metric"].as_object().unwrap();
        let pairs: BTreeMap<_, _> = labels.iter().filter(|(n, _)| !["__name__", "job", "instance"].contains(&n.as_str())).collect();
        let text = |v: &Value| v.as_str().unwrap().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let pairs: Vec<_> = pairs.into_iter().map(|(n, v)| format!("{n}=\"{}\"", text(v))).collect();
        let name = labels["__name__"].as_str().unwrap();
        let series = if pairs.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", pairs.join(",")) };
        (series, point["value"][1].as_str().unwrap().parse().unwrap())
    });
    series.collect()
}
