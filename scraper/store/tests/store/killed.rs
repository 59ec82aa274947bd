//! Processes that are killed with SIGKILL: tests of this binary that run as a process of their own.

use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of a process that is to be killed; it is of one only where this is set.
const FOLDER: &str = "STORE_KILLED_FOLDER";

/// Rounds of each kind, unless the environment's `STORE_CRASH_ROUNDS` says otherwise.
pub(crate) fn rounds(unless_told: usize) -> usize {
    std::env::var("STORE_CRASH_ROUNDS").map_or(unless_told, |rounds| rounds.parse().unwrap())
}

/// In a process that is to be killed, its folder.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Says, in a process that is to be killed, what is surely there: numbers that ascend.
pub(crate) fn say(what: impl Display) {
    println!("\nsure {what}");
}

/// Runs the test `name` with a folder until it has said so many numbers, waits a moment that is longer the greater `later` is, and
/// kills it. Returns the last number that it said, which may be one more. How long it may live is told by its own progress, never by a
/// clock.
pub(crate) fn kill(name: &str, folder: &Path, variable: Option<(&str, String)>, numbers: usize, later: usize) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .envs(variable)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = lines.filter_map(|line| line.strip_prefix("sure ").map(|n| n.parse::<i64>().unwrap()));
    let heard: Vec<i64> = said.by_ref().take(numbers).collect();
    assert_eq!(heard.len(), numbers, "{name} ended by itself");
    (0..later % 400_000).for_each(|_| std::hint::spin_loop());
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still said before it died counts as well.
    said.last().unwrap_or(heard[numbers - 1])
}
