//! The exporter before its judges: promtool, Prometheus itself, hostile processes.

use crate::http::{api, eventually, get};
use crate::peers::Peer;
use crate::running::{Running, run};
use crate::services::job;
use std::path::Path;

const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";
const TEXT: &str = "text/plain;version=0.0.4";

/// Names that break those who do not escape: quotes, backslash, a newline, markup, broken UTF-8, parentheses.
const HOSTILE: [&[u8]; 6] = [b"say \"hi\"", b"a\\b", b"two\nlines", b"</svg><script>", b"br\xc3ken\xff", b"a) R 1 (b"];

/// Sleeping processes with hostile names, killed when dropped.
struct HostileProcesses(Vec<Running>);

impl HostileProcesses {
    fn start() -> Self {
        let script = "import ctypes,sys,time\n\
                      ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)\nprint('named', flush=True)\ntime.sleep(600)";
        let start = |name: &&[u8]| {
            let hex: String = name.iter().map(|b| format!("{b:02x}")).collect();
            let mut running = Running::start(Path::new("python3"), &["-c", script, &hex]);
            running.wait_for("name", |printed| printed.contains("named").then_some(()));
            running
        };
        HostileProcesses(HOSTILE.iter().map(start).collect())
    }
}

fn exporter() -> Running {
    Running::ours("procession-exporter", &["--web.listen-address", "127.0.0.1:0"])
}

#[tokio::test]
async fn promtool_accepts_both_formats_under_hostile_names() {
    let hostile = HostileProcesses::start();
    let mut exporter = exporter();
    let url = format!("{}/metrics", exporter.url());

    let (text, kind) = get(&url, TEXT).await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let (accepted, out, err) = run(Path::new("promtool"), &["check", "metrics"], text.as_bytes());
    assert!(accepted, "promtool: {out}{err}");
    let scraper = crate::running::binary("procession-scraper");
    let (accepted, out, err) = run(&scraper, &["check", "metrics", "--format", "text"], text.as_bytes());
    assert!(accepted, "check metrics, text: {out}{err}");

    let (openmetrics, kind) = get(&url, OPENMETRICS).await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let (accepted, out, err) = run(&scraper, &["check", "metrics", "--format", "openmetrics"], openmetrics.as_bytes());
    assert!(accepted, "check metrics, openmetrics: {out}{err}");

    for body in [&text, &openmetrics] {
        for process in &hostile.0 {
            let pid = format!("pid=\"{}\"", process.pid());
            assert!(body.lines().any(|l| l.starts_with("proc_info{") && l.contains(&pid)), "no proc_info with {pid}");
        }
        for group in [
            r#"group="say \"hi\"""#,
            r#"group="a\\b""#,
            r#"group="two\nlines""#,
            r#"group="</svg><script>""#,
            "group=\"br\u{fffd}ken\u{fffd}\"",
            r#"group="a) R 1 (b""#,
        ] {
            assert!(body.contains(group), "no {group}");
        }
    }
}

#[tokio::test]
async fn prometheus_scrapes_it_with_openmetrics() {
    let _hostile = HostileProcesses::start();
    let mut exporter = exporter();
    let prometheus = Peer::prometheus(&job("procession", &exporter.url())).await;
    eventually("up of the exporter", || async {
        let up = api(&prometheus.url, "query", &[("query", "up{job=\"procession\"}")]).await;
        match up["result"][0]["value"][1].as_str() {
            Some("1") => Ok(()),
            _ => Err(api(&prometheus.url, "targets", &[]).await["activeTargets"].to_string()),
        }
    })
    .await;
    // Prometheus 2.42 keeps a `_info` of type info only where the page was OpenMetrics.
    let metadata = api(&prometheus.url, "metadata", &[("metric", "proc_cpu_seconds")]).await;
    assert_eq!(metadata["proc_cpu_seconds"][0]["type"], "counter", "{metadata}");
    let count = api(&prometheus.url, "query", &[("query", "count(count(proc_info{group=\"two\\nlines\"}) > 0)")]).await;
    assert_eq!(count["result"][0]["value"][1], "1", "{count}");
}

/// 500 processes are a full house for most hosts; a debug build keeps the bound as well.
#[tokio::test]
async fn stays_small_on_500_processes() {
    let script = "import os,time\nfor _ in range(500):\n    if os.fork() == 0: time.sleep(600)\nprint('forked', flush=True)\ntime.sleep(600)";
    let mut many = Running::start(Path::new("python3"), &["-c", script]);
    many.wait_for("forks", |printed| printed.contains("forked").then_some(()));
    let family = Family(many.pid());
    let mut exporter = exporter();
    let url = format!("{}/metrics", exporter.url());
    for _ in 0..5 {
        let (page, _) = get(&url, OPENMETRICS).await;
        assert!(page.matches("\nproc_info{").count() >= 500);
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", exporter.pid())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kib < 25 * 1024, "{kib} KiB resident");
    drop(family);
}

/// The children of a process, killed before their parent is.
struct Family(u32);

impl Drop for Family {
    fn drop(&mut self) {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.0)).unwrap_or_default();
        let _ = std::process::Command::new("kill").arg("-KILL").args(children.split_whitespace()).status();
    }
}
