//! The real `/proc`, with processes that do what the test says.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use procession_exporter::group::Groups;
use procession_exporter::snapshot::{Counter, Gauge, Process, Snapshot, State};
use procession_exporter::source::procfs::{Procfs, Units};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

fn procfs() -> Procfs {
    Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc")
}

fn scan(source: &mut Procfs) -> Snapshot {
    let mut snapshot = Snapshot::default();
    source.list().expect("listing");
    source.read(None, &mut snapshot);
    snapshot
}

fn find(snapshot: &Snapshot, pid: u32) -> Option<&Process> {
    snapshot.processes().find(|p| p.identity.pid == pid)
}

/// A shell that does `work`, says so, and stays until its input ends.
fn shell(work: &str) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{work}; echo done; read end")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    assert_eq!(line, "done\n");
    child
}

/// Lets it end without waiting for it, and returns when it has ended.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let pid = Pid::from_raw(child.id() as i32).expect("a pid");
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it ends");
}

#[test]
fn a_process_from_start_to_end() {
    let mut source = procfs();
    let mut child = shell("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done");
    let snapshot = scan(&mut source);
    let seen = find(&snapshot, child.id()).expect("it lives");
    assert_eq!((seen.identity.name.as_str(), seen.identity.ppid), ("sh", std::process::id()));
    assert!(seen.identity.executable.as_ref().is_some_and(|e| e.starts_with('/')), "{:?}", seen.identity);
    assert!(seen.counters.get(Counter::CpuUser).is_some_and(|ns| ns >= 10_000_000), "{:?}", seen.counters);
    assert!(seen.gauges.get(Gauge::Resident).is_some_and(|b| b > 100_000));
    assert_eq!(seen.gauges.get(Gauge::Threads), Some(1));
    let files = std::fs::read_dir(format!("/proc/{}/fd", child.id())).expect("its files").count();
    assert_eq!(seen.gauges.get(Gauge::OpenFds), Some(files as u64));

    end(&mut child);
    let snapshot = scan(&mut source);
    assert_eq!(find(&snapshot, child.id()).map(|p| p.state), Some(State::Zombie));
    child.wait().expect("waits");
    assert!(find(&scan(&mut source), child.id()).is_none());
}

#[test]
fn storage_bytes_of_a_child_count_once() {
    const BYTES: u64 = 16 << 20;
    let written = |groups: &Groups, name: &str| {
        groups.iter().find(|g| &*g.name == name).and_then(|g| g.totals.counters.get(Counter::Written)).unwrap_or(0)
    };
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("tempdir");
    let (mut source, mut groups) = (procfs(), Groups::default());
    groups.update(&scan(&mut source));
    let work = format!("dd if=/dev/zero of={}/file bs=1M count=16 conv=fsync 2>/dev/null", dir.path().display());
    let mut child = shell(&work);
    let snapshot = scan(&mut source);
    groups.update(&snapshot);
    let raw = |snapshot: &Snapshot, pid| find(snapshot, pid).and_then(|p| p.counters.get(Counter::Written));
    let of_child = raw(&snapshot, child.id());
    if of_child.is_none_or(|bytes| bytes < BYTES) {
        eprintln!("skipped: this filesystem or kernel does not account for writes ({of_child:?})");
        drop(child.stdin.take());
        child.wait().expect("waits");
        return;
    }
    let own = find(&snapshot, std::process::id()).expect("this process").identity.name.clone();
    let (raw_before, before) = (raw(&snapshot, std::process::id()), written(&groups, &own));

    end(&mut child);
    child.wait().expect("waits");
    let snapshot = scan(&mut source);
    groups.update(&snapshot);
    let grown = raw(&snapshot, std::process::id()).zip(raw_before).map(|(now, before)| now - before);
    assert!(grown.is_some_and(|bytes| bytes >= BYTES), "the kernel gives the child's bytes to its parent: {grown:?}");
    let counted = written(&groups, &own) - before;
    assert!(counted < BYTES / 2, "{counted} bytes of the child were counted again for its parent");
}
