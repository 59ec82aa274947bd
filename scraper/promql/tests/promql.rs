//! Scripts of queries: our own under `cases/`, and Prometheus's where a variable names their folder.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking and says why")]

mod script;

use std::fs;
use std::path::{Path, PathBuf};

/// The scripts of a folder, by name.
fn scripts(folder: &Path) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "test"));
    paths.sort();
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|p| (name(p), fs::read_to_string(p).unwrap())).collect()
}

#[test]
fn cases() {
    let mut passed = 0;
    for (name, text) in scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")) {
        let report = script::run(&name, &text);
        assert!(
            report.wrong.is_empty() && report.unsupported.is_empty(),
            "{}",
            [report.wrong, report.unsupported].concat().join("\n")
        );
        passed += report.passed;
    }
    assert!(passed > 0);
}

/// Prometheus's scripts (`promql/promqltest/testdata` of its repository) with what keeps whole files from passing.
const BEYOND: [(&str, &str); 6] = [
    ("native_histograms.test", "native histograms"),
    ("duration_expression.test", "behind a feature flag there: duration expressions"),
    ("extended_vectors.test", "behind a feature flag there: anchored and smoothed"),
    ("fill-modifier.test", "behind a feature flag there: fill"),
    ("start_timestamps.test", "behind a feature flag there: start timestamps"),
    ("type_and_unit.test", "behind a feature flag there: type and unit labels"),
];

/// The scripts that have to be there and pass, wherever a suite is newer than these.
const WHOLE: [&str; 14] = [
    "aggregators.test",
    "at_modifier.test",
    "collision.test",
    "functions.test",
    "histograms.test",
    "limit.test",
    "literals.test",
    "name_label_dropping.test",
    "operators.test",
    "range_queries.test",
    "selectors.test",
    "staleness.test",
    "subquery.test",
    "trig_functions.test",
];

/// Why a case of these may be left out: `docs/promql.md` says the same to users.
const EXCUSES: [&str; 3] =
    ["native histogram", "a duration expression is not supported", "a text of bytes that are not UTF-8"];

/// The folder that `ci/upstream-cases` fills, unless a variable names another.
fn upstream() -> PathBuf {
    let fetched = "../../.tools/upstream/prometheus-3/promql/promqltest/testdata";
    std::env::var_os("PROMQLTEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(fetched), PathBuf::from)
}

#[test]
fn prometheus_own_scripts() {
    let folder = upstream();
    if !folder.exists() {
        println!("SKIPPED: {} is not there; ci/upstream-cases fetches it", folder.display());
        return;
    }
    let verbose = std::env::var_os("PROMQLTEST_VERBOSE").is_some();
    let (mut wrong, mut whole) = (Vec::new(), Vec::from(WHOLE));
    println!("{:28} {:>6} {:>11} {:>6}", "script", "passed", "unsupported", "wrong");
    for (name, text) in scripts(&folder) {
        let beyond = BEYOND.iter().find(|(n, _)| *n == name);
        let report = script::run(&name, &text);
        let (passed, unsupported) = (report.passed, report.unsupported.len());
        let why = beyond.map_or("", |(_, why)| why);
        println!("{name:28} {passed:>6} {unsupported:>11} {:>6} {why}", report.wrong.len());
        if verbose {
            println!("{}", report.unsupported.join("\n"));
        }
        if beyond.is_none() {
            whole.retain(|n| *n != name || passed == 0);
            wrong.extend(report.wrong);
            wrong.extend(report.unsupported.into_iter().filter(|case| !EXCUSES.iter().any(|e| case.contains(e))));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(whole.is_empty(), "nothing of {whole:?} passed");
}
