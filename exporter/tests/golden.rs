//! One scan of the captured tree, against the exposition that it must give. A scan before it finds nothing, so that all that the processes
//! have used is counted, and that all of them have started since.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::path::{Path, PathBuf};

use procession_exporter::encode::{Compression, Exposition, Finished, ProcessLabels, ScrapeErrors};
use procession_exporter::group::Groups;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::Snapshot;
use procession_exporter::source::procfs::{Procfs, Units};
use procession_web::exposition::Format;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn source() -> Procfs {
    let units = Units { ticks_per_second: 100, page_bytes: 4096 };
    Procfs::open(&fixture("proc"), &fixture("passwd"), units).expect("the captured tree")
}

fn scan(source: &mut Procfs) -> Snapshot {
    let mut snapshot = Snapshot::default();
    source.list().expect("listing");
    source.read(None, &mut snapshot);
    snapshot
}

fn exposition(format: Format) -> String {
    let snapshot = scan(&mut source());
    let (mut groups, mut labels) = (Groups::default(), ProcessLabels::default());
    groups.update(&Snapshot::default());
    groups.update(&snapshot);
    labels.update(&snapshot, &groups);
    let mut exposition = Exposition::new(format, Compression::None);
    exposition.groups(&groups).expect("plain");
    exposition.processes(&snapshot, &labels).expect("plain");
    let end = if format == Format::OpenMetrics { "# EOF\n" } else { "" };
    let Finished { rest: body, bytes, .. } = exposition.finish(end).expect("plain");
    assert_eq!(body.len(), bytes);
    String::from_utf8(body).expect("labels are cleaned")
}

/// Each family's name, type and labels, as the README of process-exporter states them, in its order; in text 0.0.4.
const NAMED: &str = "\
    num_procs gauge\ncpu_seconds_total counter mode\nread_bytes_total counter\nwrite_bytes_total counter\n\
    major_page_faults_total counter\nminor_page_faults_total counter\ncontext_switches_total counter ctxswitchtype\n\
    memory_bytes gauge memtype\nopen_filedesc gauge\nworst_fd_ratio gauge\noldest_start_time_seconds gauge\n\
    num_threads gauge\nstates gauge state\n";

fn named(format: Format) -> String {
    let mut source = source();
    let snapshot = scan(&mut source);
    let mut groups = Groups::default();
    groups.update(&Snapshot::default());
    groups.update(&snapshot);
    let mut exposition = Exposition::new(format, Compression::None);
    exposition.groups_as(Scheme::ProcessExporter, &groups).expect("plain");
    exposition.scrape_errors(ScrapeErrors { scrapes: 1, processes: 2, files: 3 });
    let end = if format == Format::OpenMetrics { "# EOF\n" } else { "" };
    String::from_utf8(exposition.finish(end).expect("plain").rest).expect("labels are cleaned")
}

#[test]
fn the_families_of_process_exporter_in_text() {
    let text = named(Format::Text);
    compare(&text, "named.prom");
    let mut families = String::new();
    for line in text.lines() {
        if let Some(family) = line.strip_prefix("# TYPE namedprocess_namegroup_") {
            families.push_str(family);
            let name = family.split(' ').next().unwrap_or_default();
            let start = format!("namedprocess_namegroup_{name}{{");
            let sample = text.lines().find_map(|line| line.strip_prefix(start.as_str())).expect("a sample");
            let labels: Vec<&str> = sample.split("\",").map(|l| l.split('=').next().unwrap_or_default()).collect();
            assert_eq!(labels[0], "groupname");
            for label in &labels[1..] {
                families.push(' ');
                families.push_str(label);
            }
            families.push('\n');
        }
    }
    assert_eq!(families, NAMED);
    assert!(
        text.ends_with("# TYPE namedprocess_scrape_partial_errors counter\nnamedprocess_scrape_partial_errors 3\n")
    );
}

#[test]
fn the_families_of_process_exporter_in_openmetrics() {
    compare(&named(Format::OpenMetrics), "named.openmetrics");
}

fn check(format: Format, golden: &str) {
    compare(&exposition(format), golden);
}

fn compare(text: &str, golden: &str) {
    let file = fixture(golden);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).expect("write");
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    for (number, (line, expected)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(line, expected, "line {} of {}", number + 1, file.display());
    }
    assert_eq!(text.len(), golden.len(), "{}", file.display());
}

#[test]
fn openmetrics() {
    check(Format::OpenMetrics, "golden.openmetrics");
}

#[test]
fn text() {
    check(Format::Text, "golden.prom");
}

#[test]
fn what_could_not_be_read_is_counted_and_what_vanished_is_not() {
    let mut source = source();
    let pids: Vec<u32> = scan(&mut source).processes().map(|p| p.identity.pid).collect();
    assert_eq!(pids, [2, 12, 14, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 200]);
    assert_eq!(source.vanished(), 1);
    let errors: Vec<_> = source.read_errors().filter(|e| e.count > 0).map(|e| (e.file, e.reason, e.count)).collect();
    assert_eq!(errors, [("stat", "malformed", 1), ("status", "malformed", 1), ("io", "other", 1)]);
}

#[test]
fn a_second_scan_of_the_same_adds_nothing() {
    let mut source = source();
    let mut groups = Groups::default();
    groups.update(&scan(&mut source));
    let before: Vec<_> = groups.iter().map(|g| (g.name.clone(), g.totals.clone())).collect();
    groups.update(&scan(&mut source));
    let after: Vec<_> = groups.iter().map(|g| (g.name.clone(), g.totals.clone())).collect();
    assert_eq!(before, after);
}
