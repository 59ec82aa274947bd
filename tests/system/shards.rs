//! One fleet over several scrapers: each takes its share by `hashmod`, together they have every target exactly once.

use crate::http::{api, eventually};
use crate::services::Scraper;
use std::collections::BTreeSet;

const SCRAPERS: usize = 2;
const TARGETS: usize = 20;

#[tokio::test]
async fn two_scrapers_share_a_fleet() {
    let app = axum::Router::new().fallback(async || ([("content-type", "text/plain; version=0.0.4")], "alive 1\n"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    // The same file for all but one number. One server stands for all the hosts.
    let hosts: Vec<String> = (0..TARGETS).map(|number| format!("host-{number}:9956")).collect();
    let config = |share: usize| {
        format!(
            "- job_name: fleet
  static_configs: [{{targets: [{}]}}]
  relabel_configs:
  - {{source_labels: [__address__], action: hashmod, modulus: {SCRAPERS}, target_label: __tmp_shard}}
  - {{source_labels: [__tmp_shard], regex: \"{share}\", action: keep}}
  - {{source_labels: [__address__], target_label: instance}}
  - {{target_label: __address__, replacement: '{server}'}}
",
            hosts.join(", ")
        )
    };
    let mut shares = Vec::new();
    let mut scrapers = Vec::new();
    for share in 0..SCRAPERS {
        scrapers.push(Scraper::start(&config(share)).await);
    }
    for scraper in &scrapers {
        let targets = api(&scraper.url, "targets", &[]).await;
        let mine = targets["activeTargets"].as_array().unwrap().iter();
        let mine: BTreeSet<String> = mine.map(|t| t["labels"]["instance"].as_str().unwrap().to_owned()).collect();
        let dropped = targets["droppedTargets"].as_array().unwrap().len();
        assert_eq!(mine.len() + dropped, TARGETS);
        // What it shows is what it scrapes, and nothing else.
        let scraped = eventually("samples of the share", || async {
            let found = api(&scraper.url, "query", &[("query", "alive")]).await;
            let found = found["result"].as_array().unwrap().iter();
            let found: BTreeSet<String> =
                found.map(|point| point["metric"]["instance"].as_str().unwrap().to_owned()).collect();
            if found.len() >= mine.len() { Ok(found) } else { Err(format!("{found:?} of {mine:?}")) }
        })
        .await;
        assert_eq!(scraped, mine);
        shares.push(mine);
    }
    assert!(shares.iter().all(|share| !share.is_empty()), "{shares:?}");
    let mut all: Vec<&String> = shares.iter().flatten().collect();
    all.sort();
    let mut hosts: Vec<&String> = hosts.iter().collect();
    hosts.sort();
    assert_eq!(all, hosts, "each exactly once");
}
