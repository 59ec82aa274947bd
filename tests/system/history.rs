//! The history of a Prometheus, taken over by its own `promtool tsdb dump-openmetrics`.

use crate::running::{binary, run};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// A promtool that has the command (`ci/upstream-cases`); Debian 12's has not.
const PROMTOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/upstream/prometheus-3/bin/promtool");
const STEPS: i64 = 400;
const BEGIN_S: i64 = 1_700_000_000;

/// What a Prometheus may hold: many series, all kinds of values, labels that need escapes.
fn exposition() -> String {
    let mut text = String::new();
    for series in 0..200 {
        for step in 0..STEPS {
            let value = match series % 5 {
                0 => (step * 3 + series).to_string(),
                1 => format!("{:e}", (step as f64 + 0.1) * 1e-7),
                2 => ((step * 7919 % 1013) as f64 / 8.0).to_string(),
                3 => (if step % 2 == 0 { "+Inf" } else { "-Inf" }).to_owned(),
                _ => {
                    if step % 3 == 0 {
                        "NaN".to_owned()
                    } else {
                        format!("-{step}.25")
                    }
                }
            };
            let path = ["/", "a\\\\b", "say \\\"x\\\"", "two\\nlines", "Zürich 東京"][series as usize % 5];
            let at = format!("{}.{:03}", BEGIN_S + step * 15, series % 3);
            let _ = writeln!(text, "m{{i=\"{series}\",path=\"{path}\",le=\"+Inf\"}} {value} {at}");
        }
    }
    text + "# EOF\n"
}

/// Values by their series and milliseconds; all NaN are one.
fn parsed(text: &str) -> BTreeMap<(String, i64), u64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &str| {
        let (rest, at) = line.rsplit_once(' ').unwrap();
        let (series, value) = rest.rsplit_once(' ').unwrap();
        let at: f64 = at.parse().unwrap();
        let value: f64 = value.replace("+Inf", "inf").replace("-Inf", "-inf").parse().unwrap();
        let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        ((series.to_owned(), (at * 1000.0).round() as i64), bits)
    };
    lines.map(parse).collect()
}

#[test]
fn what_promtool_dumps_is_imported_as_it_is() {
    if !Path::new(PROMTOOL).exists() {
        eprintln!("NOT TESTED: promtool of Prometheus 3 is not there (ci/upstream-cases fetches it)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("in.om"), exposition()).unwrap();
    let promtool = Path::new(PROMTOOL);
    let (done, out, err) =
        run(promtool, &["tsdb", "create-blocks-from", "openmetrics", &path("in.om"), &path("tsdb")], b"");
    assert!(done, "{out}{err}");
    // A folder of blocks alone, as no Prometheus leaves it: the command looks for a log as well.
    std::fs::create_dir(path("tsdb/wal")).unwrap();
    let (done, dump, err) = run(promtool, &["tsdb", "dump-openmetrics", &path("tsdb")], b"");
    assert!(done, "{err}");
    let expected = parsed(&dump);
    assert_eq!(expected.len(), 200 * STEPS as usize);
    std::fs::write(path("dump.om"), &dump).unwrap();

    // On a terminal, which shows how far it is.
    let scraper = binary("procession-scraper");
    let import = format!("'{}' import --storage.path '{}' '{}'", scraper.display(), path("data"), path("dump.om"));
    let (done, out, err) = run(Path::new("script"), &["-qec", &import, "/dev/null"], b"");
    assert!(done, "{out}{err}");
    assert!(out.contains("imported 80000 samples in ") && out.contains("the store has 200 series"), "{out}");
    assert!(out.contains("left out: 0 duplicates, 0 out of order, 0 out of bounds"), "{out}");
    let line = out.split('\r').find(|line| line.contains(" s left")).unwrap_or_else(|| panic!("no progress in {out}"));
    assert!(line.contains(" %, 0.") && line.contains(" million samples, ") && line.contains(", about "), "{line}");

    let (done, exported, err) = run(&scraper, &["export", "--storage.path", &path("data")], b"");
    assert!(done, "{err}");
    let found = parsed(&exported);
    assert_eq!(found.len(), expected.len());
    let differs = found.iter().zip(&expected).find(|(a, b)| a != b);
    assert!(differs.is_none(), "{differs:?}");

    // Once more through a pipe: every sample is there already.
    let (done, _, err) = run(&scraper, &["import", "--storage.path", &path("data"), "-"], dump.as_bytes());
    assert!(done && err.contains("imported 0 samples in "), "{err}");
    assert!(err.contains("left out: 200 duplicates, 79800 out of order, 0 out of bounds"), "{err}");
}
