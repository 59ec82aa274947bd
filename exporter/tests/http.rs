//! The running service over real sockets.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod running;

use std::io::Read as _;
use std::path::Path;

use procession_exporter::Options;
use procession_web::Bound;
use tokio_util::sync::CancellationToken;

use self::running::Running;

/// The exporter over the captured tree.
fn start(config_file: Option<&Path>) -> Running {
    let procfs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
    Running::start(Options { procfs, config_file: config_file.map(Path::to_owned), ..Options::default() })
}

fn own_value(text: &str, name: &str) -> f64 {
    let line =
        text.lines().find(|l| l.split(' ').next() == Some(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
    line.rsplit(' ').next().and_then(|v| v.parse().ok()).expect("a value")
}

#[test]
fn formats_are_negotiated() {
    let exporter = start(None);
    let text = exporter.ask("GET", "/metrics", "");
    assert_eq!(text.status, 200);
    assert!(text.headers.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{}", text.headers);
    assert!(text.text().contains("\n# TYPE proc_cpu_seconds_total counter\n") && !text.text().contains("# EOF"));
    assert_eq!(own_value(text.text(), "procession_exporter_processes"), 14.0);
    assert_eq!(own_value(text.text(), "procession_exporter_vanished_processes_total"), 1.0);

    let openmetrics = exporter.ask("GET", "/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n");
    assert!(
        openmetrics.headers.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n")
    );
    assert!(openmetrics.text().contains("\n# TYPE proc_cpu_seconds counter\n# UNIT proc_cpu_seconds seconds\n"));
    assert!(openmetrics.text().ends_with("\n# EOF\n"));
    assert_eq!(openmetrics.text().matches("# EOF").count(), 1);

    let packed = exporter.ask("GET", "/metrics", "Accept-Encoding: gzip\r\n");
    assert!(packed.headers.contains("content-encoding: gzip\r\n"), "{}", packed.headers);
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut unpacked).expect("gzip");
    assert!(unpacked.contains("proc_group_threads{group=\"nginx\"} 6\n"));
    assert!(packed.body.len() < text.body.len() / 4);
}

#[test]
fn families_can_be_chosen_for_one_answer() {
    let exporter = start(None);
    let collect = exporter.ask("GET", "/metrics?collect[]=threads&collect%5B%5D=states", "");
    let families: Vec<&str> = collect.text().lines().filter_map(|line| line.strip_prefix("# TYPE proc_")).collect();
    assert_eq!(
        families,
        ["group_threads gauge", "group_processes gauge", "threads gauge", "state gauge"],
        "{}",
        collect.text()
    );
    let exclude = exporter.ask("GET", "/metrics?exclude[]=threads", "");
    assert!(!exclude.text().contains("proc_threads") && exclude.text().contains("\nproc_info{"));
    let refused = exporter.ask("GET", "/metrics?collect[]=thread", "");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("unknown variant `thread`") && refused.text().contains("`threads`"));
    assert!(exporter.ask("GET", "/metrics", "").text().contains("proc_threads"), "only for that answer");
}

#[test]
fn other_paths_and_methods() {
    let exporter = start(None);
    let page = exporter.ask("GET", "/", "");
    assert!(page.status == 200 && page.headers.contains("content-type: text/html; charset=utf-8\r\n"));
    assert!(page.text().contains("<a href=\"/metrics\">"));
    assert_eq!(exporter.ask("GET", "/metric", "").status, 404);
    assert_eq!(exporter.ask("POST", "/nothing", "").status, 404);
    let refused = exporter.ask("DELETE", "/metrics", "");
    assert!(refused.status == 405 && refused.headers.contains("allow: get, head\r\n"));
    let head = exporter.ask("HEAD", "/metrics", "");
    assert!(head.status == 200 && head.body.is_empty() && !head.headers.contains("content-length: 0\r\n"));
    assert_eq!(exporter.ask("GET", "/-/healthy", "").status, 200);
    assert_eq!(exporter.ask("GET", "/-/ready", "").status, 200);
}

#[test]
fn a_bad_file_leaves_the_old_configuration_and_a_good_one_is_taken() {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), "per_process: {enabled: false}\n").expect("write");
    let exporter = start(Some(file.path()));
    let per_process = || exporter.ask("GET", "/metrics", "").text().contains("\nproc_info{");
    assert!(!per_process());
    std::fs::write(file.path(), "per_process: {enable: true}\n").expect("write");
    let refused = exporter.ask("POST", "/-/reload", "");
    assert!(
        refused.status == 500 && refused.text().contains(":1:15: per_process: unknown field `enable`"),
        "{}",
        refused.text()
    );
    assert!(!per_process());
    std::fs::write(file.path(), "per_process: {enabled: true}\n").expect("write");
    assert_eq!(exporter.ask("POST", "/-/reload", "").status, 200);
    assert!(per_process());
}

#[test]
fn a_timeout_that_is_over_gives_what_there_is_and_says_so() {
    let exporter = start(None);
    exporter.ask("GET", "/metrics", "");
    let late = exporter.ask("GET", "/metrics", "X-Prometheus-Scrape-Timeout-Seconds: 0.000000001\r\n");
    // Either the wait for the scanner was already too long, or the scan was cut short and shows the last readings.
    if late.status == 200 {
        assert_eq!(own_value(late.text(), "procession_exporter_partial_scans_total"), 1.0);
        assert_eq!(own_value(late.text(), "procession_exporter_skipped_processes"), 16.0);
        assert_eq!(own_value(late.text(), "procession_exporter_processes"), 14.0);
        assert!(late.text().contains("proc_group_threads{group=\"nginx\"} 6\n"));
    } else {
        assert_eq!(late.status, 503);
    }
}

#[test]
fn a_root_that_is_none_is_refused_by_name() {
    let empty = tempfile::tempdir().expect("tempdir");
    let options = Options { procfs: empty.path().to_owned(), ..Options::default() };
    let outcome = tokio::runtime::Runtime::new().expect("runtime").block_on(async {
        procession_exporter::run(options, Bound::loopback(0).await?, CancellationToken::new()).await
    });
    let message = format!("{:#}", outcome.expect_err("refused"));
    assert!(
        message.contains(&empty.path().display().to_string()) && message.contains("not a proc filesystem"),
        "{message}"
    );
}
