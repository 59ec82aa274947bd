//! Processes that end in all the ways there are: threads before and after their leader, an `exec` of a thread, parents that ignore or
//! forget their children, daemons. Each start and end counts once, and all CPU time.
#![cfg(all(target_os = "linux", feature = "procfs"))]
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what it expected")]

mod running;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use procession_exporter::Options;
use procession_exporter::source::Choice;

use self::running::{Page, Running};

/// One test at a time: both look for the same names.
static ALONE: Mutex<()> = Mutex::new(());

/// Processes of each kind.
const COUNT: u32 = 10;
/// Of each kind how many end under its name, and how many under that of the program that comes after.
const KINDS: [(&str, u32, u32); 8] = [
    ("plain", 1, 0),
    ("threads", 1, 0),
    ("leader", 1, 0),
    ("execs", 0, 1),
    ("daemon", 1, 1),
    ("negligent", 1, 3),
    ("unnoticed", 1, 0),
    ("another", 0, 1),
];
const CPU: &str = "proc_group_cpu_seconds_total";
const STARTS: &str = "proc_group_starts_total";
const EXITS: &str = "proc_group_exits_total";

/// The program of `ends_live.c` that starts the others.
struct Parent {
    child: Child,
    lines: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Parent {
    /// `None`, said loudly, where there is no compiler for C.
    fn start(folder: &Path) -> Option<Parent> {
        let program = folder.join("ends-parent");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ends_live.c");
        let compiled = ["cc", "clang", "gcc"].into_iter().any(|compiler| {
            let outcome = Command::new(compiler).args(["-O1", "-pthread", source, "-o"]).arg(&program).status();
            outcome.is_ok_and(|status| status.success())
        });
        if !compiled {
            not_tested("a compiler for C");
            return None;
        }
        for name in KINDS.iter().map(|kind| kind.0).chain(["after"]) {
            std::fs::hard_link(&program, folder.join(format!("ends-{name}"))).expect("a link");
        }
        let mut child =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("what was compiled");
        let (lines, said) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Some(Parent { child, lines, said: BufReader::new(said) })
    }

    /// Runs processes of a kind, and `meanwhile` something where they wait for it. Seconds of CPU that all have used, as the kernel
    /// says to their parent.
    fn run(&mut self, kind: &str, meanwhile: impl FnOnce()) -> f64 {
        writeln!(self.lines, "{kind} {COUNT}").expect("it reads");
        if kind == "another" {
            self.told();
            meanwhile();
            writeln!(self.lines, "go").expect("it reads");
        }
        self.told() / 1e6
    }

    fn told(&mut self) -> f64 {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("text");
        line.trim().parse().unwrap_or_else(|_| panic!("it has ended: {line:?}"))
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says loudly what is missing here.
fn not_tested(what: &str) {
    // Not `eprintln`, which the harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes {what}\n");
}

/// What a page says of the group of a kind and of the one that comes after: CPU seconds, starts, exits.
fn read(page: &Page, kind: &str) -> [[f64; 3]; 2] {
    [kind, "after"].map(|name| [CPU, STARTS, EXITS].map(|family| page.of_group(family, &format!("ends-{name}"))))
}

/// All that a test knows of one kind: seconds that its processes have used, and those that each group has counted.
struct Seen {
    truth: f64,
    groups: [f64; 2],
}

fn check(source: Choice, means: &str) -> Option<Vec<(&'static str, Seen)>> {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("tempdir");
    let mut parent = Parent::start(folder.path())?;
    let exporter = Running::start(Options { source, ..Options::default() });
    let first = exporter.page();
    if !first.exits().contains(&format!("means=\"{means}\"")) {
        not_tested(&format!("the kernel to tell of ends: {}", first.exits()));
        return None;
    }
    let mut all = Vec::new();
    for (kind, ends, after) in KINDS {
        let before = read(&exporter.page(), kind);
        let truth = parent.run(kind, || drop(exporter.page()));
        // Without BPF, one that a scan has seen ends as what it was then.
        let (ends, after) = if kind == "another" && means != "bpf" { (1, 0) } else { (ends, after) };
        let expected = [ends, after].map(|times| f64::from(times * COUNT));
        let deadline = Instant::now() + Duration::from_secs(60);
        let change = loop {
            let (page, mut change) = (exporter.page(), [[0.0; 3]; 2]);
            // All processes of the host share the room for records, and this is not about how much of it there is.
            if page.lost() > 0.0 {
                not_tested(&format!("a host on which fewer processes end: {} records found no room", page.lost()));
                return None;
            }
            for (change, (now, before)) in change.iter_mut().zip(read(&page, kind).into_iter().zip(before)) {
                *change = std::array::from_fn(|index| now[index] - before[index]);
            }
            let exits = [change[0][2], change[1][2]];
            assert!(exits[0] <= expected[0] && exits[1] <= expected[1], "{kind}: {exits:?} of {expected:?} have ended");
            if exits == expected {
                break change;
            }
            assert!(Instant::now() < deadline, "{kind}: {exits:?} of {expected:?} have ended");
            std::thread::sleep(Duration::from_millis(20));
        };
        // One that scans saw as both has started as the first.
        let starts = [change[0][1], change[1][1]];
        let started = if kind == "another" { [f64::from(COUNT), 0.0] } else { expected };
        assert_eq!(starts, started, "{kind}: starts");
        let groups = [change[0][0], change[1][0]];
        println!("{kind}: {groups:?} s of {truth} s");
        all.push((kind, Seen { truth, groups }));
    }
    // What parents are credited with is given away one scan later.
    exporter.page();
    let page = exporter.page();
    let counted =
        KINDS.iter().map(|kind| kind.0).chain(["after"]).map(|name| page.of_group(CPU, &format!("ends-{name}")));
    let withheld = page.unattributed() - first.unattributed();
    println!("{withheld} s in no group");
    let truth = all.iter().map(|(_, seen)| seen.truth).sum();
    all.push(("all", Seen { truth, groups: [counted.sum(), withheld] }));
    Some(all)
}

#[test]
fn by_bpf_each_process_counts_where_it_ended() {
    let Some(all) = check(Choice::Auto, "bpf") else { return };
    for (kind, Seen { truth, groups }) in all {
        // With BPF nothing is withheld.
        let seen = groups[0] + if kind == "all" { 0.0 } else { groups[1] };
        assert!((seen - truth).abs() <= truth / 100.0, "{kind}: {groups:?} is not {truth}");
        if kind == "another" {
            // Half of what these did, a scan has seen under their first name.
            assert!(groups.iter().all(|group| *group > 0.014 * f64::from(COUNT)), "{groups:?}");
        }
    }
}

#[test]
fn by_taskstats_all_together_count() {
    let Some(all) = check(Choice::Procfs, "taskstats") else { return };
    let (_, Seen { truth, groups: [counted, withheld] }) = all.last().expect("the sum");
    // Of what nobody has waited for, the kernel does not tell what comes after the last tick; other processes of this host may be
    // in what was withheld.
    let untold = 0.010 * f64::from(COUNT);
    assert!(*counted <= truth * 1.01, "{counted} is more than {truth}");
    assert!(counted + withheld + untold >= truth * 0.99, "{counted} and {withheld} in no group are not {truth}");
}
