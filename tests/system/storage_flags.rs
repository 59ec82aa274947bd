//! The flags of the store, given to the real scraper: what they do, and what is said of wrong ones.

use crate::http::{api, eventually, get, ready};
use crate::running::{Running, binary, run};
use crate::services::Scraper;

fn with<'a>(arguments: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scraper.yml"), "scrape_configs: []\n").unwrap();
    folder
}

#[test]
fn wrong_ones_are_refused_with_what_is_expected() {
    let check = |arguments: &[&str], expected: &[&str]| {
        let (done, _, err) = run(&binary("procession-scraper"), arguments, b"");
        assert!(!done, "{arguments:?} was taken");
        for part in expected.iter().chain(&arguments[..1]) {
            assert!(err.contains(part), "{arguments:?}: {err:?} does not say {part:?}");
        }
    };
    let duration = "is not a duration: expected a number and a unit";
    check(&["--storage.retention.time", "soon"], &["\"soon\"", duration]);
    check(&["--storage.rollup-retention", "5x"], &["\"5x\"", duration]);
    check(&["--storage.retention.size", "5apples"], &["\"5apples\" is not a size: expected a number and a unit"]);
    check(&["--storage.min-free", "much"], &["\"much\" is not a size"]);
    check(&["--storage.backup.every", "0"], &["expected more than 0, as in 6h or 1d"]);
    check(&["--storage.backup.keep", "0"], &["0 is not in 1.."]);
}

#[tokio::test]
async fn a_folder_has_one_owner() {
    let folder = folder();
    let arguments = Scraper::arguments(&folder);
    let scraper = Scraper::on(folder).await;
    let (done, _, err) = run(&binary("procession-scraper"), &with(&arguments, &[]), b"");
    let holder = format!("is in use by process {} (procession-scraper) since 20", scraper.running.pid());
    assert!(!done && err.contains(&holder) && err.contains("stop that one first, or use another folder"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_taken_on_schedule_and_retention_goes_by_either_name() {
    let folder = folder();
    let backups = folder.path().join("backups").display().to_string();
    for (retention, to, result) in
        [("--storage.retention.time", backups.as_str(), "success"), ("--storage.retention", "/proc/nowhere", "failure")]
    {
        let arguments = Scraper::arguments(&folder);
        let more = [
            [retention, "30d"],
            ["--storage.retention.size", "5GB"],
            ["--storage.backup.to", to],
            ["--storage.backup.every", "300ms"],
            ["--storage.backup.keep", "2"],
            ["--storage.min-free", "1MB"],
        ];
        let mut running = Running::ours("procession-scraper", &with(&arguments, more.as_flattened()));
        let url = running.url();
        ready(&format!("{url}/-/ready")).await;
        let flags = api(&url, "status/flags", &[]).await;
        for (flag, expected) in [
            ("storage.retention.time", "30d"),
            ("storage.retention.size", "5368709120B"),
            ("storage.backup.to", to),
            ("storage.backup.every", "300ms"),
            ("storage.backup.keep", "2"),
            ("storage.min-free", "1048576B"),
        ] {
            assert_eq!(flags[flag], expected, "{flag}");
        }
        assert_eq!(api(&url, "status/runtimeinfo", &[]).await["storageRetention"], "30d");
        let metric = format!("procession_scraper_backups_total{{result=\"{result}\"}} ");
        eventually("backups", || async {
            let (page, _) = get(&format!("{url}/metrics"), "text/plain").await;
            let line = page.lines().find_map(|line| line.strip_prefix(&metric)).map(str::to_owned);
            match line.as_deref().and_then(|n| n.parse::<u32>().ok()) {
                Some(n) if n >= 4 => Ok(()),
                other => Err(format!("{other:?} in {page}")),
            }
        })
        .await;
        running.signal("TERM");
        assert!(running.wait());
        if result == "failure" {
            let printed = running.printed();
            assert!(printed.contains("no backup could be taken, it is tried again"), "{printed}");
            assert!(printed.contains("/proc/nowhere/blocks: "), "{printed}");
        }
    }
    let lists = std::fs::read_dir(folder.path().join("backups/backups")).unwrap().count();
    assert_eq!(lists, 2, "no more stay");
    let (whole, _, err) = run(&binary("procession-scraper"), &["verify", &backups], b"");
    assert!(whole, "{err}");
}
