//! What the binaries say to a person: help, versions, and what is wrong with a configuration.

use crate::running::{binary, run};

const BINARIES: [&str; 4] = ["procession", "procession-exporter", "procession-scraper", "procession-dashboards"];

#[test]
fn every_binary_has_help_and_a_version() {
    for name in BINARIES {
        let (done, out, err) = run(&binary(name), &["--help"], b"");
        assert!(done && out.contains("--web.listen-address") && out.contains("--log.level"), "{name}: {out}{err}");
        let (done, out, _) = run(&binary(name), &["--version"], b"");
        assert!(done && out.starts_with(&format!("{name} ")), "{name}: {out}");
        let (done, _, err) = run(&binary(name), &["--no.such.flag"], b"");
        assert!(!done && err.contains("--no.such.flag"), "{name}: {err}");
    }
}

/// A wrong configuration is refused with file, line, key and what is expected.
#[test]
fn a_wrong_configuration_names_file_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let check = |binary_name: &str, yaml: &str, wanted: &[&str]| {
        let path = folder.path().join("wrong.yml");
        std::fs::write(&path, yaml).unwrap();
        let (accepted, out, err) = run(&binary(binary_name), &["check", "config", path.to_str().unwrap()], b"");
        assert!(!accepted, "{binary_name} accepts {yaml}: {out}");
        for part in wanted.iter().chain(&["wrong.yml"]) {
            assert!(err.contains(part), "{binary_name} on {yaml:?} says {err:?}, not {part:?}");
        }
    };
    check("procession-exporter", "per_proces: {}\n", &["per_proces", ":1:1:", "expected"]);
    check(
        "procession-scraper",
        "scrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n",
        &["scrape_intervall", ":3:"],
    );
    check(
        "procession-scraper",
        "scrape_configs:\n- job_name: a\n  scrape_interval: soon\n",
        &["scrape_interval", "soon"],
    );
    check(
        "procession-scraper",
        "scrape_configs:\n- job_name: a\n  kubernetes_sd_configs: [{role: node}]\n",
        &["kubernetes_sd_configs"],
    );
}

/// The configurations that are shipped are accepted.
#[test]
fn the_shipped_configurations_are_accepted() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../config");
    let mut checked = 0;
    for entry in std::fs::read_dir(config).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(owner) = ["exporter", "scraper", "dashboards"].iter().find(|o| name.starts_with(*o)) else {
            panic!("config/{name} belongs to nobody");
        };
        let (accepted, out, err) =
            run(&binary(&format!("procession-{owner}")), &["check", "config", path.to_str().unwrap()], b"");
        assert!(accepted, "config/{name}: {out}{err}");
        checked += 1;
    }
    assert!(checked >= 3, "only {checked} files in config/");
}

/// The units that are shipped start binaries that there are.
#[test]
fn the_shipped_units_start_our_binaries() {
    let units = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/systemd");
    for entry in std::fs::read_dir(units).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let start = text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")).unwrap();
        let mut words = start.split(' ');
        let name = words.next().unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(name));
        let (_, help, _) = run(&binary(name), &["--help"], b"");
        for flag in words {
            let flag = flag.split('=').next().unwrap();
            assert!(help.contains(&format!("      {flag} ")), "{name} has no {flag}");
        }
    }
}
