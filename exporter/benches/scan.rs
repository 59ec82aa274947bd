//! What the parts of one scrape cost: reading this host's processes, grouping them, and writing the answer.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use procession_exporter::encode::{Compression, Exposition, ProcessLabels};
use procession_exporter::group::Groups;
use procession_exporter::snapshot::Snapshot;
use procession_exporter::source::procfs::{Procfs, Units};
use procession_web::exposition::Format;

/// One scan of this host, repeated until there are so many processes, each under a slot of its own.
fn crowd(processes: usize) -> Snapshot {
    let mut source = procfs();
    let mut seen = Snapshot::default();
    source.list().unwrap();
    source.read(None, &mut seen);
    let mut crowd = Snapshot::default();
    for (slot, process) in seen.processes().cycle().take(processes).enumerate() {
        let mut process = process.clone();
        process.slot = slot as u32;
        crowd.put(process);
    }
    crowd
}

fn procfs() -> Procfs {
    Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).unwrap()
}

fn scan(c: &mut Criterion) {
    let (mut source, mut snapshot) = (procfs(), Snapshot::default());
    c.bench_function("read every process of this host", |b| {
        b.iter(|| {
            source.list().unwrap();
            source.read(None, &mut snapshot);
            black_box(snapshot.len())
        });
    });
}

fn group_and_encode(c: &mut Criterion) {
    let snapshot = crowd(10_000);
    let mut groups = Groups::default();
    c.bench_function("group 10,000 processes", |b| b.iter(|| groups.update(black_box(&snapshot))));
    let mut labels = ProcessLabels::default();
    labels.update(&snapshot, &groups);
    for (name, compression) in [("plain", Compression::None), ("gzip", Compression::Gzip)] {
        c.bench_function(&format!("encode 10,000 processes, {name}"), |b| {
            b.iter(|| {
                let mut exposition = Exposition::new(Format::OpenMetrics, compression);
                exposition.groups(&groups).unwrap();
                exposition.processes(&snapshot, &labels).unwrap();
                black_box(exposition.finish("# EOF\n").unwrap())
            });
        });
    }
}

criterion_group!(benches, scan, group_and_encode);
criterion_main!(benches);
