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

fn exporter(flags: &[&str]) -> Running {
    Running::ours("procession-exporter", &[&["--web.listen-address", "127.0.0.1:0"], flags].concat())
}

/// Reads standard input with the parser of the Python client, and says which groups there are.
const PYTHON_PARSER: &str = "\
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text
parse, label = {'openmetrics': openmetrics, 'text': text}[sys.argv[1]], sys.argv[2]
samples = [s for f in parse(sys.stdin.buffer.read().decode()) for s in f.samples]
print(sorted({s.labels[label] for s in samples if label in s.labels}))
";

/// Everybody who reads expositions accepts both formats, and all see the same hostile groups.
async fn everybody_accepts(flags: &[&str], label: &str) {
    let hostile = HostileProcesses::start();
    let mut exporter = exporter(flags);
    let url = format!("{}/metrics", exporter.url());
    let scraper = crate::running::binary("procession-scraper");
    for (name, accept, kind) in [
        ("text", TEXT, "text/plain; version=0.0.4; charset=utf-8"),
        ("openmetrics", OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ] {
        let (body, content_type) = get(&url, accept).await;
        assert_eq!(content_type, kind);
        let judge = |program: &Path, arguments: &[&str]| {
            let (accepted, out, err) = run(program, arguments, body.as_bytes());
            assert!(accepted, "{} {name}: {out}{err}", program.display());
            out
        };
        judge(&scraper, &["check", "metrics", "--format", name]);
        let groups = judge(Path::new("python3"), &["-c", PYTHON_PARSER, name, label]);
        // As Python writes texts.
        for group in
            [r#"'say "hi"'"#, r"'a\\b'", r"'two\nlines'", "'</svg><script>'", "'br\u{fffd}ken\u{fffd}'", "'a) R 1 (b'"]
        {
            assert!(groups.contains(group), "{name}: no {group} in {groups}");
        }
        if name == "text" {
            let (accepted, out, err) = run(Path::new("promtool"), &["check", "metrics"], body.as_bytes());
            // process-exporter's own names are not what promtool would choose; beside those it has nothing to say.
            let of_theirs =
                |line: &str| line.starts_with("namedprocess_scrape_") && line.ends_with("\"_total\" suffix");
            assert!(accepted || err.lines().all(of_theirs), "promtool: {out}{err}");
        }
        if label == "group" {
            for process in &hostile.0 {
                let pid = format!("pid=\"{}\"", process.pid());
                assert!(
                    body.lines().any(|l| l.starts_with("proc_info{") && l.contains(&pid)),
                    "no proc_info with {pid}"
                );
            }
        }
    }
}

#[tokio::test]
async fn everybody_accepts_our_names_under_hostile_processes() {
    everybody_accepts(&[], "group").await;
}

#[tokio::test]
async fn everybody_accepts_the_names_of_process_exporter_under_hostile_processes() {
    everybody_accepts(&["--metrics.naming=process-exporter"], "groupname").await;
}

#[tokio::test]
async fn prometheus_scrapes_it_with_openmetrics() {
    let _hostile = HostileProcesses::start();
    let (mut ours, mut theirs) = (exporter(&[]), exporter(&["--metrics.naming=process-exporter"]));
    let jobs = [job("procession", &ours.url()), job("process-exporter", &theirs.url())].concat();
    let prometheus = Peer::prometheus(&jobs).await;
    eventually("up of both exporters", || async {
        let up = api(&prometheus.url, "query", &[("query", "sum(up)")]).await;
        match up["result"][0]["value"][1].as_str() {
            Some("2") => Ok(()),
            _ => Err(api(&prometheus.url, "targets", &[]).await["activeTargets"].to_string()),
        }
    })
    .await;
    // Prometheus 2.42 keeps a `_info` of type info only where the page was OpenMetrics.
    let metadata = api(&prometheus.url, "metadata", &[("metric", "proc_cpu_seconds")]).await;
    assert_eq!(metadata["proc_cpu_seconds"][0]["type"], "counter", "{metadata}");
    for query in [
        "count(count(proc_info{group=\"two\\nlines\"}) > 0)",
        "count(count(namedprocess_namegroup_num_procs{groupname=\"two\\nlines\"}) > 0)",
    ] {
        let count = api(&prometheus.url, "query", &[("query", query)]).await;
        assert_eq!(count["result"][0]["value"][1], "1", "{query}: {count}");
    }
}

/// As docs/exporter.md and the unit in config/systemd say.
#[tokio::test]
async fn two_capabilities_are_enough_to_read_everything() {
    use std::os::unix::fs::MetadataExt as _;
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        println!("passed over: only root can give capabilities away");
        return;
    }
    let of_root = Running::start(Path::new("sleep"), &["600"]);
    let binary = crate::running::binary("procession-exporter");
    let seen = async |capabilities: &str| {
        let sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map(|set| format!("{set}=-all{capabilities}"));
        let [inheritable, ambient, bounding] = &sets;
        let flags =
            ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", inheritable, ambient, bounding];
        let exporter = [binary.to_str().unwrap(), "--web.listen-address", "127.0.0.1:0"];
        let mut running = Running::start(Path::new("setpriv"), &[&flags[..], &exporter].concat());
        let (page, _) = get(&format!("{}/metrics", running.url()), TEXT).await;
        let series = |family: &str| page.contains(&format!("\n{family}{{pid=\"{}\"", of_root.pid()));
        (series("proc_threads"), series("proc_read_bytes_total"), series("proc_open_fds"))
    };
    // Without the second one a folder of root's in which the binary lies may be closed, so that none is not tried.
    assert_eq!(seen(",+dac_read_search").await, (true, false, true));
    assert_eq!(seen(",+dac_read_search,+sys_ptrace").await, (true, true, true));
}

/// Those of the unit in config/systemd are enough for BPF, and for everything else.
#[tokio::test]
async fn the_capabilities_of_the_unit_are_enough_for_bpf() {
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;
    // Not `println`, which the harness keeps to itself.
    let not_tested = |why: &str| drop(writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes BPF: {why}\n"));
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return not_tested("only root can give capabilities away");
    }
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/systemd/procession-exporter.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let names = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap().to_lowercase();
    let capabilities = names("AmbientCapabilities=").replace("cap_", "").replace(' ', ",+");
    assert_eq!(names("CapabilityBoundingSet="), names("AmbientCapabilities="));
    let sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map(|set| format!("{set}=-all,+{capabilities}"));
    let [inheritable, ambient, bounding] = &sets;
    let flags = ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", inheritable, ambient, bounding];
    let binary = crate::running::binary("procession-exporter");
    let exporter = [binary.to_str().unwrap(), "--web.listen-address", "127.0.0.1:0"];
    let of_root = Running::start(Path::new("sleep"), &["600"]);
    let mut running = Running::start(Path::new("setpriv"), &[&flags[..], &exporter].concat());
    let (page, _) = get(&format!("{}/metrics", running.url()), TEXT).await;
    let info = page.lines().find(|line| line.starts_with("procession_exporter_source_info{")).unwrap();
    let (landing, _) = get(&format!("{}/", running.url()), TEXT).await;
    if ["not_built", "no_btf", "locked_down", "pid_namespace", "user_namespace"]
        .iter()
        .any(|reason| info.contains(reason))
    {
        assert!(landing.contains("not from BPF"), "{landing}");
        return not_tested(info);
    }
    assert_eq!(info, "procession_exporter_source_info{source=\"bpf\"} 1");
    assert!(landing.contains("the source <b>bpf</b>") && landing.contains("are exact."), "{landing}");
    assert!(page.contains("\nprocession_exporter_exits_info{means=\"bpf\"} 1\n"), "{page}");
    for family in ["proc_threads", "proc_read_bytes_total", "proc_open_fds"] {
        assert!(page.contains(&format!("\n{family}{{pid=\"{}\"", of_root.pid())), "{family} in {page}");
    }
    let info = page
        .lines()
        .find(|line| line.starts_with("proc_info{") && line.contains(&format!("pid=\"{}\"", of_root.pid())));
    assert!(info.is_some_and(|line| line.contains("executable=\"/")), "{info:?}");
}

/// 500 processes are a full house for most hosts; a debug build keeps the bound as well.
#[tokio::test]
async fn stays_small_on_500_processes() {
    let script = "import os,time\nfor _ in range(500):\n    if os.fork() == 0: time.sleep(600)\nprint('forked', flush=True)\ntime.sleep(600)";
    let mut many = Running::start(Path::new("python3"), &["-c", script]);
    many.wait_for("forks", |printed| printed.contains("forked").then_some(()));
    let family = Family(many.pid());
    let mut exporter = exporter(&[]);
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
