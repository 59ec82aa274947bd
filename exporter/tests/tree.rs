//! A tree of files that changes between scans, as `/proc` does.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use procession_exporter::group::Groups;
use procession_exporter::snapshot::{Counter, Snapshot};
use procession_exporter::source::procfs::{Procfs, Units};

const PID: u32 = 42;

struct Tree {
    root: tempfile::TempDir,
    source: Procfs,
    snapshot: Snapshot,
    groups: Groups,
}

impl Tree {
    /// A tree with one process that has a `stat` and a `status`, but no `io` and no `fd`.
    fn new() -> Tree {
        let root = tempfile::tempdir().expect("tempdir");
        fs::write(root.path().join("stat"), "btime 1000\n").expect("write");
        fs::create_dir(root.path().join(PID.to_string())).expect("mkdir");
        let units = Units { ticks_per_second: 100, page_bytes: 4096 };
        let source = Procfs::open(root.path(), Path::new("/nonexistent/passwd"), units).expect("a proc root");
        let mut tree = Tree { root, source, snapshot: Snapshot::default(), groups: Groups::default() };
        tree.write("status", "Uid:\t7\t7\t7\t7\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t2\n");
        tree.process("nginx", 10, 100);
        tree
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(PID.to_string()).join(name)
    }

    fn write(&mut self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("write");
    }

    fn process(&mut self, name: &str, start: u64, user_ticks: u64) {
        let line = format!("{PID} ({name}) S 1 1 1 0 -1 0 5 0 0 0 {user_ticks} 0 0 0 20 0 1 0 {start} 4096 1 9 9\n");
        self.write("stat", &line);
        let _ = fs::remove_file(self.file("exe"));
        symlink(format!("/bin/{name}"), self.file("exe")).expect("symlink");
    }

    fn scan(&mut self) {
        self.source.list().expect("listing");
        self.source.read(None, &mut self.snapshot);
        self.groups.update(&self.snapshot);
    }

    /// Name, executable and start of the process, where it was seen.
    fn seen(&self) -> Option<(&str, &str, u64)> {
        let identity = &self.snapshot.processes.first()?.identity;
        Some((&identity.name, identity.executable.as_deref()?, identity.start_ms))
    }

    fn cpu_ms(&self, group: &str) -> Option<u64> {
        let group = self.groups.iter().find(|g| &*g.name == group)?;
        Some(group.totals.counters.get(Counter::CpuUser)? / 1_000_000)
    }

    fn errors(&self) -> Vec<(&str, &str, u64)> {
        self.source.read_errors().filter(|e| e.count > 0).map(|e| (e.file, e.reason, e.count)).collect()
    }
}

#[test]
fn a_process_that_could_not_be_read_once_is_not_counted_twice() {
    let mut tree = Tree::new();
    tree.scan();
    assert_eq!((tree.seen(), tree.cpu_ms("nginx")), (Some(("nginx", "/bin/nginx", 1_000_100)), Some(1000)));
    tree.write("stat", "42 (ngi");
    tree.scan();
    assert_eq!((tree.seen(), tree.cpu_ms("nginx")), (None, Some(1000)));
    tree.process("nginx", 10, 150);
    tree.scan();
    assert_eq!(tree.cpu_ms("nginx"), Some(1500));
    assert_eq!(tree.errors(), [("stat", "malformed", 1)]);
}

#[test]
fn an_exec_is_seen_and_only_what_follows_goes_to_the_new_group() {
    let mut tree = Tree::new();
    tree.scan();
    tree.process("perl", 10, 130);
    tree.scan();
    assert_eq!(tree.seen(), Some(("perl", "/bin/perl", 1_000_100)));
    assert_eq!((tree.cpu_ms("nginx"), tree.cpu_ms("perl")), (Some(1000), Some(300)));
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let mut tree = Tree::new();
    tree.scan();
    tree.process("nginx", 99, 5);
    tree.scan();
    assert_eq!((tree.seen(), tree.cpu_ms("nginx")), (Some(("nginx", "/bin/nginx", 1_000_990)), Some(1050)));
}

#[test]
fn files_that_a_kernel_does_not_have_are_no_errors() {
    let mut tree = Tree::new();
    tree.scan();
    let process = tree.snapshot.processes.first().expect("it is seen without them");
    assert_eq!(process.counters.get(Counter::Read), None);
    assert_eq!(process.identity.user.as_deref(), Some("7"));
    assert_eq!((tree.errors(), tree.source.vanished()), (vec![], 0));
}

#[test]
fn what_is_gone_is_gone_without_a_word() {
    let mut tree = Tree::new();
    tree.scan();
    fs::remove_file(tree.file("stat")).expect("remove");
    tree.scan();
    assert_eq!((tree.seen(), tree.source.vanished(), tree.errors()), (None, 1, vec![]));
    fs::remove_dir_all(tree.root.path().join(PID.to_string())).expect("remove");
    tree.scan();
    assert_eq!((tree.source.vanished(), tree.cpu_ms("nginx")), (1, Some(1000)));
}

#[test]
fn a_root_that_disappears_is_an_error_with_its_path() {
    let mut tree = Tree::new();
    let path = tree.root.path().to_owned();
    fs::remove_dir_all(&path).expect("remove");
    let error = tree.source.list().expect_err("nothing to list any more").to_string();
    assert!(error.starts_with(&format!("{}: cannot list the processes", path.display())), "{error}");
}
