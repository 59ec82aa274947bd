//! The programs in the running kernel, where it takes them. The tests say loudly where it does not.

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use super::programs::{OBJECT, Programs};
use super::record::Record;
use crate::source::Refusal;

fn load(exit_bytes: u32) -> Option<Programs> {
    match Programs::load_with(Some(exit_bytes)) {
        Ok(programs) => Some(programs),
        Err(refusal) => {
            // Not `eprintln`, which the harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "\n!!! NOT TESTED, this takes BPF: {refusal}\n");
            assert!(!matches!(refusal, Refusal::Refused(ref said) if !said.contains("not permitted")), "{refusal}");
            None
        }
    }
}

fn run(times: u32) {
    for _ in 0..times {
        assert!(Command::new("true").status().expect("true").success());
    }
}

#[test]
fn a_buffer_that_runs_over_loses_what_comes_and_counts_it() {
    let Some(mut programs) = load(4096) else { return };
    // There is room for some fifteen records, and each process makes two.
    run(50);
    let lost = programs.exits().expect("told").lost();
    let mut records: Vec<Record> = Vec::new();
    let exits = programs.exits_mut().expect("told");
    exits.take(&mut records);
    assert!((1..=15).contains(&records.len()), "{}", records.len());
    assert!(lost >= 50 - 15, "{lost}");
    assert!(records.iter().all(|record| record.pid > 0 && record.start_ns > 0));
    // There is room again.
    let pid = Command::new("true").spawn().and_then(|mut child| Ok((child.id(), child.wait()?))).expect("true").0;
    let end = Instant::now() + Duration::from_secs(30);
    let mut all = Vec::new();
    while !all.contains(&pid) {
        assert!(Instant::now() < end, "{pid} has ended, and that is not told");
        exits.take(&mut records);
        all.extend(records.iter().map(|record| record.pid));
        std::thread::yield_now();
    }
    // The iterator does not mind.
    programs.read(&mut records).expect("processes");
    assert!(records.iter().any(|record| record.pid == std::process::id()));
}

#[test]
fn what_the_verifier_refuses_is_told_with_what_it_says() {
    let Some(programs) = load(4096) else { return };
    drop(programs);
    // The kernel keeps the helpers that these programs need for those that may be used under its own licence.
    let mut wrong = OBJECT.to_vec();
    let (ours, theirs) = (b"Dual MIT/GPL\0", b"Nobody's own\0");
    let place = wrong.windows(ours.len()).position(|bytes| bytes == ours).expect("its licence");
    wrong[place..place + theirs.len()].copy_from_slice(theirs);
    let refusal = Programs::load_object(&wrong, Some(4096)).expect_err("it may not call what it calls");
    assert_eq!(refusal.as_str(), "refused");
    assert!(refusal.to_string().contains("GPL"), "{refusal}");
    // A file that is none.
    let refusal = Programs::load_object(&OBJECT[..OBJECT.len() / 2], Some(4096)).expect_err("half a file");
    assert_eq!(refusal.as_str(), "refused");
}
