//! Processes that have not run: what is not read of them, and what is all the same. Captured sequences: a tree of files
//! that changes between scans; `idle_live.rs` has real processes.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::fs;
use std::path::Path;

use procession_exporter::Config;
use procession_exporter::group::Groups;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::{Counter, Gauge, Snapshot, State};
use procession_exporter::source::procfs::{Procfs, Units};

struct Tree {
    root: tempfile::TempDir,
    source: Procfs,
    snapshot: Snapshot,
    groups: Groups,
}

impl Tree {
    fn new(processes: &[u32]) -> Tree {
        let root = tempfile::tempdir().expect("tempdir");
        fs::write(root.path().join("stat"), "btime 1000\n").expect("write");
        let units = Units { ticks_per_second: 100, page_bytes: 4096 };
        let source = Procfs::open(root.path(), Path::new("/nonexistent/passwd"), units).expect("a proc root");
        let tree = Tree { root, source, snapshot: Snapshot::default(), groups: Groups::default() };
        for pid in processes {
            fs::create_dir(tree.root.path().join(pid.to_string())).expect("mkdir");
            tree.stat(*pid, 'S', 0, 1);
            tree.write(*pid, "schedstat", "5000 20 3\n");
            tree.read_bytes(*pid, 1);
        }
        tree
    }

    fn write(&self, pid: u32, file: &str, text: &str) {
        fs::write(self.root.path().join(pid.to_string()).join(file), text).expect("write");
    }

    fn stat(&self, pid: u32, state: char, ppid: u32, threads: u32) {
        let line = format!("{pid} (p{pid}) {state} {ppid} 1 1 0 -1 0 5 0 0 0 7 0 0 0 20 0 {threads} 0 10 4096 1 9 9\n");
        self.write(pid, "stat", &line);
        self.write(pid, "status", "Uid:\t7\t7\t7\t7\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t2\n");
    }

    fn read_bytes(&self, pid: u32, bytes: u64) {
        let text = format!("rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: {bytes}\nwrite_bytes: 0\n");
        self.write(pid, "io", &text);
    }

    /// How many stand as they were.
    fn scan(&mut self) -> usize {
        let Tree { source, snapshot, groups, .. } = self;
        source.list().expect("listing");
        source.read_of(None, snapshot, |slot| groups.name_of(slot).is_some());
        groups.update(snapshot);
        self.snapshot.reused
    }

    fn seen(&self, pid: u32) -> Option<(State, u32, Option<u64>)> {
        let process = self.snapshot.processes().find(|process| process.identity.pid == pid)?;
        Some((process.state, process.identity.ppid, process.counters.get(Counter::Read)))
    }

    fn bytes(&self, pid: u32) -> Option<u64> {
        self.seen(pid)?.2
    }
}

/// Scans in which the one process was not read, of `scans` after the first.
fn reused(tree: &mut Tree, scans: usize) -> usize {
    tree.scan();
    (0..scans).map(|_| tree.scan()).sum()
}

#[test]
fn what_has_not_run_is_read_in_every_eighth_scan() {
    let mut tree = Tree::new(&[42]);
    assert_eq!((tree.scan(), tree.bytes(42)), (0, Some(1)));
    tree.read_bytes(42, 2);
    let seen: Vec<Option<u64>> = (0..8).map(|_| tree.scan()).map(|reused| (reused == 1).then_some(1)).collect();
    assert_eq!(seen.iter().flatten().count(), 7, "{seen:?}");
    assert_eq!(tree.bytes(42), Some(2));
    assert_eq!((0..80).map(|_| tree.scan()).sum::<usize>(), 70);
}

#[test]
fn what_has_run_is_read() {
    let mut tree = Tree::new(&[42]);
    assert_eq!(reused(&mut tree, 3), 3);
    for (schedstat, bytes) in [("5000 20 4\n", 2), ("5001 20 4\n", 3), ("5001 21 4\n", 4)] {
        tree.write(42, "schedstat", schedstat);
        tree.read_bytes(42, bytes);
        assert_eq!((tree.scan(), tree.bytes(42)), (0, Some(bytes)));
    }
}

#[test]
fn full_scans_read_everything() {
    let mut tree = Tree::new(&[42]);
    tree.source.scan_fully(true);
    assert_eq!(reused(&mut tree, 10), 0);
    tree.source.scan_fully(false);
    assert!(tree.scan() + tree.scan() >= 1);
}

#[test]
fn what_cannot_be_told_is_read() {
    // Other threads may have run: the file is that of the main one.
    let mut tree = Tree::new(&[42]);
    tree.stat(42, 'S', 0, 2);
    assert_eq!(reused(&mut tree, 10), 0);
    // What was on a CPU is counted at the next tick only.
    let mut tree = Tree::new(&[42]);
    tree.stat(42, 'R', 0, 1);
    assert_eq!(reused(&mut tree, 10), 0);
    // The kernel does not count.
    let mut tree = Tree::new(&[42]);
    tree.write(42, "schedstat", "0 0 0\n");
    assert_eq!(reused(&mut tree, 10), 0);
    // Cut off, or not there.
    let mut tree = Tree::new(&[42]);
    tree.write(42, "schedstat", "5000 20");
    assert_eq!(reused(&mut tree, 10), 0);
    let mut tree = Tree::new(&[42]);
    fs::remove_file(tree.root.path().join("42/schedstat")).expect("remove");
    assert_eq!(reused(&mut tree, 10), 0);
}

#[test]
fn a_thread_that_was_started_is_seen_and_so_is_its_end() {
    let mut tree = Tree::new(&[42]);
    assert_eq!(reused(&mut tree, 2), 2);
    tree.write(42, "schedstat", "6000 20 4\n");
    tree.stat(42, 'S', 0, 2);
    tree.scan();
    tree.read_bytes(42, 9);
    assert_eq!((tree.scan(), tree.bytes(42)), (0, Some(9)));
    tree.stat(42, 'S', 0, 1);
    assert_eq!(tree.scan(), 0);
    assert!(reused(&mut tree, 4) > 0, "there is one thread again");
}

#[test]
fn the_same_pid_with_the_same_numbers_is_another_process_in_another_directory() {
    let mut tree = Tree::new(&[42]);
    assert_eq!(reused(&mut tree, 2), 2);
    // The old directory stays under another name: its inode must not be used again.
    fs::rename(tree.root.path().join("42"), tree.root.path().join("gone")).expect("rename");
    fs::create_dir(tree.root.path().join("42")).expect("mkdir");
    tree.stat(42, 'S', 0, 1);
    tree.write(42, "schedstat", "5000 20 3\n");
    tree.read_bytes(42, 77);
    assert_eq!((tree.scan(), tree.bytes(42)), (0, Some(77)));
}

/// A parent that ends gives its children away, and they do not run for that.
#[test]
fn a_child_whose_parent_ends_is_read_in_the_same_scan() {
    for (parent, child) in [(20, 30), (30, 20)] {
        let mut tree = Tree::new(&[1, parent, child]);
        tree.stat(child, 'S', parent, 1);
        tree.scan();
        tree.scan();
        assert!(tree.scan() >= 2, "nothing happens, so nothing is read, but for the round");
        fs::remove_dir_all(tree.root.path().join(parent.to_string())).expect("remove");
        tree.stat(child, 'S', 1, 1);
        tree.scan();
        assert_eq!(tree.seen(child).map(|seen| seen.1), Some(1), "{child}, whose parent was {parent}");
        let (mut tree, zombie) = (Tree::new(&[1, parent, child]), "6000 20 4\n");
        tree.stat(child, 'S', parent, 1);
        for _ in 0..3 {
            tree.scan();
        }
        tree.write(parent, "schedstat", zombie);
        tree.stat(parent, 'Z', 1, 1);
        tree.stat(child, 'S', 1, 1);
        tree.scan();
        assert_eq!(tree.seen(parent).map(|seen| seen.0), Some(State::Zombie));
        assert_eq!(tree.seen(child).map(|seen| seen.1), Some(1), "{child}, whose parent {parent} is a zombie");
    }
}

#[test]
fn a_child_that_ends_while_its_parent_is_looked_at_is_gone() {
    let mut tree = Tree::new(&[1, 20, 30]);
    tree.stat(20, 'S', 30, 1);
    for _ in 0..3 {
        tree.scan();
    }
    fs::remove_dir_all(tree.root.path().join("30")).expect("remove");
    fs::remove_file(tree.root.path().join("20/stat")).expect("remove");
    tree.scan();
    assert_eq!((tree.seen(20), tree.snapshot.len()), (None, 1));
}

#[test]
fn a_new_configuration_reads_everything_once() {
    let mut tree = Tree::new(&[42]);
    assert_eq!(reused(&mut tree, 2), 2);
    let config = Config::parse("metrics: {disable: [io]}\n", Path::new("x"), Scheme::Procession).expect("valid");
    tree.source.read_for(config.families, config.per_process);
    assert_eq!((tree.scan(), tree.bytes(42)), (0, None));
    tree.source.configure(config.naming);
    assert_eq!(tree.scan(), 0);
}

const RULES: [&str; 2] = ["process_names: [{comm: [other]}]\n", "process_names: [{comm: [p42]}]\n"];

#[test]
fn of_what_no_rule_takes_little_is_read_and_nothing_is_counted_later() {
    let mut tree = Tree::new(&[42]);
    let rules = |tree: &mut Tree, text: &str| {
        let config = Config::parse(text, Path::new("x"), Scheme::Procession).expect("valid");
        tree.source.configure(config.naming);
        tree.groups.configure(config.children);
    };
    rules(&mut tree, RULES[0]);
    tree.scan();
    assert_eq!(tree.bytes(42), Some(1), "at first it is not known whether it is shown");
    // It runs, and is still not read to the full.
    tree.write(42, "schedstat", "6000 20 4\n");
    tree.read_bytes(42, 1000);
    assert_eq!((tree.scan(), tree.bytes(42)), (0, None));
    assert!(tree.snapshot.at(0).is_some_and(|p| p.gauges.get(Gauge::Resident).is_some()), "stat is read");
    rules(&mut tree, RULES[1]);
    let read = |tree: &Tree| tree.groups.iter().next().and_then(|g| g.totals.counters.get(Counter::Read));
    assert_eq!(
        (tree.scan(), tree.bytes(42), read(&tree)),
        (0, Some(1000), Some(0)),
        "it used that while it was not shown"
    );
    tree.write(42, "schedstat", "7000 20 5\n");
    tree.read_bytes(42, 1005);
    tree.scan();
    assert_eq!(read(&tree), Some(5));
}

#[test]
fn another_cgroup_is_seen_within_sixteen_scans() {
    let mut tree = Tree::new(&[42]);
    tree.write(42, "cgroup", "0::/system.slice/web.service\n");
    tree.scan();
    tree.write(42, "cgroup", "0::/system.slice/db.service\n");
    for _ in 0..16 {
        tree.scan();
    }
    assert_eq!(tree.snapshot.at(0).and_then(|p| p.identity.unit.as_deref()), Some("db.service"));
}
