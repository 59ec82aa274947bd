//! Targets that are down, slow, endless, lying or talking nonsense harm nobody but themselves.

use crate::http::{api, eventually, get};
use crate::running::{binary, run};
use crate::services::{Scraper, job};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::cell::RefCell;
use std::io::Write;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// So many good targets stand beside the bad ones.
const GOOD: usize = 4;

/// What a server does after its answer.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Hang,
    RepeatForever,
    /// A byte now and then, for ever: each of them in time, the whole never.
    Drip,
}

/// A server that answers every connection with these bytes, and then as `then` says.
async fn server(bytes: impl Into<Vec<u8>>, then: Then) -> String {
    let bytes = bytes.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, bytes.clone(), then));
        }
    });
    address.to_string()
}

async fn answer(mut stream: TcpStream, bytes: Vec<u8>, then: Then) -> std::io::Result<()> {
    let mut head = [0; 4096];
    if stream.read(&mut head).await? == 0 {
        return Ok(());
    }
    stream.write_all(&bytes).await?;
    match then {
        Then::Close => stream.shutdown().await,
        Then::Hang => std::future::pending().await,
        Then::RepeatForever => loop {
            stream.write_all(&b"endless{l=\"x\"} 1\n".repeat(5000)).await?;
        },
        Then::Drip => loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.write_all(b"a").await?;
        },
    }
}

/// An answer with this body.
fn page(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn text(body: impl AsRef<[u8]>) -> Vec<u8> {
    page("Content-Type: text/plain; version=0.0.4\r\n", body)
}

fn openmetrics(body: &str) -> Vec<u8> {
    page("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n", body)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Targets whose scrapes fail: the answer, and the reason that people read. `{peer}` is where the target listens.
#[rustfmt::skip]
fn refused() -> Vec<(&'static str, Vec<u8>, Then, &'static str)> {
    use Then::{Close, Drip, Hang, RepeatForever};
    const TEXT: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    let head = |rest: &str| format!("{TEXT}{rest}\r\n").into_bytes();
    let packed = "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n";
    let bomb = gzip(&vec![b'#'; 2_000_000]);
    assert!(bomb.len() < 100_000);
    let mut cut_gzip = gzip(b"a 1\n");
    cut_gzip.truncate(cut_gzip.len() - 6);
    vec![
        ("slow", Vec::new(), Hang, "no whole answer within the scrape timeout of 1s"),
        ("loris", TEXT.into(), Drip, "no whole answer within the scrape timeout of 1s"),
        ("loris_body", head("Content-Length: 500\r\n"), Drip, "no whole answer within the scrape timeout of 1s"),
        ("endless", head(""), RepeatForever, "body size limit exceeded: more than 1048576 bytes"),
        ("eleven_gigabytes", head("Content-Length: 11811160064\r\n"), Hang, "body size limit exceeded: the target announces 11811160064 bytes, the limit is 1048576"),
        ("bomb", page(packed, bomb), Close, "body size limit exceeded: more than 1048576 bytes when unpacked"),
        ("cut", [head("Content-Length: 500\r\n"), b"a 1\n".to_vec()].concat(), Close, "the server closed the connection before its answer was whole"),
        ("cut_chunked", [head("Transfer-Encoding: chunked\r\n"), b"4\r\na 1\n\r\n".to_vec()].concat(), Close, "the server closed the connection before its answer was whole"),
        ("cut_gzip", page(packed, cut_gzip), Close, "the body is not gzip as its Content-Encoding says: "),
        ("cut_openmetrics", openmetrics("# TYPE a gauge\na 1\n"), Close, "the exposition does not end with `# EOF`"),
        ("nonsense", text("{\"a\": [1,2]}"), Close, "line 1, column 5: expected `=` behind the label name, found `:`"),
        ("html", page("Content-Type: text/html\r\n", "<html>"), Close, "the Content-Type \"text/html\" is none of the text formats, and the job has no fallback_scrape_protocol"),
        ("protobuf", page("Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily\r\n", "x"), Close, "the target sends Prometheus's protobuf format, which is not supported"),
        ("untyped", page("", "a 1\n"), Close, "the target sends no Content-Type, and the job has no fallback_scrape_protocol"),
        ("error", b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec(), Close, "server returned HTTP status 500"),
        ("mute", Vec::new(), Close, "{peer} closed the connection before its answer was whole"),
        ("garbage", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Close, "the answer of {peer} is not HTTP: invalid HTTP version parsed"),
        ("redirects", b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /metrics\r\nContent-Length: 0\r\n\r\n".to_vec(), Close, "too many redirects: more than 10"),
        ("not_utf8", text(b"a{l=\"\xff\"} 1\n"), Close, "line 1, column 6: the byte 0xff, which is not UTF-8, in a text that must be"),
        ("label_twice", text("a{l=\"1\",l=\"2\"} 1\n"), Close, "line 1, column 9: the label `l` stands twice"),
        ("no_value", text("a 1\nb\n"), Close, "line 2, column 2: expected a value, found the end of the line"),
    ]
}

#[tokio::test]
async fn each_gives_up_0_and_a_reason_and_the_others_go_on() {
    let mut configs = job("down", "127.0.0.1:1");
    let mut cases = vec![("down", "connection refused by 127.0.0.1:1".to_owned())];
    for (name, bytes, then, reason) in refused() {
        let peer = server(bytes, then).await;
        configs.push_str(&format!("{}  body_size_limit: 1MB\n", job(name, &peer)));
        cases.push((name, reason.replace("{peer}", &peer)));
    }
    for number in 0..GOOD {
        configs.push_str(&job(&format!("good_{number}"), &server(text("a 1\n"), Then::Close).await));
    }
    let scraper = Scraper::start(&configs).await;

    // Each once: on a busy machine one or the other first fails for want of time.
    let left = RefCell::new(cases.clone());
    eventually("a reason of every bad target", || async {
        let targets = api(&scraper.url, "targets", &[]).await;
        let active = targets["activeTargets"].as_array().unwrap();
        let mut missing = Vec::new();
        left.borrow_mut().retain(|(name, reason)| {
            let target = active.iter().find(|t| t["labels"]["job"] == *name).unwrap();
            let error = target["lastError"].as_str().unwrap();
            let told = target["health"] == "down" && error.contains(reason);
            match told {
                true => println!("{name}: {error}"),
                false => missing.push(format!("{name}: {error:?} instead of {reason:?}")),
            }
            !told
        });
        if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
    })
    .await;
    let query = async |query: &str| api(&scraper.url, "query", &[("query", query)]).await["result"].clone();
    let up = query("max by (job) (max_over_time(up{job!~\"good_.\"}[5m]))").await;
    let up = up.as_array().unwrap();
    assert_eq!(up.len(), cases.len(), "{up:?}");
    assert!(up.iter().all(|point| point["value"][1] == "0"), "{up:?}");
    // Nothing of a page that is bad somewhere is stored.
    let stored = query("last_over_time({job=~\".+\",job!~\"good_.\",__name__!~\"up|scrape_.*\"}[5m])").await;
    assert_eq!(stored, serde_json::json!([]));
    // The good ones were scraped all the time, and every scrape was a success.
    eventually("scrapes of the good targets", || async {
        let counts = query("count_over_time(up{job=~\"good_.\"}[5m]) >= 4").await;
        if counts.as_array().unwrap().len() == GOOD { Ok(()) } else { Err(counts.to_string()) }
    })
    .await;
    let worst = query("min by (job) (min_over_time(up{job=~\"good_.\"}[5m]))").await;
    assert!(worst.as_array().unwrap().iter().all(|point| point["value"][1] == "1"), "{worst}");
}

/// As in Prometheus a scrape does not fail for these: what can't be stored is left out and counted, the rest is there.
#[tokio::test]
async fn samples_that_make_no_sense_are_left_out_counted_and_told() {
    let years_ahead = "4102444800000"; // 2100
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let cases = [
        ("twice", text("a 1\nb 2\na 3\n"), "duplicate", "twice at one moment", vec![("a", "1"), ("b", "2")]),
        (
            "backwards",
            text(format!("a 1 {now_ms}\na 2 {}\nb 3\n", now_ms - 1000)),
            "out_of_order",
            "older than what is stored",
            vec![("b", "3")],
        ),
        ("behind", text("a 1 1700000002000\nb 2\n"), "behind", "more than a day old", vec![("b", "2")]),
        (
            "ahead",
            text(format!("a 1 {years_ahead}\nb 2\n")),
            "ahead",
            "more than 10 minutes in the future",
            vec![("b", "2")],
        ),
        // A page may count without its end bucket; only `check metrics` minds.
        (
            "no_inf",
            text("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"),
            "",
            "",
            vec![("h_bucket", "1"), ("h_sum", "1"), ("h_count", "1")],
        ),
    ];
    let mut configs = String::new();
    for (name, bytes, ..) in &cases {
        configs.push_str(&job(name, &server(bytes.clone(), Then::Close).await));
    }
    let scraper = Scraper::start(&configs).await;
    for (name, _, reason, words, stored) in &cases {
        for (metric, value) in stored {
            eventually(&format!("{metric} of {name}"), || async {
                let query = format!("{metric}{{job=\"{name}\"}} and on (job) up{{job=\"{name}\"}} == 1");
                let found = api(&scraper.url, "query", &[("query", &query)]).await;
                match found["result"][0]["value"][1].as_str() {
                    Some(found) if found == *value => Ok(()),
                    found => Err(format!("it is {found:?} instead of {value}")),
                }
            })
            .await;
        }
        if reason.is_empty() {
            continue;
        }
        let counter = format!("procession_scraper_left_out_samples_total{{reason=\"{reason}\"}}");
        eventually(&counter, || async {
            let (metrics, _) = get(&format!("{}/metrics", scraper.url), "text/plain").await;
            let line = metrics.lines().find(|line| line.starts_with(&counter)).unwrap_or(&metrics).to_owned();
            if line.ends_with(" 0") { Err(line) } else { Ok(()) }
        })
        .await;
        // People read it beside the target.
        let words = format!("1 left out: {words}<");
        eventually(&words, || async {
            let (page, _) = get(&format!("{}/targets", scraper.url), "text/html").await;
            if page.contains(&words) { Ok(()) } else { Err(page) }
        })
        .await;
    }
}

/// What a scrape lets pass, `check metrics` tells whoever writes a page.
#[test]
#[rustfmt::skip]
fn check_metrics_tells_of_what_scrapes_let_pass() {
    for (format, body, said) in [
        ("text", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", "line 2, column 1: the histogram has no bucket le=\"+Inf\""),
        ("openmetrics", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n# EOF\n", "line 2, column 1: the histogram has no bucket le=\"+Inf\""),
        ("text", "a 1\na 2\n", "line 2, column 1: the series `a` stands twice"),
        ("openmetrics", "# TYPE a gauge\na 1 2\na 2 1\n# EOF\n", "line 3, column 5: the timestamp is before that of the sample above"),
        ("text", "a{l=\"1\",l=\"2\"} 1\n", "line 1, column 9: the label `l` stands twice"),
    ] {
        let arguments = ["check", "metrics", "--format", format];
        let (valid, _, err) = run(&binary("procession-scraper"), &arguments, body.as_bytes());
        assert!(!valid && err.contains(said), "{format}, {body:?}: valid is {valid}: {err}");
    }
}
