//! In the steady state a scrape allocates for its answer, but nothing per process.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::path::Path;

use procession_exporter::Config;
use procession_exporter::encode::{Compression, Exposition, ProcessLabels};
use procession_exporter::group::{Groups, Selection, Threads, Waits};
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::Snapshot;
use procession_exporter::source::procfs::{Procfs, Units};
use procession_web::exposition::Format;

/// What takes every process of the captured tree, by each kind of selector that it can have.
const RULES: &str = "process_names: [{name: '{{.ExeBase}} {{.Cgroups}}', cmdline: ['.'], unit: ['*']}, {name: '{{.Comm}}', cmdline: ['']}]\n";

/// Every family, also those that are off unless switched on.
const ALL: &str = "metrics: {enable: [run_queue, oom_score, logical_io, block_delay, children_faults, memory_details, shared_memory, \
    thread_names, wait_channels, sockets, fd_types, threads_run_queue, guest_cpu, pending_signals, scheduling, limits, uptime, command_line]}\n";

#[test]
fn nothing_is_allocated_per_process() {
    check("");
    check(RULES);
    check(ALL);
}

fn check(config: &str) {
    let config = Config::parse(config, Path::new("exporter.yml"), Scheme::Procession).expect("valid");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
    let mut source = Procfs::open(&root, Path::new("/etc/passwd"), Units::of_this_system()).expect("the captured tree");
    let (mut snapshot, mut groups, mut labels) = (Snapshot::default(), Groups::default(), ProcessLabels::default());
    let (mut threads, mut waits) = (Threads::default(), Waits::default());
    source.configure(config.naming);
    source.read_for(config.families, true);
    source.scan_fully(true);
    groups.configure(config.children);
    // Too many processes for the limit: choosing among them allocates nothing either.
    let mut selection = Selection::default();
    selection.configure(5);
    let mut scrape = || {
        let mut exposition = Exposition::new(Format::OpenMetrics, Compression::None).of(config.families);
        let counted = allocation_counter::measure(|| {
            source.list().expect("listing");
            source.read(None, &mut snapshot);
            groups.update_with(&snapshot, |process, used| selection.used(process, used));
            threads.update(&snapshot, &groups);
            waits.update(&snapshot, &groups);
            selection.update(&snapshot, |_| true);
            labels.update(&snapshot, &groups);
            exposition.groups(&groups).expect("plain");
            exposition.processes_of(&selection, &snapshot, &labels).expect("plain");
        });
        counted.count_total
    };
    let first = scrape();
    scrape();
    assert!(first > 100, "the first scrape has to make everything, but made {first}");
    assert_eq!(scrape(), 0);
}
