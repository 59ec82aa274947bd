//! The real `/proc`: a process that has one thread, and starts and ends others. Without the test harness, which has threads
//! of its own: the program starts itself again as the process that is looked at.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use procession_exporter::snapshot::{Gauge, Snapshot};
use procession_exporter::source::procfs::{Procfs, Units};

/// So often is looked for a thread's end, which the kernel completes a little after it is told.
const LOOKS: usize = 100_000;

fn main() {
    if std::env::args().any(|argument| argument == "act") {
        act();
    } else if cfg!(target_os = "linux") {
        threads_are_seen_at_once();
    }
}

/// Starts or ends a thread for each line, and says so.
fn act() {
    let mut said = std::io::stdout();
    let mut threads = Vec::new();
    for line in std::io::stdin().lines() {
        if line.expect("text") == "start" {
            let (end, ends) = mpsc::channel::<()>();
            threads.push((end, thread::spawn(move || ends.recv().is_ok())));
        } else if let Some((end, thread)) = threads.pop() {
            drop(end);
            thread.join().expect("it ends");
        }
        writeln!(said, "done").and_then(|()| said.flush()).expect("stdout");
    }
}

fn threads_are_seen_at_once() {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .arg("act")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program again");
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut source = Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc");
    let mut snapshot = Snapshot::default();
    let mut threads = || {
        source.list().expect("listing");
        source.read(None, &mut snapshot);
        let process = snapshot.processes().find(|process| process.identity.pid == child.id());
        process.and_then(|process| process.gauges.get(Gauge::Threads)).expect("it lives")
    };
    for (say, expected) in [("start", 2), ("start", 3), ("end", 2), ("end", 1), ("start", 2), ("end", 1)] {
        // Long enough that what stands still is not read again.
        for _ in 0..3 {
            threads();
        }
        writeln!(input, "{say}").expect("stdin");
        assert_eq!(output.next().expect("a line").expect("text"), "done");
        let looks = if say == "start" { 1 } else { LOOKS };
        assert!((0..looks).any(|_| threads() == expected), "not {expected} threads after {say}");
    }
    drop(input);
    assert!(child.wait().expect("wait").success());
}
