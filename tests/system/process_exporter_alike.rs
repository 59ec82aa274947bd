//! With `--metrics.naming=process-exporter` we stand in for process-exporter: the same families, types, labels and values as
//! the real one beside us, and what dashboards made for it ask has answers.

use crate::http::{api, eventually, get};
use crate::peers::Peer;
use crate::running::Running;
use crate::services::job;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Work of all kinds, then silence: some CPU, some files, some memory, some bytes on a disk.
const WORKER: &str = "\
import os, signal, sys, tempfile, threading, time
kept = [open('/dev/null') for _ in range(20)]
for _ in range(3): threading.Thread(target=lambda: time.sleep(600), daemon=True).start()
print('begun', flush=True)
sys.stdin.readline()
end = time.process_time() + 0.3
while time.process_time() < end: sum(range(1000))
with tempfile.TemporaryFile(dir='.') as f:
    f.write(b'x' * 3_000_000); f.flush(); os.fsync(f.fileno())
block = bytearray(20_000_000)
for _ in range(50): time.sleep(0.001)
print('done', flush=True)
time.sleep(600)
";

/// What process-exporter 0.7.10 has without being asked.
const ASKED_FOR: &str = "metrics: {enable: [shared_memory, thread_names, wait_channels]}\n";

/// Family -> type, and series -> value, of text 0.0.4.
struct Page {
    types: BTreeMap<String, String>,
    series: BTreeMap<String, f64>,
}

impl Page {
    async fn of(url: &str) -> Page {
        let (text, _) = get(&format!("{url}/metrics"), "text/plain;version=0.0.4").await;
        let named = |line: &&str| line.contains("namedprocess_");
        let types = text.lines().filter(named).filter_map(|line| line.strip_prefix("# TYPE "));
        let types =
            types.filter_map(|line| line.split_once(' ')).map(|(name, kind)| (name.into(), kind.into())).collect();
        let series = text.lines().filter(named).filter(|line| !line.starts_with('#'));
        let series = series.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (in_order(name), value.parse().unwrap())
        });
        Page { types, series: series.collect() }
    }

    /// Family, and label names with the values of those that are not free: what a dashboard can rely on.
    fn shapes(&self) -> BTreeSet<String> {
        let shape = |name: &String| match name.split_once('{') {
            None => name.clone(),
            Some((name, labels)) => {
                let fixed = labels.trim_end_matches('}').split(',').map(|label| match label.split_once('=') {
                    Some((free @ ("groupname" | "threadname" | "wchan"), _)) => free,
                    _ => label,
                });
                format!("{name} {}", fixed.collect::<Vec<_>>().join(" "))
            }
        };
        self.series.keys().map(shape).collect()
    }

    fn value(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("no {series}"))
    }
}

/// A series with its labels in alphabetical order; none of the values here has a comma or a quote.
fn in_order(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let mut labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}

#[tokio::test]
async fn families_types_labels_and_values_are_those_of_process_exporter() {
    let marker = format!("alike-{}", std::process::id());
    let rules = format!("process_names:\n- name: alike\n  cmdline: ['{marker}']\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, format!("{rules}{ASKED_FOR}")).unwrap();
    let mut worker = Running::with_input(Path::new("python3"), &["-c", WORKER, &marker]);
    worker.wait_for("begin", |printed| printed.contains("begun").then_some(()));
    let peer = Peer::process_exporter_with(&rules).await;
    let flags = ["--web.listen-address", "127.0.0.1:0", "--metrics.naming=process-exporter", "--config.file"];
    let mut exporter = Running::ours("procession-exporter", &[&flags[..], &[file.to_str().unwrap()]].concat());
    let ours = exporter.url();
    let before = [Page::of(&peer.url).await, Page::of(&ours).await];
    worker.say("go\n");
    worker.wait_for("end", |printed| printed.contains("done").then_some(()));
    let [theirs, ours] = [Page::of(&peer.url).await, Page::of(&ours).await];

    for (family, kind) in &theirs.types {
        assert_eq!(ours.types.get(family), Some(kind), "{family}");
    }
    let (expected, seen) = (theirs.shapes(), ours.shapes());
    let lacking: Vec<&String> = expected.difference(&seen).collect();
    assert!(lacking.is_empty(), "lacking: {lacking:#?}");

    let equal = |series: &str, tolerance: f64| {
        let series = in_order(&format!("namedprocess_namegroup_{series}"));
        let (theirs, ours) = (theirs.value(&series), ours.value(&series));
        assert!((theirs - ours).abs() <= tolerance, "{series}: they say {theirs}, we say {ours}");
    };
    equal("num_procs{groupname=\"alike\"}", 0.0);
    equal("num_threads{groupname=\"alike\"}", 0.0);
    equal("open_filedesc{groupname=\"alike\"}", 0.0);
    equal("worst_fd_ratio{groupname=\"alike\"}", 1e-9);
    // They count from a boot time in whole seconds, as we do.
    equal("oldest_start_time_seconds{groupname=\"alike\"}", 1.0);
    // They count a process and each of its threads; ours counts processes.
    let states = ["Running", "Sleeping", "Waiting", "Zombie", "Other"];
    let states = states
        .map(|state| ours.value(&format!("namedprocess_namegroup_states{{groupname=\"alike\",state=\"{state}\"}}")));
    assert_eq!(states, [0.0, 1.0, 0.0, 0.0, 0.0]);
    equal("memory_bytes{groupname=\"alike\",memtype=\"virtual\"}", 0.0);
    equal("memory_bytes{groupname=\"alike\",memtype=\"swapped\"}", 1e6);
    equal("memory_bytes{groupname=\"alike\",memtype=\"resident\"}", 1e6);

    // Counters: both begin with 0, each at its own first look; what the process has used since a common one is the same.
    let grown = |series: &str, tolerance: f64| {
        let series = in_order(&format!("namedprocess_namegroup_{series}"));
        let theirs = theirs.value(&series) - before[0].value(&series);
        let ours = ours.value(&series) - before[1].value(&series);
        assert!((theirs - ours).abs() <= tolerance, "{series}: they say {theirs} more, we say {ours}");
        theirs
    };
    let user = grown("cpu_seconds_total{groupname=\"alike\",mode=\"user\"}", 0.021);
    let system = grown("cpu_seconds_total{groupname=\"alike\",mode=\"system\"}", 0.021);
    assert!(user + system >= 0.29, "it has used {user} + {system} s");
    grown("read_bytes_total{groupname=\"alike\"}", 1e6);
    grown("write_bytes_total{groupname=\"alike\"}", 0.0);
    assert!(grown("minor_page_faults_total{groupname=\"alike\"}", 200.0) > 4000.0);
    grown("major_page_faults_total{groupname=\"alike\"}", 20.0);
    for kind in ["voluntary", "nonvoluntary"] {
        let series = in_order(&format!(
            "namedprocess_namegroup_context_switches_total{{groupname=\"alike\",ctxswitchtype=\"{kind}\"}}"
        ));
        assert!(ours.value(&series) >= before[1].value(&series), "{series}");
    }
}

/// What Grafana's dashboard 249, its forks and usual alerts ask, with their variables filled in.
const ASKED: [&str; 13] = [
    "namedprocess_namegroup_num_procs{instance=~\".+\",groupname=~\".+\"}",
    "sum (rate(namedprocess_namegroup_cpu_seconds_total{instance=~\".+\",groupname=~\".+\"}[30s]) )without (mode)",
    "namedprocess_namegroup_memory_bytes{instance=~\".+\",groupname=~\".+\", memtype=\"resident\"} > 0",
    "namedprocess_namegroup_memory_bytes{instance=~\".+\",groupname=~\".+\", memtype=\"virtual\"}",
    "rate(namedprocess_namegroup_read_bytes_total{groupname=~\".+\"}[30s])",
    "rate(namedprocess_namegroup_write_bytes_total{groupname=~\".+\"}[30s])",
    "sum by (groupname, ctxswitchtype) (rate(namedprocess_namegroup_context_switches_total[30s]))",
    "max by (groupname) (namedprocess_namegroup_worst_fd_ratio) >= 0",
    "time() - min by (instance) (namedprocess_namegroup_oldest_start_time_seconds) > 0",
    "topk(10, sum by (groupname) (namedprocess_namegroup_open_filedesc))",
    "sum by (groupname) (namedprocess_namegroup_num_threads)",
    "namedprocess_namegroup_states{state=\"Zombie\"}",
    "rate(namedprocess_scrape_errors[30s]) + rate(namedprocess_scrape_partial_errors[30s]) + rate(namedprocess_scrape_procread_errors[30s])",
];

#[tokio::test]
async fn what_dashboards_for_process_exporter_ask_has_answers() {
    let flags = ["--web.listen-address", "127.0.0.1:0", "--metrics.naming=process-exporter"];
    let mut exporter = Running::ours("procession-exporter", &flags);
    let prometheus = Peer::prometheus(&job("process-exporter", &exporter.url())).await;
    for query in ASKED {
        eventually(query, || async {
            let answer = api(&prometheus.url, "query", &[("query", query)]).await;
            match answer["result"].as_array().is_some_and(|series| !series.is_empty()) {
                true => Ok(()),
                false => Err(answer.to_string()),
            }
        })
        .await;
    }
    for label in ["groupname", "instance"] {
        let path = format!("label/{label}/values");
        let found = api(&prometheus.url, &path, &[("match[]", "namedprocess_namegroup_cpu_seconds_total")]).await;
        assert!(found.as_array().is_some_and(|values| !values.is_empty()), "{label}: {found}");
    }
}
