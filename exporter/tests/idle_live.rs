//! The real `/proc`: what is not read again of processes that have not run is what would have been read.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use procession_exporter::snapshot::{Counter, Gauge, Process, Snapshot, State};
use procession_exporter::source::procfs::{Procfs, Units};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

struct Eyes {
    source: Procfs,
    snapshot: Snapshot,
}

impl Eyes {
    fn new(full: bool) -> Eyes {
        let mut source =
            Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc");
        source.scan_fully(full);
        Eyes { source, snapshot: Snapshot::default() }
    }

    fn scan(&mut self) -> usize {
        self.source.list().expect("listing");
        self.source.read(None, &mut self.snapshot);
        self.snapshot.reused
    }

    fn of(&self, pid: u32) -> Option<&Process> {
        self.snapshot.processes().find(|process| process.identity.pid == pid)
    }

    fn state(&mut self, pid: u32) -> Option<State> {
        self.scan();
        self.of(pid).map(|process| process.state)
    }
}

/// Whether this kernel counts when processes run; without that there is nothing to test.
fn counted() -> bool {
    let own = schedstat(std::process::id());
    let counted = own.is_some_and(|text| !text.ends_with(" 0\n"));
    if !counted {
        eprintln!("skipped: this kernel does not count when processes run");
    }
    counted
}

fn schedstat(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()
}

fn sleeper() -> Child {
    Command::new("sleep").arg("600").spawn().expect("sleep")
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

#[test]
fn what_stands_as_it_was_is_what_a_full_scan_reads() {
    if !counted() {
        return;
    }
    let mut children: Vec<Child> = (0..20).map(|_| sleeper()).collect();
    let (mut quick, mut full) = (Eyes::new(false), Eyes::new(true));
    let (mut reused, mut compared) = (0, 0);
    for _ in 0..20 {
        let listed = || std::fs::read_dir("/proc").expect("listing").flatten();
        let before: BTreeMap<u32, Option<String>> = listed()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .map(|pid| (pid, schedstat(pid)))
            .collect();
        reused += quick.scan();
        full.scan();
        for process in full.snapshot.processes() {
            let pid = process.identity.pid;
            // It has not run from before the first scan until after the second.
            if process.gauges.get(Gauge::Threads) != Some(1)
                || before.get(&pid).is_none_or(|before| before.is_none() || *before != schedstat(pid))
            {
                continue;
            }
            let Some(quick) = quick.of(pid).filter(|quick| quick.identity.same_process(&process.identity)) else {
                continue;
            };
            compared += 1;
            for counter in Counter::ALL {
                assert_eq!(quick.counters.get(counter), process.counters.get(counter), "{counter:?} of {pid}");
            }
            for gauge in [Gauge::Threads, Gauge::OpenFds, Gauge::Virtual, Gauge::Stack, Gauge::FdLimit] {
                assert_eq!(quick.gauges.get(gauge), process.gauges.get(gauge), "{gauge:?} of {pid}");
            }
            // A parent may end between the two scans; its children are others' then.
            let parent = quick.identity.ppid;
            let has_ended = || full.of(parent).is_none_or(|parent| parent.state == State::Zombie);
            assert!(parent == process.identity.ppid || has_ended(), "the parent of {pid}: {parent}");
            // What was woken is ready to run before it has run.
            assert!(process.state == State::Running || quick.state == process.state, "the state of {pid}");
        }
    }
    for child in &mut children {
        child.kill().expect("kill");
        child.wait().expect("wait");
    }
    assert!(reused >= 20 * 10, "only {reused} were not read again");
    assert!(compared >= 20 * 10, "only {compared} held still");
}

#[test]
fn stops_continues_and_ends_are_seen_at_once() {
    let mut eyes = Eyes::new(false);
    let mut child = sleeper();
    let (id, pid) = (child.id(), pid(&child));
    let reached = |wanted: WaitIdOptions| {
        waitid(WaitId::Pid(pid), wanted | WaitIdOptions::NOWAIT).expect("it does");
    };
    for round in 0..5 {
        while eyes.state(id) != Some(State::Sleeping) {}
        eyes.scan();
        kill_process(pid, Signal::STOP).expect("kill");
        reached(WaitIdOptions::STOPPED);
        assert_eq!(eyes.state(id), Some(State::Stopped), "round {round}");
        assert_eq!(eyes.state(id), Some(State::Stopped), "round {round}");
        kill_process(pid, Signal::CONT).expect("kill");
        reached(WaitIdOptions::CONTINUED);
    }
    while eyes.state(id) != Some(State::Sleeping) {}
    eyes.scan();
    kill_process(pid, Signal::KILL).expect("kill");
    reached(WaitIdOptions::EXITED);
    assert_eq!(eyes.state(id), Some(State::Zombie));
    assert_eq!(eyes.state(id), Some(State::Zombie));
    child.wait().expect("wait");
    assert_eq!(eyes.state(id), None);
}

#[test]
fn a_child_whose_parent_ends_has_another_one_at_once() {
    let mut eyes = Eyes::new(false);
    let mut parent = Command::new("sh")
        .args(["-c", "sleep 600 & echo $!; read end"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    let mut line = String::new();
    BufReader::new(parent.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let child: u32 = line.trim().parse().expect("a pid");
    for _ in 0..20 {
        eyes.scan();
    }
    assert_eq!(eyes.of(child).map(|process| process.identity.ppid), Some(parent.id()));
    drop(parent.stdin.take());
    parent.wait().expect("wait");
    eyes.scan();
    let ppid = eyes.of(child).map(|process| process.identity.ppid);
    kill_process(Pid::from_raw(child as i32).expect("a pid"), Signal::KILL).expect("kill");
    assert!(ppid.is_some_and(|ppid| ppid != parent.id()), "{ppid:?}");
}
