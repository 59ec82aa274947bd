//! Both sources look at this host at the same time: what both can tell has to be the same.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test says what it expected")]

mod running;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use procession_exporter::Config;
use procession_exporter::scan::Scanner;
use procession_exporter::snapshot::{Counter, Gauge, Process, Snapshot, State};
use procession_exporter::source::{Choice, Source};

use self::running::Page;

const TICK_NS: u64 = 10_000_000;

/// A shell that does some work and then stops itself, so that nothing about it moves any more.
struct Worker(Child);

impl Worker {
    fn start(script: &str) -> Worker {
        let script = format!("{script}; kill -STOP $$");
        let child = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).spawn().expect("sh");
        let worker = Worker(child);
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", worker.pid())).expect("its stat");
            if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')) {
                return worker;
            }
            assert!(Instant::now() < end, "it does not stop: {stat}");
            std::thread::yield_now();
        }
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `stat` has the kernel's quick count of resident pages, from which each core may hold back a batch of each of three
/// kinds; sysinfo reads `statm`, which newer kernels count exactly.
fn resident_slack() -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    3 * cores * (2 * cores).max(32) * 4096
}

fn open(choice: Choice) -> Source {
    Source::open(choice, Path::new("/proc")).expect("both are there on Linux")
}

fn scan(source: &mut Source) -> BTreeMap<u32, Process> {
    let mut snapshot = Snapshot::default();
    source.list().expect("listing");
    source.read(None, &mut snapshot);
    snapshot.processes().map(|process| (process.identity.pid, process.clone())).collect()
}

/// CPU time in both modes, in whatever way the source tells it.
fn cpu(process: &Process) -> u64 {
    [Counter::CpuUser, Counter::CpuSystem, Counter::Cpu].iter().filter_map(|c| process.counters.get(*c)).sum()
}

/// What names a process, as both sources know it: sysinfo has starts in seconds, and takes the kernel's mark off the path
/// of a file that has been replaced.
fn names(process: &Process) -> (u32, u64, String, Option<String>, bool, Option<String>, Option<String>) {
    let identity = &process.identity;
    let executable = identity.executable.as_deref();
    (
        identity.ppid,
        identity.start_ms / 1000,
        identity.name.clone(),
        identity.long_name.as_deref().map(str::to_owned),
        identity.kernel,
        executable.map(|path| path.strip_suffix(" (deleted)").unwrap_or(path).to_owned()),
        identity.user.as_deref().map(str::to_owned),
    )
}

/// 0 and "not known" are one to sysinfo.
fn known(value: Option<u64>) -> Option<u64> {
    value.filter(|value| *value > 0)
}

#[test]
fn both_sources_say_the_same_of_processes_that_hold_still() {
    let folder = tempfile::tempdir().expect("tempdir");
    let file = folder.path().join("written");
    let file = file.to_str().expect("utf-8");
    let workers = [
        Worker::start("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"),
        Worker::start(&format!("head -c 4000000 /dev/zero > {file}; exec 7<{file} 8<{file} 9<{file}")),
        Worker::start("ulimit -Sn 77"),
    ];
    let (mut procfs, mut sysinfo) = (open(Choice::Procfs), open(Choice::Sysinfo));
    let (expected, seen) = (scan(&mut procfs), scan(&mut sysinfo));
    for worker in &workers {
        let (expected, seen) = (&expected[&worker.pid()], &seen[&worker.pid()]);
        assert_eq!(names(seen), names(expected));
        assert_eq!((seen.state, expected.state), (State::Stopped, State::Stopped));
        assert_eq!(cpu(seen), cpu(expected));
        for counter in [Counter::Read, Counter::Written] {
            let (seen, expected) = (seen.counters.get(counter), expected.counters.get(counter));
            assert_eq!(known(seen), known(expected), "{counter:?}");
        }
        let resident = |process: &Process| process.gauges.get(Gauge::Resident).expect("it has memory");
        assert!(resident(seen).abs_diff(resident(expected)) <= resident_slack(), "{seen:?} {expected:?}");
        for gauge in [Gauge::Virtual, Gauge::Threads, Gauge::OpenFds, Gauge::FdLimit] {
            assert_eq!(seen.gauges.get(gauge), expected.gauges.get(gauge), "{gauge:?}");
        }
    }
    assert!(cpu(&seen[&workers[0].pid()]) >= TICK_NS, "it has worked");
    assert!(seen[&workers[1].pid()].gauges.get(Gauge::OpenFds) > seen[&workers[0].pid()].gauges.get(Gauge::OpenFds));
    assert_eq!(seen[&workers[2].pid()].gauges.get(Gauge::FdLimit), Some(77));
}

#[test]
fn sysinfo_lies_between_two_readings_of_proc_for_every_process_of_this_host() {
    let mut working = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("sh");
    let (mut procfs, mut sysinfo) = (open(Choice::Procfs), open(Choice::Sysinfo));
    let (before, between, after) = (scan(&mut procfs), scan(&mut sysinfo), scan(&mut procfs));
    let (mut compared, mut kernel) = (0, 0);
    for (pid, before) in &before {
        let Some(after) = after.get(pid) else { continue };
        // One that has become another program meanwhile may be seen as either.
        if names(before) != names(after) {
            continue;
        }
        let seen = between.get(pid).unwrap_or_else(|| panic!("{pid} is there before and after: {before:?}"));
        assert_eq!(names(seen), names(before), "{pid}");
        let (least, most) = (cpu(before), cpu(after));
        assert!((least..=most).contains(&cpu(seen)), "{pid}: {} is not in {least}..={most}", cpu(seen));
        for counter in [Counter::Read, Counter::Written] {
            let value = |process: &Process| process.counters.get(counter).unwrap_or(0);
            assert!((value(before)..=value(after)).contains(&value(seen)), "{pid}: {counter:?}");
        }
        compared += 1;
        kernel += u32::from(seen.identity.kernel);
    }
    let pid = working.id();
    working.kill().expect("kill");
    working.wait().expect("wait");
    assert!(between.contains_key(&pid), "the child that works");
    assert!(compared > 1, "this test and its child at least");
    println!("{compared} processes compared, {kernel} of the kernel");
}

#[test]
fn slots_and_identities_stay_from_scan_to_scan_also_where_there_is_no_time() {
    let worker = Worker::start("true");
    let mut sysinfo = open(Choice::Sysinfo);
    let mut snapshot = Snapshot::default();
    sysinfo.list().expect("listing");
    sysinfo.read(None, &mut snapshot);
    let first = snapshot.processes().find(|process| process.identity.pid == worker.pid()).expect("the child").clone();
    sysinfo.list().expect("listing");
    sysinfo.read(Some(Instant::now()), &mut snapshot);
    assert!(snapshot.skipped > 0);
    for late in [true, false] {
        if !late {
            sysinfo.list().expect("listing");
            sysinfo.read(None, &mut snapshot);
        }
        let again = snapshot.processes().find(|process| process.identity.pid == worker.pid()).expect("its reading");
        assert_eq!(again.slot, first.slot);
        assert!(std::sync::Arc::ptr_eq(&again.identity, &first.identity));
        assert_eq!(again.counters, first.counters);
    }
}

/// `ci/test` runs this one without the feature `procfs` too: it is then what the exporter is on other systems.
#[test]
fn the_best_source_is_chosen_and_named() {
    let source = Source::open(Choice::Auto, Path::new("/proc")).expect("there is one everywhere");
    let mode = if cfg!(feature = "procfs") { "user" } else { "all" };
    let name = match cfg!(feature = "procfs") {
        true if source.refusal().is_none() => "bpf",
        true => "procfs",
        false => "sysinfo",
    };
    assert_eq!(source.name(), name);
    let reason = source.refusal().map(|refusal| format!(",reason=\"{}\"", refusal.as_str())).unwrap_or_default();
    assert_eq!(reason.contains("not_built"), cfg!(all(feature = "procfs", not(feature = "bpf"))));
    assert_eq!(Source::open(Choice::Procfs, Path::new("/proc")).is_ok(), cfg!(feature = "procfs"));
    let mut scanner = Scanner::new(source, Config::default());
    scanner.scan(None).expect("listing");
    let page = Page::of(&mut scanner).0;
    assert!(page.contains(&format!("\nprocession_exporter_source_info{{source=\"{name}\"{reason}}} 1\n")), "{page}");
    // Of this process, which may not have used a tick yet, nothing is sure; of the host it is.
    let with_mode = page.lines().filter(|line| line.starts_with("proc_group_cpu_seconds_total{"));
    assert!(with_mode.clone().count() > 0 && with_mode.clone().any(|line| line.contains(&format!("mode=\"{mode}\""))));
}
