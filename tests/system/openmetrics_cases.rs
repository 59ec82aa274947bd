//! The parser cases of the OpenMetrics project (`tests/testdata/parsers` of github.com/prometheus/OpenMetrics) through
//! `check metrics`. No package carries them: a clone's folder is named by `OPENMETRICS_TESTDATA`, or lies in
//! `.tools/upstream/openmetrics`.

use crate::running::{binary, run};
use std::path::{Path, PathBuf};

/// Cases that we judge otherwise than the project, each with its reason. There are none.
const DISPUTED: &[(&str, &str)] = &[];

fn folder() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/upstream/openmetrics");
    let folder = std::env::var_os("OPENMETRICS_TESTDATA").map_or(default, PathBuf::from);
    if !folder.is_dir() {
        println!("PASSED OVER: {} is not there; OPENMETRICS_TESTDATA names the folder", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn check_metrics_agrees_with_every_case() {
    let Some(folder) = folder() else { return };
    let (mut cases, mut wrong) = (0, Vec::new());
    for case in std::fs::read_dir(folder).unwrap() {
        let case = case.unwrap();
        let name = case.file_name().into_string().unwrap();
        let body = std::fs::read(case.path().join("metrics")).unwrap();
        // `"shouldParse": true|false` is all that the description says.
        let good = std::fs::read_to_string(case.path().join("test.json")).unwrap().contains("true");
        let disputed = DISPUTED.iter().any(|(disputed, _)| *disputed == name);
        let (valid, _, said) = run(&binary("procession-scraper"), &["check", "metrics"], &body);
        cases += 1;
        // A bad one is told with its line.
        if valid != (good ^ disputed) || (!valid && !said.starts_with("line ")) {
            wrong.push(format!("{name}: should be valid: {good}; it is said: {said:?}"));
        }
    }
    println!("{} of {cases} cases agree", cases - wrong.len());
    assert!(cases >= 211, "only {cases} cases found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
