//! Targets that are down, slow, endless, lying or talking nonsense harm nobody but themselves.

use crate::http::{api, eventually};
use crate::services::{Scraper, job};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers every connection with these bytes, and then as `then` says.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Hang,
    RepeatForever,
}

async fn server(bytes: &'static [u8], then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, bytes, then));
        }
    });
    address.to_string()
}

async fn answer(mut stream: TcpStream, bytes: &'static [u8], then: Then) -> std::io::Result<()> {
    let mut head = [0; 4096];
    if stream.read(&mut head).await? == 0 {
        return Ok(());
    }
    stream.write_all(bytes).await?;
    match then {
        Then::Close => stream.shutdown().await,
        Then::Hang => std::future::pending().await,
        Then::RepeatForever => loop {
            stream.write_all(b"endless{l=\"x\"} 1\n").await?;
        },
    }
}

#[tokio::test]
async fn each_gives_up_0_and_a_reason_and_the_others_go_on() {
    let cases = [
        ("down", "127.0.0.1:1".to_owned(), ""),
        ("slow", server(b"", Then::Hang).await, ""),
        ("endless", server(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", Then::RepeatForever).await, ""),
        (
            "lying",
            server(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\na 1\n", Then::Close)
                .await,
            "",
        ),
        (
            "nonsense",
            server(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n{\"a\": [1,2]}",
                Then::Close,
            )
            .await,
            "line 1",
        ),
        ("untyped", server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n", Then::Close).await, "ontent-"),
        ("error", server(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", Then::Close).await, "500"),
        ("garbage", server(b"SSH-2.0-OpenSSH_9.2\r\n", Then::Close).await, ""),
    ];
    let good =
        server(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n", Then::Close).await;
    let mut configs: String = cases.iter().map(|(name, address, _)| job(name, address)).collect();
    configs.push_str(&job("good", &good));
    let scraper = Scraper::start(&configs).await;

    let up = |name: &'static str| {
        let url = scraper.url.clone();
        async move {
            api(&url, "query", &[("query", &format!("up{{job=\"{name}\"}}"))]).await["result"][0]["value"][1].clone()
        }
    };
    for (name, _, reason) in &cases {
        eventually(name, || async {
            match up(name).await {
                Value::String(value) if value == "0" => Ok(()),
                other => Err(format!("up is {other}")),
            }
        })
        .await;
        let targets = api(&scraper.url, "targets", &[]).await;
        let active = targets["activeTargets"].as_array().unwrap();
        let target =
            active.iter().find(|t| t["labels"]["job"] == *name).unwrap_or_else(|| panic!("no {name} in {targets}"));
        let error = target["lastError"].as_str().unwrap();
        assert!(!error.is_empty() && error.contains(reason), "{name}: {error:?} does not say {reason:?}");
        assert_eq!(target["health"], "down", "{name}");
        println!("{name}: {error}");
    }
    // The good one was scraped all the time: ten scrapes, and every one a success.
    eventually("ten scrapes of the good target", || async {
        let count = api(&scraper.url, "query", &[("query", "count_over_time(up{job=\"good\"}[5m])")]).await;
        match count["result"][0]["value"][1].as_str().and_then(|n| n.parse::<f64>().ok()) {
            Some(n) if n >= 10.0 => Ok(()),
            n => Err(format!("{n:?} scrapes")),
        }
    })
    .await;
    let worst = api(&scraper.url, "query", &[("query", "min_over_time(up{job=\"good\"}[5m])")]).await;
    assert_eq!(worst["result"][0]["value"][1], "1");
}
