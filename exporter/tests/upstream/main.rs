//! The captured trees of prometheus/procfs and of process-exporter, with the values that their own tests state.
//!
//! `ci/upstream-cases` fetches them; without it these tests say that they look at nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

mod ttar;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use procession_exporter::Config;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::{Counter, Gauge, Membership, Process, Snapshot, State};
use procession_exporter::source::procfs::{Procfs, Units};

/// A folder that `ci/upstream-cases` makes.
fn upstream(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/upstream").join(name);
    if !folder.exists() {
        // Not `eprintln`, which nobody would see: the test passes.
        let _ =
            writeln!(std::io::stderr(), "PASSED OVER: {} is not there (ci/upstream-cases {name})", folder.display());
        return None;
    }
    Some(folder)
}

/// Reads a tree with everything switched on, and with rules that the processes have to match.
fn scan(root: &Path, rules: &str) -> (Vec<Process>, Vec<(String, String)>) {
    let units = Units { ticks_per_second: 100, page_bytes: 4096 };
    let mut source = Procfs::open(root, Path::new("/nonexistent/passwd"), units).expect("a proc root");
    let all =
        "metrics: {enable: [run_queue, oom_score, logical_io, block_delay, children_faults, memory_details, limits]}\n";
    let config = Config::parse(&format!("{all}{rules}"), Path::new("x.yml"), Scheme::Procession).expect("valid");
    source.configure(config.naming);
    source.read_for(config.families, true);
    let mut snapshot = Snapshot::default();
    source.list().expect("listing");
    source.read(None, &mut snapshot);
    let errors = source.read_errors().filter(|error| error.count > 0);
    let errors = errors.map(|error| (error.file.to_owned(), error.reason.to_owned())).collect();
    (snapshot.processes().cloned().collect(), errors)
}

fn by_pid(processes: &[Process], pid: u32) -> &Process {
    processes.iter().find(|process| process.identity.pid == pid).expect("it is seen")
}

fn counters(process: &Process, expected: &[(Counter, u64)]) {
    for (counter, value) in expected {
        assert_eq!(process.counters.get(*counter), Some(*value), "{counter:?}");
    }
}

fn gauges(process: &Process, expected: &[(Gauge, u64)]) {
    for (gauge, value) in expected {
        assert_eq!(process.gauges.get(*gauge), Some(*value), "{gauge:?}");
    }
}

const TICK_NS: u64 = 10_000_000;

/// `proc_stat_test.go`, `proc_io_test.go`, `proc_limits_test.go`, `proc_status_test.go`, `proc_test.go`, `schedstat_test.go`.
#[test]
fn prometheus_procfs() {
    let Some(folder) = upstream("procfs") else { return };
    let archive = std::fs::read_to_string(folder.join("testdata/fixtures.ttar")).expect("the archive");
    let tree = tempfile::tempdir().expect("tempdir");
    ttar::unpack(&archive, tree.path());
    let rules = "process_names:\n- {name: edits, cmdline: ['^vim test\\.go \\+10$']}\n- {name: '{{.Comm}}', comm: [ata_sff, '(a b ) ( c d) ']}\n";
    let (processes, errors) = scan(&tree.path().join("fixtures/proc"), rules);
    let pids: Vec<u32> = processes.iter().map(|process| process.identity.pid).collect();
    assert_eq!(pids, [584, 26231, 26232], "26233 has no stat");

    let vim = by_pid(&processes, 26231);
    let names = &vim.identity;
    assert_eq!((names.name.as_str(), names.ppid, vim.state), ("vim", 5392, State::Running));
    assert_eq!(names.executable.as_deref(), Some("/usr/bin/vim"));
    assert_eq!(names.user.as_deref(), Some("1000"));
    assert_eq!(names.start_ms, 1_418_184_099_750);
    assert!(matches!(&names.membership, Membership::Rule { rule: 1, group } if &**group == "edits"), "{names:?}");
    counters(
        vim,
        &[
            (Counter::CpuUser, 1677 * TICK_NS),
            (Counter::CpuSystem, 44 * TICK_NS),
            (Counter::BlockDelay, 31 * TICK_NS),
            (Counter::RunQueue, 93_680_043),
            (Counter::Read, 1024),
            (Counter::Written, 2048),
            (Counter::LogicalRead, 750_339),
            (Counter::LogicalWritten, 818_609),
            (Counter::ReadCalls, 7405),
            (Counter::WriteCalls, 5245),
            (Counter::Voluntary, 4_742_839),
            (Counter::Involuntary, 1_727_500),
        ],
    );
    gauges(
        vim,
        &[
            (Gauge::Virtual, 56_274_944),
            (Gauge::Resident, 1981 * 4096),
            (Gauge::Swap, 660 * 1024),
            (Gauge::Anonymous, 2092 * 1024),
            (Gauge::FileBacked, 4624 * 1024),
            (Gauge::Shared, 0),
            (Gauge::Locked, 0),
            (Gauge::Data, 2580 * 1024),
            (Gauge::Stack, 136 * 1024),
            (Gauge::OpenFds, 5),
            (Gauge::FdLimit, 2048),
        ],
    );

    assert_eq!(by_pid(&processes, 584).identity.name, "(a b ) ( c d) ");

    // Its kernel says that children have used -2^63 ticks in user mode, and 2^63 - 1 in kernel mode.
    let thread = by_pid(&processes, 26232);
    assert_eq!((thread.identity.name.as_str(), thread.identity.kernel), ("ata_sff", true));
    assert_eq!(thread.identity.executable, None);
    assert_eq!(thread.counters.get(Counter::ChildrenUser), None, "below 0 is not known");
    assert_eq!(thread.counters.get(Counter::ChildrenSystem), Some(u64::MAX), "more than nanoseconds can count");
    gauges(thread, &[(Gauge::OpenFds, 5), (Gauge::FdLimit, 1024)]);
    // That of 26233, which has no stat, is not one: whether it is read at all is the source's business.
    assert!(
        errors.iter().all(|(file, reason)| (file.as_str(), reason.as_str()) == ("schedstat", "malformed")),
        "{errors:?}"
    );
}

/// A tree of ours, with the numbers that process-exporter's tests state: it is there in any case.
#[test]
fn the_numbers_of_process_exporter() {
    process_exporter(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/process-exporter"));
}

#[test]
fn the_tree_of_process_exporter() {
    if let Some(folder) = upstream("process-exporter") {
        process_exporter(&folder.join("fixtures"));
    }
}

/// `proc/read_test.go`.
fn process_exporter(folder: &Path) {
    let rules = "process_names: [{name: '{{.ExeFull}}', cmdline: ['^\\./process-exporter -procnames bash$']}]\n";
    let (processes, errors) = scan(folder, rules);
    assert_eq!(processes.len(), 1);
    let process = by_pid(&processes, 14804);
    let names = &process.identity;
    assert_eq!((names.name.as_str(), names.ppid, process.state), ("process-exporte", 10884, State::Sleeping));
    assert_eq!(names.start_ms, 1_508_453_571_190);
    assert_eq!(names.user.as_deref(), Some("1000"));
    assert_eq!(names.container.as_deref(), Some("8dde0b0d6e919baef8d635cd9399b22639ed1e400eaec1b1cb94ff3b216cf3c3"));
    assert!(
        matches!(&names.membership, Membership::Rule { rule: 1, group } if &**group == "./process-exporter"),
        "{names:?}"
    );
    counters(
        process,
        &[
            (Counter::CpuUser, 100_000_000),
            (Counter::CpuSystem, 40_000_000),
            (Counter::Read, 1_814_455),
            (Counter::Written, 0),
            (Counter::MajorFaults, 0x2ff),
            (Counter::MinorFaults, 0x643),
            (Counter::Voluntary, 72),
            (Counter::Involuntary, 6),
        ],
    );
    gauges(
        process,
        &[
            (Gauge::Resident, 0x7b1000),
            (Gauge::Virtual, 0x0106_1000),
            (Gauge::Swap, 0x2800),
            (Gauge::OpenFds, 5),
            (Gauge::FdLimit, 0x400),
            (Gauge::Threads, 7),
        ],
    );
    assert_eq!(errors, []);
}
