//! Targets that misbehave, each with what is said about it. Timeouts are short where waiting for them is the point, and
//! long where they must not strike first.

use super::fake_target::{Answer, FakeTarget, OPENMETRICS, TEXT, ok};
use super::{fetcher, job};
use crate::scrape::error::ScrapeError;
use crate::scrape::fetch::{Fetcher, Page};
use crate::scrape::unpack;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(50);

async fn fetch(fetcher: &Fetcher, url: &str, timeout: Duration) -> Result<Page, ScrapeError> {
    fetcher.fetch(fetcher.request(url, timeout)?, timeout, Vec::new()).await
}

/// Fetches and unpacks: the text, or the error in words.
async fn scrape(url: &str, lines: &str, timeout: Duration) -> Result<String, String> {
    let job = job(lines);
    let scraped = async {
        let page = fetch(&fetcher(&job), url, timeout).await?;
        let mut unpacked = Vec::new();
        let text = unpack::text(&page, job.limits.body_size, &mut unpacked)?;
        unpack::format(page.content_type.as_deref(), job.fallback)?;
        Ok::<_, ScrapeError>(String::from_utf8_lossy(text).into_owned())
    };
    scraped.await.map_err(|e| e.to_string())
}

async fn check(answer: Answer, lines: &str, timeout: Duration, want: Result<&str, &str>) {
    let target = FakeTarget::new(answer).await;
    let got = scrape(&target.url(), lines, timeout).await;
    assert_eq!(got.as_deref().map_err(String::as_str), want);
}

#[tokio::test]
async fn a_good_target_is_asked_as_prometheus_asks() {
    let mut target = FakeTarget::new(Answer::Bytes(ok(OPENMETRICS, "# EOF\n"))).await;
    let lines = "  authorization: {credentials: secret}\n";
    assert_eq!(scrape(&target.url(), lines, Duration::from_millis(2500)).await, Ok("# EOF\n".to_owned()));
    let head = target.requests.recv().await.unwrap().to_lowercase();
    for line in [
        "get /metrics http/1.1\r\n",
        "\r\naccept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,",
        "\r\naccept-encoding: gzip, zstd;q=0.5\r\n",
        concat!("\r\nuser-agent: procession/", env!("CARGO_PKG_VERSION"), "\r\n"),
        "\r\nx-prometheus-scrape-timeout-seconds: 2.5\r\n",
        "\r\nauthorization: bearer secret\r\n",
    ] {
        assert!(head.contains(line), "{line:?} in {head}");
    }
}

#[tokio::test]
async fn gzip_and_its_abuse() {
    let zipped = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let headers = format!("{TEXT}Content-Encoding: gzip\r\n");
    let bytes = |body: &[u8]| Answer::Bytes(ok(&headers, body));
    check(bytes(&zipped(b"a 1\n")), "", LONG, Ok("a 1\n")).await;
    check(
        bytes(&zipped(&vec![b'\n'; 20 << 20])),
        "  body_size_limit: 1MB\n",
        LONG,
        Err("body size limit exceeded: more than 1048576 bytes when unpacked"),
    )
    .await;
    let not_gzip = "the body is not gzip as its Content-Encoding says: invalid gzip header";
    check(bytes(b"this is plain text\n"), "", LONG, Err(not_gzip)).await;
    let brotli = Answer::Bytes(ok(&format!("{TEXT}Content-Encoding: br\r\n"), "a 1\n"));
    check(brotli, "", LONG, Err("the Content-Encoding \"br\" was not asked for")).await;
}

#[tokio::test]
async fn too_much() {
    // 11 GB announced: not a byte of it is awaited.
    let announced = format!("HTTP/1.1 200 OK\r\n{TEXT}Content-Length: 11811160064\r\n\r\n").into_bytes();
    let refused = "body size limit exceeded: the target announces 11811160064 bytes, the limit is 268435456";
    check(Answer::Silence(announced), "", LONG, Err(refused)).await;
    // An endless body, with and without chunks.
    let refused = Err("body size limit exceeded: more than 102400 bytes");
    let head = format!("HTTP/1.1 200 OK\r\n{TEXT}\r\n").into_bytes();
    check(Answer::Endless(head, b"a 1\n".repeat(100)), "  body_size_limit: 100KB\n", LONG, refused).await;
    let head = format!("HTTP/1.1 200 OK\r\n{TEXT}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    check(Answer::Endless(head, b"4\r\na 1\n\r\n".to_vec()), "  body_size_limit: 100KB\n", LONG, refused).await;
    // Headers without end.
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let target = FakeTarget::new(Answer::Endless(head, b"X-Long: 1\r\n".repeat(100))).await;
    let error = scrape(&target.url(), "", LONG).await.unwrap_err();
    assert!(error.contains("message head is too large") || error.contains("number of headers"), "{error}");
}

#[tokio::test]
async fn too_slow() {
    let refused = Err("no whole answer within the scrape timeout of 50ms");
    check(Answer::Silence(Vec::new()), "", SHORT, refused).await;
    check(Answer::Silence(b"HTTP/1.1 200 O".to_vec()), "", SHORT, refused).await;
    let begun = format!("HTTP/1.1 200 OK\r\n{TEXT}Content-Length: 8\r\n\r\na 1\n").into_bytes();
    check(Answer::Silence(begun), "", SHORT, refused).await;
}

#[tokio::test]
async fn cut_off() {
    for bytes in [
        format!("HTTP/1.1 200 OK\r\n{TEXT}Content-Length: 100\r\n\r\na 1\n"),
        format!("HTTP/1.1 200 OK\r\n{TEXT}Transfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n"),
        String::new(),
    ] {
        let target = FakeTarget::new(Answer::Bytes(bytes.into_bytes())).await;
        let error = scrape(&target.url(), "", LONG).await.unwrap_err();
        assert!(error.ends_with("closed the connection before its answer was whole"), "{error:?}");
    }
    // A length that is too short cuts the page where it says, and the format must notice.
    let short = format!("HTTP/1.1 200 OK\r\n{OPENMETRICS}Content-Length: 4\r\n\r\na 1\n# EOF\n").into_bytes();
    check(Answer::Bytes(short), "", LONG, Ok("a 1\n")).await;
}

#[tokio::test]
async fn other_words_than_asked_for() {
    for (bytes, want) in [
        (
            b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops".to_vec(),
            "server returned HTTP status 500 Internal Server Error",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), "server returned HTTP status 204 No Content"),
        (ok("", "a 1\n"), "the target sends no Content-Type, and the job has no fallback_scrape_protocol"),
        (
            ok("Content-Type: text/html\r\n", "<html>"),
            "the Content-Type \"text/html\" is none of the text formats, and the job has no fallback_scrape_protocol",
        ),
        (
            ok("Content-Type: application/vnd.google.protobuf; encoding=delimited\r\n", "x"),
            "the target sends Prometheus's protobuf format, which is not supported: it was not asked for",
        ),
    ] {
        check(Answer::Bytes(bytes), "", LONG, Err(want)).await;
    }
    check(Answer::Bytes(ok("", "a 1\n")), "  fallback_scrape_protocol: PrometheusText0.0.4\n", LONG, Ok("a 1\n")).await;
    let nonsense = FakeTarget::new(Answer::Bytes(b"220 mail.example ESMTP\r\n".to_vec())).await;
    let error = scrape(&nonsense.url(), "", LONG).await.unwrap_err();
    assert!(error.contains("invalid HTTP version parsed"), "{error}");
}

#[tokio::test]
async fn redirects() {
    let elsewhere = |head: &str| match head.starts_with("GET /metrics ") {
        true => Answer::Bytes(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n".to_vec()),
        false => Answer::Bytes(ok(TEXT, "a 1\n")),
    };
    let target = FakeTarget::answering(elsewhere).await;
    assert_eq!(scrape(&target.url(), "", LONG).await, Ok("a 1\n".to_owned()));
    assert_eq!(
        scrape(&target.url(), "  follow_redirects: false\n", LONG).await,
        Err("server returned HTTP status 302 Found".to_owned())
    );
    let round = b"HTTP/1.1 302 Found\r\nLocation: /metrics\r\nContent-Length: 0\r\n\r\n".to_vec();
    check(Answer::Bytes(round), "", LONG, Err("too many redirects: more than 10")).await;
}

#[tokio::test]
async fn nobody_there() {
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = scrape(&format!("http://{address}/metrics"), "", LONG).await.unwrap_err();
    assert_eq!(error, format!("connection refused by {address}"));
    let error = scrape("http://nowhere.invalid:9100/metrics", "", LONG).await.unwrap_err();
    assert!(error.starts_with("cannot find the host of nowhere.invalid:9100: "), "{error}");
}

#[tokio::test]
async fn connections_are_used_again() {
    let mut target = FakeTarget::new(Answer::KeepAlive(ok(TEXT, "a 1\n"))).await;
    let job = job("");
    let fetcher = fetcher(&job);
    let url = target.url();
    for _ in 0..3 {
        assert_eq!(fetch(&fetcher, &url, LONG).await.unwrap().body, b"a 1\n");
        target.requests.recv().await.unwrap();
    }
}
