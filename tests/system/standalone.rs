//! `procession`: everything in one process, as the README promises.

use crate::http::{api, client, eventually, get};
use crate::running::{Running, run};
use std::path::Path;

#[tokio::test]
async fn shows_this_host_and_leaves_rows_for_sql() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut procession = Running::ours(
        "procession",
        &[
            "--storage.path",
            data.to_str().unwrap(),
            "--exporter.listen-address=127.0.0.1:0",
            "--scraper.listen-address=127.0.0.1:0",
            "--web.listen-address=127.0.0.1:0",
        ],
    );
    let printed = |start: &'static str| {
        move |text: &str| {
            let line = text.lines().find(|l| l.trim_start().starts_with(start))?;
            Some(line[line.find("http://")?..].split_whitespace().next()?.to_owned())
        }
    };
    let page = procession.wait_for("the address to open", printed("Open"));
    let scraper = procession.wait_for("the address of the API", printed("Query API"));
    let exporter = procession.wait_for("the address of the exporter", printed("Exporter"));

    for url in [&page, &scraper, &exporter] {
        let (metrics, _) = get(&format!("{url}/metrics"), "text/plain").await;
        let (accepted, out, err) = run(Path::new("promtool"), &["check", "metrics"], metrics.as_bytes());
        assert!(accepted, "{url}/metrics: {out}{err}");
        get(&format!("{url}/-/healthy"), "text/plain").await;
        eventually("readiness", || async {
            let status = client().get(format!("{url}/-/ready")).send().await.unwrap().status();
            if status.is_success() { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
    }
    eventually("rates of CPU", || async {
        let rates = api(&scraper, "query", &[("query", "sum(rate(proc_group_cpu_seconds_total[1m]))")]).await;
        rates["result"][0]["value"][1].as_str().map(|_| ()).ok_or_else(|| rates.to_string())
    })
    .await;
    let (html, kind) = get(&page, "text/html").await;
    assert!(kind.starts_with("text/html") && html.contains("/host"), "{html}");
    let (svg, kind) = get(
        &format!("{page}/chart.svg?query=sum(rate(proc_group_cpu_seconds_total[1m]))&from=-15m&until=now&w=800&h=240"),
        "image/svg+xml",
    )
    .await;
    assert!(kind.starts_with("image/svg+xml") && svg.contains("<path"), "{kind}: {svg}");

    procession.signal("TERM");
    assert!(procession.wait(), "{}", procession.printed());
    let script = "import duckdb,sys\n\
                  c = duckdb.connect(sys.argv[1], read_only=True)\n\
                  print(c.sql(\"select count(*) from samples where name = 'proc_group_cpu_seconds_total'\").fetchone()[0])";
    let head = data.join("head.duckdb");
    let (read, rows, err) = run(Path::new("python3"), &["-c", script, head.to_str().unwrap()], b"");
    assert!(read, "{err}");
    assert!(rows.trim().parse::<u64>().unwrap() > 0, "no rows");
}
