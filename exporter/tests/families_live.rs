//! Families that are off unless switched on, of a real process whose state is known.
#![cfg(all(target_os = "linux", feature = "procfs"))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use procession_exporter::Config;
use procession_exporter::metric::Scheme;
use procession_exporter::snapshot::{Bound, Counter, Gauge, Resource, Snapshot, State};
use procession_exporter::source::procfs::{Procfs, Units};

const FAMILIES: &str =
    "metrics: {enable: [fd_types, threads_run_queue, pending_signals, scheduling, limits, command_line]}\n";

/// Killed at the end, whatever happens.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill");
    assert!(sent.success(), "{name}");
}

#[test]
fn a_stopped_process_tells_what_it_was_given() {
    // It says that it has begun and stops itself; what is sent to it then waits.
    let script = "ulimit -Sn 80; ulimit -Hn 90; printf x; kill -STOP $$";
    let mut child = Stopped(
        Command::new("nice")
            .args(["-n", "7", "sh", "-c", script, "two words"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh"),
    );
    child.0.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("it has begun");
    let mut source = Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc");
    let config = Config::parse(FAMILIES, Path::new("x.yml"), Scheme::Procession).expect("valid");
    source.read_for(config.families, true);
    let mut snapshot = Snapshot::default();
    let pid = child.0.id();
    let (mut sent, mut slot) = (false, None);
    // It stops at once.
    for _ in 0..10_000 {
        source.list().expect("listing");
        // Of no other process is anything read that it can do without: it has its turn in every scan then.
        source.read_of(None, &mut snapshot, |any| Some(any) == slot);
        let process = snapshot.processes().find(|process| process.identity.pid == pid).expect("it lives");
        slot = Some(process.slot);
        if process.state == State::Stopped && !sent {
            for name in ["-TERM", "-USR1", "-TERM"] {
                signal(&child.0, name);
            }
            sent = true;
            // Processes that have not run are read in every eighth scan only.
            source.scan_fully(true);
            continue;
        }
        if !sent || process.gauges.get(Gauge::FileFds).is_none() || process.gauges.get(Gauge::PendingSignals) == Some(0)
        {
            continue;
        }
        let gauge = |gauge| process.gauges.get(gauge);
        assert_eq!(gauge(Gauge::PendingSignals), Some(2), "each kind waits once");
        // Whoever runs this may be nice already.
        let nice = gauge(Gauge::Nice).expect("it is in stat").cast_signed();
        assert!((7..=19).contains(&nice), "{nice}");
        assert_eq!((gauge(Gauge::RealtimePriority), gauge(Gauge::Policy)), (Some(0), Some(0)));
        // Whoever runs this may have left it more.
        assert!(gauge(Gauge::PipeFds) >= Some(1) && gauge(Gauge::FileFds) >= Some(2), "its output, input and errors");
        assert_eq!(Gauge::FDS.into_iter().map(gauge).sum::<Option<u64>>(), gauge(Gauge::OpenFds));
        let limit = |bound| process.limits.as_ref().and_then(|limits| limits.get(Resource::OpenFiles, bound));
        assert_eq!([Bound::Soft, Bound::Hard].map(limit), [Some(80), Some(90)]);
        assert_eq!(process.identity.command_line.as_deref(), Some(format!("sh -c {script} two words").as_str()));
        assert!(process.counters.get(Counter::ThreadsRunQueue).is_some());
        return;
    }
    panic!("it was never seen stopped, with signals that wait");
}
