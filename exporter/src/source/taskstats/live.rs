//! The records of the running kernel, where it sends them. The test says loudly where it does not.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Taskstats;
use crate::Config;
use crate::scan::Scanner;
use crate::source::procfs::{Procfs, Units};

/// The counter of lost ends on a page of what is known now.
fn lost(scanner: &mut Scanner) -> u64 {
    let mut page = Vec::new();
    let mut outlet = |piece: Vec<u8>| {
        page.extend(piece);
        Ok(())
    };
    scanner.scan(None).expect("listing");
    let (format, families) = (procession_web::exposition::Format::Text, scanner.families());
    scanner.write(format, crate::encode::Compression::None, families, &mut outlet).expect("memory");
    let page = String::from_utf8(page).expect("text");
    let line = page.lines().find(|line| line.starts_with("procession_exporter_lost_exits_total"));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("it is not there: {page}"))
}

#[test]
fn a_socket_that_runs_over_loses_what_comes_and_counts_it() {
    // The kernel makes it as large as it has to be for one record or two.
    let taskstats = match Taskstats::open_with(1) {
        Ok(taskstats) => taskstats,
        Err(untold) => {
            // Not `eprintln`, which the harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes taskstats: {untold}\n");
            return;
        }
    };
    let procfs = Procfs::open(Path::new("/proc"), Path::new("/etc/passwd"), Units::of_this_system()).expect("proc");
    let mut scanner = Scanner::new(procfs.told_by(taskstats), Config::default());
    let before = lost(&mut scanner);
    for _ in 0..50 {
        assert!(Command::new("true").status().expect("true").success());
    }
    let after = lost(&mut scanner);
    assert!(after >= before + 25, "{before} {after}");
    // There is room again, and one that ends is told of.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut taskstats = Taskstats::open_with(1).expect("as before");
    loop {
        let pid = Command::new("true").spawn().and_then(|mut child| Ok((child.id(), child.wait()?))).expect("true").0;
        let mut threads = Vec::new();
        taskstats.take(&mut threads);
        if threads.iter().any(|thread| thread.pid == pid && thread.last && thread.comm == b"true") {
            return;
        }
        assert!(Instant::now() < deadline, "none that ends is told of");
    }
}
