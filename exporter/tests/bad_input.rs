//! Proc trees that no healthy kernel shows: nothing panics, nothing else is lost, and no counter falls.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use procession_exporter::Config;
use procession_exporter::encode::{Compression, Exposition, ProcessLabels};
use procession_exporter::group::Groups;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::Snapshot;
use procession_exporter::source::procfs::{Procfs, Units};
use procession_web::exposition::Format;

const STATUS: &[u8] = b"Name:\tx\nUid:\t7\t7\t7\t7\nVmLck:\t       1 kB\nRssAnon:\t       2 kB\nRssFile:\t       3 kB\nRssShmem:\t       4 kB\n\
    VmData:\t       5 kB\nVmStk:\t       6 kB\nVmSwap:\t       7 kB\nvoluntary_ctxt_switches:\t8\nnonvoluntary_ctxt_switches:\t9\n";
const IO: &[u8] = b"rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n";
const LIMITS: &[u8] = b"Max open files            1024                 524288               files     \n";
const ALL: &str =
    "metrics: {enable: [run_queue, oom_score, logical_io, block_delay, children_faults, memory_details]}\n";

/// A tree and everything behind it.
struct Host {
    root: tempfile::TempDir,
    source: Procfs,
    snapshot: Snapshot,
    groups: Groups,
    labels: ProcessLabels,
}

fn open(root: &Path) -> Result<Procfs, String> {
    let units = Units { ticks_per_second: 100, page_bytes: 4096 };
    Procfs::open(root, Path::new("/nonexistent/passwd"), units).map_err(|error| error.to_string())
}

impl Host {
    fn new(config: &str) -> Host {
        let root = tempfile::tempdir().expect("tempdir");
        fs::write(root.path().join("stat"), "btime 1000\n").expect("write");
        let mut source = open(root.path()).expect("a proc root");
        let config = Config::parse(config, Path::new("x.yml"), Scheme::Procession).expect("valid");
        source.configure(config.naming);
        source.read_for(config.families, true);
        Host {
            root,
            source,
            snapshot: Snapshot::default(),
            groups: Groups::default(),
            labels: ProcessLabels::default(),
        }
    }

    fn write(&self, pid: u32, file: &str, bytes: &[u8]) {
        let folder = self.root.path().join(pid.to_string());
        fs::create_dir_all(&folder).expect("mkdir");
        fs::write(folder.join(file), bytes).expect("write");
    }

    fn process(&self, pid: u32, comm: &[u8], number: &str) {
        let numbers = format!(
            ") S 1 1 1 0 -1 0 {n} {n} {n} {n} {n} {n} {n} {n} 20 0 {n} 0 {n} {n} {n} {n} 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 {n} 0\n",
            n = number
        );
        let start = format!("{pid} (");
        self.write(pid, "stat", &[start.as_bytes(), comm, numbers.as_bytes()].concat());
    }

    /// The whole exposition, in which no series is there twice and each line can be read.
    fn scrape(&mut self) -> BTreeMap<String, f64> {
        self.source.list().expect("listing");
        self.source.read(None, &mut self.snapshot);
        self.groups.update(&self.snapshot);
        self.labels.update(&self.snapshot, &self.groups);
        let mut exposition = Exposition::new(Format::OpenMetrics, Compression::None);
        exposition.groups(&self.groups).expect("plain");
        exposition.processes(&self.snapshot, &self.labels).expect("plain");
        let text = String::from_utf8(exposition.finish("").expect("plain").rest).expect("utf-8");
        let mut series = BTreeMap::new();
        for line in text.split_terminator('\n').filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            assert!(name.ends_with('}'), "{line:?}");
            let before = series.insert(name.to_owned(), value.parse().expect("a number"));
            assert_eq!(before, None, "{line:?}");
        }
        series
    }

    fn groups(&self) -> Vec<&str> {
        self.groups.iter().filter(|group| group.totals.processes() > 0).map(|group| &*group.name).collect()
    }
}

#[test]
fn any_name_makes_one_group() {
    let mut host = Host::new("");
    let names: [(&[u8], &str); 9] = [
        (b"a) R 1 (b", "a) R 1 (b"),
        (b")", ")"),
        (b"two\nlines", "two\nlines"),
        (b"nul\0inside", "nul\0inside"),
        (b"caf\xc3", "caf\u{fffd}"),
        (b"caf\xff", "caf\u{fffd}"),
        (b"\xf0\x9f\x92", "\u{fffd}"),
        (b"", "(unnamed)"),
        (b"tab\there", "tab\there"),
    ];
    for (pid, (name, _)) in (1..).zip(names) {
        host.process(pid, name, "1");
    }
    let series = host.scrape();
    let mut expected: Vec<&str> = names.iter().map(|(_, group)| *group).collect();
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(host.groups(), expected);
    let merged = series.get("proc_group_threads{group=\"caf\u{fffd}\"}");
    assert_eq!(merged, Some(&2.0), "two names that are equal after cleaning are one group");
}

#[test]
fn command_lines_of_any_length() {
    let mut host =
        Host::new("process_names: [{name: '{{.Matches.all}}', cmdline: ['(?s)^(?P<all>.+)$']}, {comm: [idle]}]\n");
    host.process(1, b"long", "1");
    host.write(1, "cmdline", &vec![b'x'; 2 << 20]);
    host.process(2, b"words", "1");
    host.write(2, "cmdline", &b"a\0".repeat(1 << 20));
    host.process(3, b"idle", "1");
    host.write(3, "cmdline", b"");
    host.scrape();
    let lengths: Vec<usize> = host.groups().into_iter().map(str::len).collect();
    assert_eq!(lengths, [1024, 4, 1024], "{:?}", host.groups());
    assert_eq!(host.groups()[1], "idle");
}

#[test]
fn numbers_at_the_limits_of_64_bits() {
    let mut host = Host::new(ALL);
    let most = u64::MAX.to_string();
    for pid in [1, 2] {
        host.process(pid, b"most", &most);
        host.write(pid, "status", &String::from_utf8_lossy(STATUS).replace(" kB", &format!("{most} kB")).into_bytes());
        host.write(
            pid,
            "io",
            format!(
                "rchar: {most}\nwchar: {most}\nsyscr: {most}\nsyscw: {most}\nread_bytes: {most}\nwrite_bytes: {most}\n"
            )
            .as_bytes(),
        );
        host.write(pid, "limits", format!("Max open files {most} {most} files\n").as_bytes());
        host.write(pid, "schedstat", format!("{most} {most} {most}\n").as_bytes());
        host.write(pid, "oom_score", most.as_bytes());
    }
    let series = host.scrape();
    assert_eq!(series.get("proc_group_threads{group=\"most\"}"), Some(&(u64::MAX as f64)), "a sum that cannot grow");
    assert_eq!(host.scrape(), series, "and nothing more is added");
    // One more than 64 bits hold is no number.
    host.process(2, b"most", "18446744073709551616");
    let processes =
        |series: &BTreeMap<String, f64>| series.keys().filter(|name| name.starts_with("proc_info{")).count();
    assert_eq!((processes(&series), processes(&host.scrape())), (2, 1));
}

#[test]
fn files_cut_anywhere_lose_what_they_would_have_said_and_no_more() {
    let mut host = Host::new(ALL);
    host.process(1, b"x", "7");
    host.process(2, b"x", "7");
    let stat = fs::read(host.root.path().join("1/stat")).expect("read");
    let files = [("stat", &stat[..]), ("status", STATUS), ("io", IO), ("limits", LIMITS), ("schedstat", b"1 2 3\n")];
    for pid in [1, 2] {
        for (file, whole) in &files[1..] {
            host.write(pid, file, whole);
        }
    }
    let mut before = host.scrape();
    for (file, whole) in files {
        for end in 0..whole.len() {
            host.write(1, file, &whole[..end]);
            let now = host.scrape();
            for (name, value) in &before {
                if name.contains("_total{group=") {
                    assert!(now.get(name).is_some_and(|now| now >= value), "{file} after {end} bytes: {name}");
                }
            }
            assert!(now.keys().any(|name| name.starts_with("proc_info{pid=\"2\"")), "the other one is whole");
            before = now;
        }
        host.write(1, file, whole);
        host.scrape();
    }
}

#[test]
fn a_proc_root_that_is_none_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("tempdir");
    let root = folder.path();
    let refused = |root: &Path, reason: &str| {
        let message = open(root).err().unwrap_or_default();
        assert_eq!(message, format!("{}: not a proc filesystem: {reason}", root.display()));
    };
    refused(&root.join("nothing"), "No such file or directory (os error 2)");
    fs::write(root.join("file"), "").expect("write");
    refused(&root.join("file"), "Not a directory (os error 20)");
    refused(root, "its file stat: No such file or directory (os error 2)");
    fs::write(root.join("stat"), "cpu 1 2 3\n").expect("write");
    refused(root, "its file stat has no line btime");
    fs::write(root.join("stat"), "btime soon\n").expect("write");
    refused(root, "its file stat has no line btime");
}
