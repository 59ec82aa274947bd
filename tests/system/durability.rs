//! `kill -9` at any moment: the store opens again and has all but the last commit interval.

use crate::http::{api, eventually};
use crate::services::{Scraper, job};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What may be lost: one commit interval (one second), with room for a machine that is busy with other tests.
const MAY_BE_LOST_SECONDS: f64 = 3.0;

/// A target whose only sample counts its scrapes.
async fn counting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut scrapes = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            if stream.read(&mut head).await.is_ok_and(|n| n > 0) {
                scrapes += 1;
                let body = format!("scrapes_total {scrapes}\n");
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    address
}

async fn samples(url: &str) -> Vec<(f64, f64)> {
    let answer = api(url, "query", &[("query", "scrapes_total[1h]")]).await;
    let values = answer["result"][0]["values"].as_array().cloned().unwrap_or_default();
    values.iter().map(|v| (v[0].as_f64().unwrap(), v[1].as_str().unwrap().parse().unwrap())).collect()
}

#[tokio::test]
async fn a_kill_loses_one_commit_interval_at_most() {
    let mut scraper = Scraper::start(&job("counting", &counting().await)).await;
    let mut known: Vec<(f64, f64)> = Vec::new();
    for round in 0..4u64 {
        let wanted = known.len() + 5;
        eventually("some samples", || async {
            let n = samples(&scraper.url).await.len();
            if n >= wanted { Ok(()) } else { Err(format!("{n} of {wanted} samples")) }
        })
        .await;
        // A moment that has nothing to do with the scrapes'.
        tokio::time::sleep(std::time::Duration::from_millis(170 * (round + 1))).await;
        known = samples(&scraper.url).await;
        let killed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        scraper.running.signal("KILL");
        scraper.running.wait();
        let Scraper { folder, running, .. } = scraper;
        drop(running);
        scraper = Scraper::on(folder).await;
        let found = samples(&scraper.url).await;
        let safe: Vec<_> = known.iter().filter(|(time, _)| *time < killed - MAY_BE_LOST_SECONDS).collect();
        assert!(!safe.is_empty(), "round {round}: {known:?} hold nothing that must be there");
        for sample in safe {
            assert!(found.contains(sample), "round {round}: {sample:?} is lost; known {known:?}, found {found:?}");
        }
        // What came back was there before, or has come since.
        for sample in found.iter().filter(|(time, _)| *time < killed) {
            assert!(known.contains(sample) || sample.0 > killed - 2.0, "round {round}: {sample:?} was never scraped");
        }
        known.retain(|sample| found.contains(sample));
    }
}
