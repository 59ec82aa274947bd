//! The questions of `docs/sql.md`, asked of data with known answers: each `sql` block there, and the answer here.

use crate::sql::lines;
use crate::support::open;
use procession_openmetrics::{Labels, LabelsBuilder, STALE_NAN};
use procession_store::{Batch, Store};

/// 2026-01-26 00:00 UTC, a Monday.
const MONDAY_MS: i64 = 1_769_385_600_000;
const MINUTE_MS: i64 = 60_000;
const MIB: f64 = 1_048_576.0;

/// A process: what it is, its minutes since Monday, and what it does in each step of five.
struct Process {
    pid: &'static str,
    name: &'static str,
    user: &'static str,
    minutes: std::ops::Range<i64>,
    memory_mib: f64,
    growth_mib: f64,
    cpu_seconds: f64,
    written_mib: f64,
    /// It waits for the disk in each step of this number.
    waits: Option<i64>,
}

/// Until Tuesday 04:00. `backup` writes from 03:00 to 03:30, `job` lives from 02:05 to 02:20, `leaky` grows by 12 MiB an hour.
const PROCESSES: [Process; 4] = [
    Process {
        pid: "100",
        name: "postgres",
        user: "db",
        minutes: 0..1685,
        memory_mib: 100.0,
        growth_mib: 0.0,
        cpu_seconds: 1.0,
        written_mib: 0.0,
        waits: Some(6),
    },
    Process {
        pid: "200",
        name: "leaky",
        user: "app",
        minutes: 0..1685,
        memory_mib: 50.0,
        growth_mib: 1.0,
        cpu_seconds: 0.5,
        written_mib: 0.0,
        waits: None,
    },
    Process {
        pid: "300",
        name: "backup",
        user: "root",
        minutes: 1620..1650,
        memory_mib: 20.0,
        growth_mib: 0.0,
        cpu_seconds: 10.0,
        written_mib: 60.0,
        waits: Some(1),
    },
    Process {
        pid: "400",
        name: "job",
        user: "root",
        minutes: 1565..1580,
        memory_mib: 5.0,
        growth_mib: 0.0,
        cpu_seconds: 2.0,
        written_mib: 0.0,
        waits: None,
    },
];

fn labels(name: &str, pairs: &[(&str, &str)]) -> Labels {
    let mut builder = LabelsBuilder::default();
    for (name, value) in [("__name__", name), ("instance", "h1"), ("job", "procession")].iter().chain(pairs) {
        builder.set(name, value);
    }
    builder.build()
}

impl Process {
    /// The metrics at a step, since its start.
    fn metrics(&self, step: i64) -> Vec<(Labels, f64)> {
        let n = step as f64;
        let own = [("pid", self.pid), ("group", self.name)];
        let group = [("group", self.name)];
        let waits = self.waits.is_some_and(|every| step % every == 0);
        let of = |name: &str, pairs: &[(&str, &str)], more: &[(&str, &str)]| labels(name, &[pairs, more].concat());
        let start = (MONDAY_MS + self.minutes.start * MINUTE_MS) as f64 / 1000.0;
        let memory = (self.memory_mib + self.growth_mib * n) * MIB;
        vec![
            (of("proc_info", &own, &[("name", self.name), ("user", self.user), ("ppid", "1")]), 1.0),
            (of("proc_start_time_seconds", &own, &[]), start),
            (of("proc_state", &own, &[("state", if waits { "disk_sleep" } else { "sleeping" })]), 1.0),
            (of("proc_cpu_seconds_total", &own, &[("mode", "user")]), self.cpu_seconds * n),
            (of("proc_cpu_seconds_total", &own, &[("mode", "system")]), 0.0),
            (of("proc_resident_memory_bytes", &own, &[]), memory),
            (of("proc_read_bytes_total", &own, &[]), 0.0),
            (of("proc_written_bytes_total", &own, &[]), self.written_mib * MIB * n),
            (of("proc_group_processes", &group, &[("state", "sleeping")]), 1.0),
            (of("proc_group_cpu_seconds_total", &group, &[("mode", "user")]), self.cpu_seconds * n),
            (of("proc_group_cpu_seconds_total", &group, &[("mode", "system")]), 0.0),
            (of("proc_group_resident_memory_bytes", &group, &[]), memory),
        ]
    }
}

fn fill(store: &Store) {
    let mut before: Vec<Labels> = Vec::new();
    for minute in (0..1685).step_by(5) {
        let alive = PROCESSES.iter().filter(|p| p.minutes.contains(&minute));
        let now: Vec<(Labels, f64)> = alive.flat_map(|p| p.metrics((minute - p.minutes.start) / 5)).collect();
        let mut batch = Batch::default();
        let ts = MONDAY_MS + minute * MINUTE_MS;
        now.iter().for_each(|(labels, value)| batch.push(store.series_ref(labels), ts, *value));
        let gone = before.iter().filter(|labels| now.iter().all(|(l, _)| l != *labels));
        gone.for_each(|labels| batch.push(store.series_ref(labels), ts, STALE_NAN));
        before = now.into_iter().map(|(labels, _)| labels).collect();
        store.append(batch).unwrap();
        if minute == 1440 {
            store.seal().unwrap();
        }
    }
}

/// The blocks of SQL, each with its heading.
fn questions(text: &str) -> Vec<(String, String)> {
    let (mut heading, mut found) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("### ") {
            heading = title.to_owned();
        } else if line == "```sql" {
            let sql: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((heading.clone(), sql.join("\n")));
        }
    }
    found
}

#[test]
fn every_question_has_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store);
    let expected: &[(&str, &[&str])] = &[
        // 336 steps of 1 MiB; the others stay as they are.
        ("What grew since Monday?", &["leaky|336.0", "backup|0.0", "job|0.0"]),
        // One step of 60 MiB between 03:10 and 03:15.
        ("Who used the disk at 03:12?", &["backup|300|root|0.0|62914560.0"]),
        ("Which process leaks?", &["leaky|200|12.0|1.0"]),
        // 48 steps since midnight of 1 and 0.5; 5 steps of 10 and 2 of 2.
        ("Which user takes the CPU?", &["root|54.0", "db|48.0", "app|24.0"]),
        (
            "What started between two and four?",
            &["2026-01-27T02:05:00|job|400|root", "2026-01-27T03:00:00|backup|300|root"],
        ),
        (
            "What ended in that time, and how long had it lived?",
            &["job|400|2026-01-27T02:20:00|15 mins", "backup|300|2026-01-27T03:30:00|30 mins"],
        ),
        // Steps 326 (03:10) of leaky: 50 + 326.
        ("Whose was the memory at 03:12?", &["app|1|376.0", "db|1|100.0", "root|1|20.0"]),
        // 11 differences in the first hour, then 12, of 1.5; with 2 of 2 in the third, 5 of 10 in the fourth.
        (
            "How busy was each hour?",
            &[
                "2026-01-27T00:00:00|16.5",
                "2026-01-27T01:00:00|18.0",
                "2026-01-27T02:00:00|22.0",
                "2026-01-27T03:00:00|68.0",
                "2026-01-27T04:00:00|1.5",
            ],
        ),
        // Steps 288, 294, ... 336; each of six.
        ("Who waited for the disk?", &["postgres|100|9|49", "backup|300|6|6"]),
        (
            "Which metrics are there, and how many series of each?",
            &["proc_cpu_seconds_total|8", "proc_group_cpu_seconds_total|8", "proc_state|5", "proc_group_processes|4"],
        ),
    ];
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sql.md")).unwrap();
    let asked = questions(&docs);
    let headings: Vec<&str> = asked.iter().map(|(heading, _)| heading.as_str()).collect();
    assert_eq!(headings, expected.iter().map(|(heading, _)| *heading).collect::<Vec<_>>());
    for ((heading, sql), (_, answer)) in asked.iter().zip(expected) {
        let got = lines(&store, sql).unwrap_or_else(|error| panic!("{heading}: {error}"));
        assert_eq!(got, *answer, "{heading}");
    }
}
