//! Real processes that work and end under the exporter's eyes, and whose CPU time is known: `getrusage(RUSAGE_CHILDREN)` of
//! their parent, which is this test. It is alone in its program: other tests would wait for children too.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use procession_exporter::group::Groups;
use procession_exporter::snapshot::{Counter, Snapshot};
use procession_exporter::source::procfs::{Procfs, Units};

struct Eyes {
    source: Procfs,
    snapshot: Snapshot,
    groups: Groups,
}

impl Eyes {
    fn scan(&mut self) {
        self.source.list().expect("listing");
        self.source.read(None, &mut self.snapshot);
        self.groups.update(&self.snapshot);
    }

    /// CPU time of a group, in ticks.
    fn ticks(&self, group: &str) -> u64 {
        let group = self.groups.iter().find(|g| &*g.name == group);
        let counters = group.map(|group| group.totals.counters.clone()).unwrap_or_default();
        let modes = [Counter::CpuUser, Counter::CpuSystem].map(|mode| counters.get(mode).unwrap_or(0));
        modes.iter().sum::<u64>() * ticks_per_second() / 1_000_000_000
    }
}

fn ticks_per_second() -> u64 {
    Units::of_this_system().ticks_per_second
}

/// CPU time of a process as its `stat` says, in ticks: of itself, and of children it has waited for.
fn stat(pid: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let rest = text.rsplit_once(')').expect("a name").1;
    let field = |number: usize| rest.split(' ').nth(number).expect("a field").parse::<u64>().expect("a number");
    (field(12) + field(13), field(14) + field(15))
}

/// A shell under a name of its own, that works until it is ended.
fn worker(shell: &Path) -> Child {
    Command::new(shell).args(["-c", "while :; do :; done"]).spawn().expect("the shell")
}

fn works(child: &Child, ticks: u64) {
    let end = stat(child.id()).0 + ticks;
    while stat(child.id()).0 < end {
        std::thread::yield_now();
    }
}

fn ends(mut child: Child) {
    child.kill().expect("kill");
    child.wait().expect("wait");
}

#[test]
fn cpu_time_of_ended_processes_is_what_the_kernel_says() {
    let dir = tempfile::tempdir().expect("tempdir");
    let name = format!("w{}", std::process::id());
    let shell: PathBuf = dir.path().join(&name);
    std::fs::copy("/bin/sh", &shell).expect("a copy");
    let source = Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc");
    let mut eyes = Eyes { source, snapshot: Snapshot::default(), groups: Groups::default() };
    let me = std::process::id();
    eyes.scan();
    let before = stat(me).1;
    let mut seen = 0;
    for _ in 0..3 {
        let child = worker(&shell);
        works(&child, 10);
        eyes.scan();
        seen = eyes.ticks(&name);
        // After its last reading.
        works(&child, 20);
        ends(child);
        eyes.scan();
        eyes.scan();
    }
    let truth = stat(me).1 - before;
    let counted = eyes.ticks(&name);
    assert!(truth >= 3 * 30, "{truth}");
    assert!(counted.abs_diff(truth) <= 3 * 2, "counted {counted} ticks of {truth}, {seen} of them while it lived");
    // One that no scan ever sees: its time is its parent's group's.
    let own = eyes.snapshot.processes().find(|p| p.identity.pid == me).expect("this process").identity.clone();
    let group = own.long_name.as_deref().unwrap_or(&own.name);
    let ((own_before, children_before), counted_before) = (stat(me), eyes.ticks(group));
    let child = worker(&shell);
    works(&child, 30);
    ends(child);
    eyes.scan();
    eyes.scan();
    let (own_now, children_now) = stat(me);
    let (truth, counted) = (own_now - own_before + children_now - children_before, eyes.ticks(group) - counted_before);
    assert!(children_now - children_before >= 30);
    assert!(counted.abs_diff(truth) <= 20, "counted {counted} ticks of {truth}");
    assert_eq!(eyes.ticks(&name), eyes.ticks(&name).max(seen));
}
