//! The blocks of a running scraper, read by others as `docs/sql.md` says; backed up while it runs, restored, and compared.

use crate::http::{api, eventually, ready};
use crate::running::{Running, binary, run};
use crate::services::{Scraper, job};
use serde_json::Value;
use std::path::Path;

const DOCS: &str = include_str!("../../docs/sql.md");
/// DuckDB's own command line (`ci/packages`).
const DUCKDB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/python/bin");

/// Counts rows with DuckDB's Python client and with pyarrow, to compare.
const COUNT: &str = r#"
import glob, sys, duckdb, pyarrow.parquet as pq
blocks = sys.argv[1] + '/blocks/0*/'
joined = f"read_parquet('{blocks}samples.parquet') JOIN read_parquet('{blocks}series.parquet') USING (series_id)"
tables = [pq.read_table(file) for file in glob.glob(blocks + 'samples.parquet')]
print(duckdb.sql(f"SELECT count(*) FROM {joined}").fetchone()[0], sum(t.num_rows for t in tables))
"#;

/// The piece of code of this language that the docs have, over this folder.
fn from_docs(language: &str, folder: &str) -> String {
    let (_, section) = DOCS.split_once("## With other tools").unwrap();
    let (_, code) = section.split_once(&format!("```{language}\n")).unwrap();
    let (code, _) = code.split_once("```").unwrap();
    assert!(code.contains("/var/lib/procession/"), "{code}");
    code.replace("/var/lib/procession", folder)
}

async fn start(folder: &tempfile::TempDir) -> (Running, String) {
    let mut arguments: Vec<String> = Scraper::arguments(folder).into();
    arguments.push("--web.enable-admin-api".into());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut running = Running::ours("procession-scraper", &arguments);
    let url = running.url();
    ready(&format!("{url}/-/ready")).await;
    (running, url)
}

async fn ups(url: &str) -> Vec<Value> {
    let answer = api(url, "query", &[("query", "up[1h]")]).await;
    answer["result"][0]["values"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn others_read_the_blocks_of_a_running_scraper_and_a_restored_one_has_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // Nobody listens there: `up` is 0, which is a sample, too.
    let config = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{}",
        job("none", "http://127.0.0.1:1")
    );
    std::fs::write(path("scraper.yml"), &config).unwrap();
    let (scraper, url) = start(&folder).await;
    eventually("some samples", || async {
        match ups(&url).await.len() {
            n if n >= 3 => Ok(()),
            n => Err(format!("{n} samples")),
        }
    })
    .await;
    let ours = binary("procession-scraper");
    let (done, out, err) = run(
        &ours,
        &["sql", "--server", &url, "--format", "csv", "SELECT count(*) > 2 AS some FROM samples WHERE name = 'up'"],
        b"",
    );
    assert!(done && out == "some\ntrue\n", "{out}{err}");
    let (done, _, err) = run(&ours, &["sql", "--server", &url, "DROP VIEW samples"], b"");
    assert!(!done && err.contains("only SELECT statements can be run here"), "{err}");
    // A backup seals what there is.
    let (done, out, err) = run(&ours, &["backup", "--server", &url, &path("backups")], b"");
    assert!(done && err.contains(" samples in 1 block, 0 blocks of rollups; copied 1 block ("), "{out}{err}");
    let known = ups(&url).await;

    let python = Path::new("python3");
    let (done, out, err) = run(python, &["-c", COUNT, &path("data")], b"");
    let counted: Vec<usize> = out.split_whitespace().map(|n| n.parse().unwrap()).collect();
    assert!(done && counted.len() == 2 && counted[0] == counted[1], "{out}{err}");
    // Five series for each scrape.
    let sealed = counted[0] / 5;
    assert!(sealed >= 3, "{out}");
    let (done, out, err) = run(python, &["-c", &from_docs("python", &path("data"))], b"");
    assert!(done && out.trim() == format!("{}/blocks/0000000001 {sealed} 0.0", path("data")), "{out}{err}");
    // A number with a fraction is not cut.
    let fractions = from_docs("python", &path("data")).replace("'up'", "'scrape_duration_seconds'");
    let (done, out, err) = run(python, &["-c", &fractions], b"");
    let longest: f64 = out.split_whitespace().nth(2).unwrap_or_default().parse().unwrap_or_default();
    assert!(done && longest > 0.0 && longest < 1.0, "{out}{err}");
    let shell = format!("PATH='{DUCKDB}':\"$PATH\"\n{}", from_docs("sh", &path("data")));
    let (done, out, err) = run(Path::new("sh"), &["-c", &shell], b"");
    let row = out.lines().nth(1).unwrap_or_default();
    assert!(done && out.starts_with("name,instance,newest,value\n"), "{out}{err}");
    assert!(row.starts_with("up,127.0.0.1:1,20") && row.ends_with(",0.0"), "{out}{err}");

    let (whole, _, err) = run(&ours, &["verify", &path("backups")], b"");
    assert!(whole && err.contains("whole are 1 block with") && err.contains("0 wrong"), "{err}");
    drop(scraper);
    std::fs::remove_dir_all(path("data")).unwrap();
    let (done, _, err) = run(&ours, &["restore", &path("backups"), "--storage.path", &path("data")], b"");
    assert!(done && err.contains("restored backup"), "{err}");
    let (again, _, err) = run(&ours, &["restore", &path("backups"), "--storage.path", &path("data")], b"");
    assert!(!again && err.contains("something is there already"), "{err}");
    let (_scraper, url) = start(&folder).await;
    let found = ups(&url).await;
    assert!(found.len() >= sealed, "{found:?}");
    assert_eq!(found[..sealed], known[..sealed]);
}
