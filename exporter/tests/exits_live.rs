//! Thousands of processes that live and end between two scrapes: what they used is in the counters of their group, once.
#![cfg(all(target_os = "linux", feature = "procfs"))]
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what it expected")]

mod running;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use procession_exporter::Options;
use procession_exporter::source::Choice;

use self::running::{Page, Running};

/// One test at a time: each fills the same host with processes.
static ALONE: Mutex<()> = Mutex::new(());

/// Each line that is read has it read a file, and start so many processes one after another, each of which does a little work; then it says what all its
/// children have used since the begin, in its own words and in the kernel's.
const PARENT: &str = r#"while read -r count; do
    mapfile -t all < "$LARGE"
    for ((i = 0; i < count; i++)); do "$SHORT" -c 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); done; read -r line < /proc/version'; done
    times; while read -r line; do echo "$line"; done < /proc/$$/io; echo over
done"#;

fn start(source: Choice, config: &Path) -> Running {
    std::fs::write(config, "metrics: {enable: [logical_io]}\n").expect("a file");
    Running::start(Options { source, config_file: Some(config.to_owned()), ..Options::default() })
}

/// Asks until so many processes of a group have ended.
fn until_ended(exporter: &Running, group: &str, exits: f64) -> Page {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let page = exporter.page();
        let seen = page.of_group("proc_group_exits_total", group);
        assert!(seen <= exits, "{seen} have ended, of {exits}");
        if seen == exits {
            return page;
        }
        assert!(Instant::now() < end, "{seen} of {exits} have ended; lost: {}", page.lost());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The shell that starts processes.
struct Parent {
    child: Child,
    lines: ChildStdin,
    said: BufReader<std::process::ChildStdout>,
}

/// What children of a shell have used since its begin: seconds of CPU; and bytes that calls such as `read` returned, to it and to
/// them.
struct Used {
    own_cpu: f64,
    cpu: f64,
    read: f64,
}

impl Parent {
    /// Both shells under names of their own, by which they are grouped.
    fn start(folder: &Path, name: &str, short: &str) -> Parent {
        std::fs::copy("/bin/bash", folder.join(name)).expect("bash");
        std::fs::copy("/bin/sh", folder.join(short)).expect("sh");
        std::fs::write(folder.join("large"), format!("{:1000}\n", "line").repeat(1000)).expect("a file");
        let mut child = Command::new(folder.join(name))
            .args(["-c", PARENT])
            .env("LARGE", folder.join("large"))
            .env("SHORT", folder.join(short))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let (lines, said) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Parent { child, lines, said: BufReader::new(said) }
    }

    fn begin(&mut self, count: u32) {
        writeln!(self.lines, "{count}").expect("it reads");
    }

    fn end(&mut self) -> Used {
        let (mut times, mut read) = (Vec::new(), 0.0);
        for line in (&mut self.said).lines() {
            let line = line.expect("text");
            if line == "over" {
                break;
            }
            if let Some(bytes) = line.strip_prefix("rchar: ") {
                read = bytes.parse().expect("a number");
            } else if line.contains('m') && line.ends_with('s') {
                times.push(line.split(' ').map(seconds).sum::<f64>());
            }
        }
        Used { own_cpu: times[0], cpu: times[1], read }
    }
}

/// As in `0m1.234s`.
fn seconds(text: &str) -> f64 {
    let (minutes, seconds) = text.strip_suffix('s').and_then(|text| text.split_once('m')).expect("a time");
    minutes.parse::<f64>().expect("minutes") * 60.0 + seconds.parse::<f64>().expect("seconds")
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says loudly that the ends of processes are not told of here.
fn not_tested(page: &Page) {
    // Not `eprintln`, which the harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes the kernel to tell of ends: {}\n", page.exits());
}

fn within_a_hundredth(seen: f64, truth: f64, what: &str) {
    println!("{what}: {seen} of {truth}, off by {:.3} %", (seen / truth - 1.0) * 100.0);
    assert!((seen - truth).abs() <= truth / 100.0, "{what}: {seen} is not {truth}");
}

/// Runs so many processes between two scrapes, or with scrapes all the time.
fn check(source: Choice, means: &str, count: u32, scraping: bool) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("tempdir");
    let exporter = start(source, &folder.path().join("exporter.yml"));
    let (name, short) = ("exits-parent", "exits-short");
    let mut parent = Parent::start(folder.path(), name, short);
    parent.begin(0);
    let before = parent.end();
    let first = exporter.page();
    if !first.exits().contains(&format!("means=\"{means}\"")) {
        return not_tested(&first);
    }
    parent.begin(count);
    let truth = std::thread::scope(|scope| {
        let end = scope.spawn(|| parent.end());
        while scraping && !end.is_finished() {
            exporter.page();
        }
        end.join().expect("it tells")
    });
    until_ended(&exporter, short, f64::from(count));
    // What parents are credited with is given away one scan later.
    exporter.page();
    let page = exporter.page();
    // One that a scan saw before it called `exec` has started under the name of its parent.
    let starts = [name, short].map(|group| page.of_group("proc_group_starts_total", group));
    assert!(starts[0] + starts[1] == f64::from(count) && (scraping || starts[0] == 0.0), "{starts:?}");
    assert_eq!(page.lost(), 0.0);
    let of = |family: &str, group: &str| page.of_group(family, group);
    let cpu = [name, short].map(|group| of("proc_group_cpu_seconds_total", group));
    // Where others on this host end and it is not known who has waited for them, what they may have used is in no group, and told.
    let withheld = page.unattributed() - first.unattributed();
    match scraping {
        false if withheld > truth.cpu / 100.0 => {
            println!("CPU time: {} of {}, and {withheld} in no group", cpu[1], truth.cpu);
            assert!(cpu[1] <= truth.cpu * 1.01 && cpu[1] + withheld >= truth.cpu * 0.99, "it is in neither");
        }
        false => within_a_hundredth(cpu[1], truth.cpu, "CPU time"),
        // What a scan saw before its `exec` is in the group of its parent so far.
        true => within_a_hundredth(cpu[0] + cpu[1], truth.own_cpu - before.own_cpu + truth.cpu, "CPU time"),
    }
    // The kernel adds to the bytes of the parent those of its children: nothing of them counts twice, and nothing is lost. What it has
    // told late is taken off when the parent goes on.
    parent.begin(0);
    let (truth, page) = (parent.end(), exporter.page());
    let of = |family: &str, group: &str| page.of_group(family, group);
    let family = "proc_group_logical_read_bytes_total";
    // The shell was there before the exporter's first scan.
    within_a_hundredth(of(family, name) + of(family, short), truth.read - before.read, "bytes");
    assert!(
        of(family, short) > (truth.read - before.read) * 0.6,
        "most of {} are of children: {}",
        truth.read,
        of(family, short)
    );
    assert!(before.read < truth.read);
}

#[test]
fn ten_thousand_between_two_scrapes() {
    check(Choice::Auto, "bpf", 10_000, false);
}

#[test]
fn while_processes_are_iterated() {
    check(Choice::Auto, "bpf", 2_000, true);
}

#[test]
fn ten_thousand_without_bpf() {
    check(Choice::Procfs, "taskstats", 10_000, false);
}
