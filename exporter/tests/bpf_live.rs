//! BPF and `/proc` look at this host at the same time, while it forks, execs, starts threads and ends them: what both tell has to
//! be the same.
#![cfg(all(target_os = "linux", feature = "bpf"))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use procession_exporter::Error;
use procession_exporter::metric::{Families, Family};
use procession_exporter::snapshot::{Counter, Gauge, Identity, Process, Snapshot, State};
use procession_exporter::source::{Choice, Refusal, Source};

const TICK_NS: u64 = 10_000_000;
/// The kernel counts in some nanoseconds that it rounds away elsewhere.
const BOTH_MODES: [Counter; 2] = [Counter::CpuUser, Counter::CpuSystem];
const EXACT: [Counter; 16] = [
    Counter::Guest,
    Counter::ThreadsRunQueue,
    Counter::MinorFaults,
    Counter::MajorFaults,
    Counter::ChildrenMinorFaults,
    Counter::ChildrenMajorFaults,
    Counter::Read,
    Counter::Written,
    Counter::LogicalRead,
    Counter::LogicalWritten,
    Counter::ReadCalls,
    Counter::WriteCalls,
    Counter::Voluntary,
    Counter::Involuntary,
    Counter::RunQueue,
    Counter::BlockDelay,
];
const GAUGES: [Gauge; 15] = [
    Gauge::Nice,
    Gauge::RealtimePriority,
    Gauge::Policy,
    Gauge::PendingSignals,
    Gauge::Virtual,
    Gauge::Swap,
    Gauge::Threads,
    Gauge::OpenFds,
    Gauge::FdLimit,
    Gauge::Anonymous,
    Gauge::FileBacked,
    Gauge::Shared,
    Gauge::Locked,
    Gauge::Data,
    Gauge::Stack,
];

/// BPF, where this machine lets a test have it. Says loudly where it does not; a program that is refused fails the test.
fn bpf() -> Option<Source> {
    match Source::open(Choice::Bpf, Path::new("/proc")) {
        Ok(source) => Some(source),
        Err(Error::NoBpf(Refusal::Refused(reason))) => panic!("the kernel refuses: {reason}"),
        Err(error) => {
            // Not `eprintln`, which the harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes BPF: {error}\n");
            None
        }
    }
}

fn procfs() -> Source {
    let mut source = Source::open(Choice::Procfs, Path::new("/proc")).expect("proc");
    source.scan_fully(true);
    source
}

fn scan(source: &mut Source) -> BTreeMap<u32, Process> {
    let families = [Family::RunQueue, Family::BlockDelay, Family::LogicalIo, Family::MemoryDetails];
    let beyond =
        [Family::GuestCpu, Family::Scheduling, Family::PendingSignals, Family::Limits, Family::ThreadsRunQueue];
    let families = families.into_iter().chain(beyond).fold(Families::default(), Families::with);
    source.read_for(families, true);
    let mut snapshot = Snapshot::default();
    source.list().expect("listing");
    source.read(None, &mut snapshot);
    snapshot.processes().map(|process| (process.identity.pid, process.clone())).collect()
}

fn total(process: &Process) -> u64 {
    BOTH_MODES.iter().filter_map(|mode| process.counters.get(*mode)).sum()
}

/// Processes that are ended with the test.
struct Children(Vec<Child>);

impl Children {
    fn start(&mut self, script: &str) -> u32 {
        let child = Command::new("bash").args(["-c", script]).stdin(Stdio::null()).spawn().expect("bash");
        let pid = child.id();
        self.0.push(child);
        pid
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn until_stopped(pid: u32) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its stat");
        if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')) {
            return;
        }
        assert!(Instant::now() < end, "it does not stop: {stat}");
        std::thread::yield_now();
    }
}

#[test]
fn both_say_the_same_of_processes_that_hold_still() {
    let Some(mut bpf) = bpf() else { return };
    let folder = tempfile::tempdir().expect("tempdir");
    let file = folder.path().join("written");
    let file = file.to_str().expect("utf-8");
    let mut children = Children(Vec::new());
    let pids = [
        "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; kill -STOP $$".to_owned(),
        format!("head -c 4000000 /dev/zero > {file}; sync {file}; exec 7<{file} 8<{file} 9<{file}; kill -STOP $$"),
        // More files than there are bits in one word, and than fit a small table.
        format!("ulimit -Sn 1000; for i in $(seq 20 620); do eval \"exec $i<{file}\"; done; kill -STOP $$"),
        "for i in 1 2 3 4 5; do cat /proc/self/stat >/dev/null; done; exec -a other bash -c 'kill -STOP $$'".to_owned(),
    ]
    .map(|script| {
        let pid = children.start(&script);
        until_stopped(pid);
        pid
    });
    let (expected, seen) = (scan(&mut procfs()), scan(&mut bpf));
    for pid in pids {
        let (expected, seen) = (&expected[&pid], &seen[&pid]);
        assert_eq!(seen.identity, expected.identity);
        assert_eq!((seen.state, expected.state), (State::Stopped, State::Stopped));
        for counter in EXACT {
            let (mut seen, mut expected) = (seen.counters.get(counter), expected.counters.get(counter));
            if counter == Counter::BlockDelay {
                (seen, expected) = (seen.map(|ns| ns / TICK_NS), expected.map(|ns| ns / TICK_NS));
            }
            assert_eq!(seen, expected, "{counter:?}");
        }
        for counter in BOTH_MODES.into_iter().chain([Counter::ChildrenUser, Counter::ChildrenSystem]) {
            let (seen, expected) = (seen.counters.get(counter), expected.counters.get(counter));
            // The file has whole ticks.
            assert_eq!(seen.map(|ns| ns / TICK_NS * TICK_NS), expected, "{counter:?}");
        }
        for gauge in GAUGES {
            assert_eq!(seen.gauges.get(gauge), expected.gauges.get(gauge), "{gauge:?} of {pid}");
        }
        assert!(seen.limits.is_some() && seen.limits == expected.limits, "{:?} {:?}", seen.limits, expected.limits);
        let kinds = [Gauge::Anonymous, Gauge::FileBacked, Gauge::Shared].map(|kind| seen.gauges.get(kind).unwrap_or(0));
        assert_eq!(seen.gauges.get(Gauge::Resident), Some(kinds.iter().sum()));
    }
    assert!(total(&seen[&pids[0]]) >= TICK_NS, "it has worked");
    assert!(seen[&pids[1]].counters.get(Counter::ChildrenMinorFaults) > Some(0), "it has waited for a child");
    assert!(seen[&pids[2]].gauges.get(Gauge::OpenFds) > Some(600));
    assert_eq!(seen[&pids[2]].gauges.get(Gauge::FdLimit), Some(1000));
}

/// What names a process, whatever becomes of it.
fn names(identity: &Identity) -> Identity {
    // The kernel's workers are called after what they do at the moment.
    Identity { name: String::new(), long_name: None, membership: identity.membership.clone(), ..identity.clone() }
}

/// Whether a process has not run between two readings of `/proc`.
fn rested(before: &Process, after: &Process) -> bool {
    let still = |counter: Counter| before.counters.get(counter) == after.counters.get(counter);
    [Counter::Voluntary, Counter::Involuntary, Counter::RunQueue].into_iter().all(still)
        && before.gauges.get(Gauge::Threads) == Some(1)
        && before.state == after.state
        && before.state != State::Running
}

#[test]
fn three_sources_agree_on_every_process_of_a_busy_host() {
    let Some(mut bpf) = bpf() else { return };
    let mut children = Children(Vec::new());
    children.start("while :; do /bin/true; done");
    children.start("while :; do (exec -a first bash -c 'exec -a second bash -c \"exec true\"'); done");
    let worker = children.start("while :; do :; done");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Threads of this process that start and end all the time.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let threads: Vec<_> =
                    (0..8).map(|_| std::thread::spawn(|| std::hint::black_box((0..99_999).sum::<u64>()))).collect();
                threads.into_iter().for_each(|thread| drop(thread.join()));
            }
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let (mut compared, mut resting, mut last) = (0, 0, BTreeMap::new());
            let mut sysinfo = Source::open(Choice::Sysinfo, Path::new("/proc")).expect("it is there on Linux");
            let mut all_three = 0;
            for _ in 0..5 {
                let mut procfs = procfs();
                let before = scan(&mut procfs);
                let (between, third) = (scan(&mut bpf), scan(&mut sysinfo));
                let after = scan(&mut procfs);
                let counts = compare(&before, &between, &after);
                all_three += compare_third(&before, &between, &third, &after);
                (compared, resting) = (compared + counts.0, resting + counts.1);
                grows(&last, &between);
                last = between;
            }
            assert!(last.contains_key(&worker) && last.contains_key(&std::process::id()));
            println!("{compared} readings compared, {resting} of them of processes that rested");
            assert!(compared > 50 && resting > 10 && all_three > 50);
        }));
        over.store(true, Ordering::Relaxed);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

fn compare(
    before: &BTreeMap<u32, Process>,
    between: &BTreeMap<u32, Process>,
    after: &BTreeMap<u32, Process>,
) -> (u32, u32) {
    let (mut compared, mut resting) = (0, 0);
    for (pid, before) in before {
        let Some(after) = after.get(pid) else { continue };
        // One that has become another program meanwhile may be seen as either.
        if before.identity != after.identity {
            continue;
        }
        let seen = between.get(pid).unwrap_or_else(|| panic!("{pid} is there before and after: {before:?}"));
        let is = format!("{pid} {}", before.identity.name);
        assert_eq!(names(&seen.identity), names(&before.identity), "{is}");
        assert!(seen.identity.name == before.identity.name || seen.identity.kernel, "{is}");
        let (least, most) = (total(before), total(after) + 2 * TICK_NS);
        assert!((least..=most).contains(&total(seen)), "{is}: {} is not in {least}..={most}", total(seen));
        for mode in BOTH_MODES {
            let value = |process: &Process| process.counters.get(mode).expect("always known");
            let most = value(before) + (most - least) + TICK_NS;
            assert!((value(before)..=most).contains(&value(seen)), "{is}: {mode:?} {} {}", value(before), value(seen));
        }
        let rested = rested(before, after);
        // What ended threads have waited each source knows only as far as it has seen them.
        for counter in EXACT.into_iter().filter(|counter| *counter != Counter::ThreadsRunQueue) {
            let value = |process: &Process| process.counters.get(counter).unwrap_or(0);
            let most = value(after) + if counter == Counter::BlockDelay { TICK_NS } else { 0 };
            assert!(
                (value(before)..=most).contains(&value(seen)),
                "{is}: {counter:?} {} is not in {}..={most}",
                value(seen),
                value(before)
            );
        }
        if rested {
            for gauge in GAUGES {
                let value = |process: &Process| process.gauges.get(gauge);
                // Memory can be taken away and shared with others while a process rests.
                let same = value(before) == value(after);
                assert!(!same || value(seen) == value(before), "{is}: {gauge:?} {:?} {:?}", value(seen), value(before));
            }
            assert_eq!(seen.state, before.state, "{is}");
        }
        compared += 1;
        resting += u32::from(rested);
    }
    (compared, resting)
}

/// What the library sysinfo says, between the same two readings: it knows less, and CPU time in milliseconds of whole ticks. Where
/// nothing has moved, all three say the same. How many processes were compared.
fn compare_third(
    before: &BTreeMap<u32, Process>,
    between: &BTreeMap<u32, Process>,
    third: &BTreeMap<u32, Process>,
    after: &BTreeMap<u32, Process>,
) -> u32 {
    let mut compared = 0;
    for (pid, before) in before {
        let (Some(after), Some(between)) = (after.get(pid), between.get(pid)) else { continue };
        if before.identity != after.identity {
            continue;
        }
        let seen = third.get(pid).unwrap_or_else(|| panic!("{pid} is there before and after: {before:?}"));
        let is = format!("{pid} {}", before.identity.name);
        let named = |process: &Process| {
            (process.identity.ppid, process.identity.start_ms / 1000, process.identity.user.clone())
        };
        assert_eq!(named(seen), named(before), "{is}");
        // 0 and "not known" are one to it.
        let in_between = |what: &str, value: Option<u64>, least: u64, most: u64| {
            let value = value.unwrap_or(0);
            assert!((least..=most).contains(&value), "{is}: {what} {value} is not in {least}..={most}");
        };
        in_between("CPU time", seen.counters.get(Counter::Cpu), total(before), total(after) + 2 * TICK_NS);
        for counter in [Counter::Read, Counter::Written] {
            let value = |process: &Process| process.counters.get(counter).unwrap_or(0);
            in_between(&format!("{counter:?}"), seen.counters.get(counter), value(before), value(after));
        }
        if rested(before, after) {
            // Each mode in whole ticks.
            let exact = total(between);
            in_between("CPU time", seen.counters.get(Counter::Cpu), exact.saturating_sub(2 * TICK_NS), exact);
            for gauge in [Gauge::Virtual, Gauge::OpenFds] {
                let value = |process: &Process| process.gauges.get(gauge).unwrap_or(0);
                if value(before) == value(after) {
                    assert_eq!((value(seen), value(between)), (value(before), value(before)), "{is}: {gauge:?}");
                }
            }
        }
        compared += 1;
    }
    compared
}

/// Counters of the same process never fall from scan to scan.
fn grows(last: &BTreeMap<u32, Process>, now: &BTreeMap<u32, Process>) {
    for (pid, now) in now {
        let Some(last) = last.get(pid).filter(|last| last.identity.same_process(&now.identity)) else { continue };
        for counter in Counter::ALL {
            if counter == Counter::ThreadsRunQueue {
                continue;
            }
            // Each scan here is the first one of a snapshot: modes are as the ticks have fallen so far, their sum grows.
            if !BOTH_MODES.contains(&counter) {
                assert!(now.counters.get(counter) >= last.counters.get(counter), "{pid} {counter:?}: {last:?} {now:?}");
            }
        }
        assert!(total(now) >= total(last), "{pid}: {last:?} {now:?}");
    }
}
