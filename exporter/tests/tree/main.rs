//! A tree of files that changes between scans, as `/proc` does.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod changes;
mod families;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use procession_exporter::Config;
use procession_exporter::group::Groups;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::{Bound, Counter, Gauge, Limits, Resource, Snapshot};
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
        let identity = &self.snapshot.at(0)?.identity;
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

impl Tree {
    fn configure(&mut self, text: &str) {
        let config = Config::parse(text, Path::new("exporter.yml"), Scheme::Procession).expect("valid");
        self.source.configure(config.naming);
        self.source.read_for(config.families, config.per_process);
        self.groups.configure(config.children);
    }

    /// The group of the process, where it is in one.
    fn group(&mut self) -> Option<String> {
        self.scan();
        self.groups.name_of(self.snapshot.at(0)?.slot).map(|name| name.to_string())
    }

    fn uptime(&mut self, seconds: u32) {
        fs::write(self.root.path().join("uptime"), format!("{seconds}.00 1.00\n")).expect("write");
    }
}
