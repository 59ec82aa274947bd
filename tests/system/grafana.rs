//! What Grafana asks of a Prometheus data source, and the dashboard that is shipped for it.
//!
//! The requests are those of its published data source (`pkg/promlib`, `packages/grafana-prometheus`); what is checked of
//! the answers is what it reads of them.

use crate::http::{api, client, eventually};
use crate::running::{Running, run};
use crate::services::{Scraper, job};
use serde_json::Value;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A scraper of a real exporter, with a few scrapes behind it; it lives as long as the exporter is kept.
async fn fleet() -> (Scraper, Running) {
    let mut exporter = Running::ours("procession-exporter", &["--web.listen-address", "127.0.0.1:0"]);
    let scraper = Scraper::start(&job("procession", &exporter.url())).await;
    // Rates need two samples of groups that were there at the second scan.
    eventually("rates", || async {
        let found = api(&scraper.url, "query", &[("query", "count(rate(proc_group_exits_total[1m]))")]).await;
        if found["result"][0].is_object() {
            return Ok(());
        }
        Err(format!("{found}, targets: {}", api(&scraper.url, "targets", &[]).await))
    })
    .await;
    (scraper, exporter)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Posts a form, as Grafana does by default.
async fn post(base: &str, path: &str, parameters: &[(&str, &str)]) -> Value {
    let response = client().post(format!("{base}/api/v1/{path}")).form(parameters).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(answer["status"], "success", "{path} {parameters:?}: {answer}");
    answer["data"].clone()
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

#[tokio::test]
async fn answers_what_the_data_source_asks() {
    let (scraper, _exporter) = fleet().await;
    let url = &scraper.url;
    let (start, end) = ((now() - 3_600.0).to_string(), now().to_string());
    let range = [("start", start.as_str()), ("end", end.as_str())];

    // The health check, and what kind of server this is.
    let health = post(url, "query", &[("query", "1+1"), ("time", &end)]).await;
    assert_eq!((&health["resultType"], &health["result"][1]), (&"scalar".into(), &"2".into()));
    let build = api(url, "status/buildinfo", &[]).await;
    assert!(build["version"].as_str().unwrap().starts_with("3.") && build.get("features").is_none(), "{build}");

    // The metric browser and the completion of the editor.
    let names = api(url, "label/__name__/values", &[range[0], range[1], ("limit", "40000")]).await;
    assert!(strings(&names).contains(&"proc_group_threads"));
    let labels = post(url, "labels", &[range[0], range[1], ("match[]", "{__name__=\"proc_group_threads\"}")]).await;
    assert_eq!(strings(&labels), ["__name__", "group", "instance", "job"]);
    let values = [range[0], range[1], ("match[]", "{__name__=\"proc_group_processes\"}")];
    assert!(strings(&api(url, "label/state/values", &values).await).contains(&"sleeping"));
    let series = post(url, "series", &[range[0], range[1], ("match[]", "up"), ("limit", "40000")]).await;
    assert_eq!(series[0]["job"], "procession");
    let metadata = api(url, "metadata", &[("limit", "40000")]).await;
    assert_eq!(metadata["proc_group_threads"][0]["type"], "gauge");
    assert!(!metadata["proc_group_threads"][0]["help"].as_str().unwrap().is_empty());

    // Explore: a table and a graph; the step is a number of seconds, times have fractions.
    let table = post(url, "query", &[("query", "sum by (state) (proc_group_processes)"), ("time", &end)]).await;
    assert_eq!(table["resultType"], "vector");
    let row = &table["result"][0];
    assert!(row["metric"]["state"].is_string() && row["value"][0].is_number() && row["value"][1].is_string(), "{row}");
    let graph = [("query", "proc_group_threads"), range[0], range[1], ("step", "15")];
    let graph = post(url, "query_range", &graph).await;
    assert_eq!(graph["resultType"], "matrix");
    assert!(graph["result"][0]["values"][0][1].is_string());
    let exemplars = [("query", "proc_group_threads"), range[0], range[1]];
    assert!(post(url, "query_exemplars", &exemplars).await.is_array());

    // Alerts of the data source.
    assert!(api(url, "rules", &[]).await["groups"].is_array());
    assert!(api(url, "alerts", &[]).await["alerts"].is_array());

    // What is wrong is said with a type and a text.
    let wrong = client().post(format!("{url}/api/v1/query")).form(&[("query", "sum(")]).send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 400);
    let wrong: Value = serde_json::from_str(&wrong.text().await.unwrap()).unwrap();
    assert_eq!((&wrong["status"], &wrong["errorType"]), (&"error".into(), &"bad_data".into()));
}

/// Each panel's expressions, with whether they ask for an instant.
fn expressions() -> Vec<(String, String, bool)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/grafana/procession.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() >= 20, "only {} panels", panels.len());
    let of_panel = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().unwrap().clone();
        targets.into_iter().map(move |target| {
            let text = target["expr"].as_str().unwrap().replace("$host", ".+").replace("$group", ".+");
            (title.clone(), text.replace("$__rate_interval", "1m"), target["instant"] == true)
        })
    };
    panels.iter().flat_map(of_panel).collect()
}

#[tokio::test]
async fn every_panel_of_the_dashboard_shows_something() {
    let (scraper, _exporter) = fleet().await;
    let (start, end) = ((now() - 6.0 * 3_600.0).to_string(), now().to_string());
    let began = Instant::now();
    for (title, text, instant) in expressions() {
        let query = ("query", text.as_str());
        let found = match instant {
            true => post(&scraper.url, "query", &[query, ("time", &end)]).await,
            false => {
                post(&scraper.url, "query_range", &[query, ("start", &start), ("end", &end), ("step", "15")]).await
            }
        };
        assert!(!found["result"].as_array().unwrap().is_empty(), "{title}: {text}");
    }
    println!("all panels in {:?}", began.elapsed());
    for (label, query) in [("instance", "proc_group_threads"), ("group", "proc_group_threads{instance=~\".+\"}")] {
        let values = api(&scraper.url, &format!("label/{label}/values"), &[("match[]", query)]).await;
        assert!(!strings(&values).is_empty(), "{label}");
    }
}

#[tokio::test]
async fn promtool_queries_it() {
    let (scraper, _exporter) = fleet().await;
    let url = scraper.url.as_str();
    let minute_ago = (now() - 60.0).floor().to_string();
    for (words, expected) in [
        (&["query", "instant", url, "sum(up)"][..], "{} => 1 @["),
        (&["query", "range", "--step=1s", &format!("--start={minute_ago}"), url, "up"], "up{instance="),
        (&["query", "series", "--match=up", url], "__name__=\"up\""),
        (&["query", "labels", url, "job"], "procession"),
        (&["query", "labels", url, "__name__"], "proc_group_threads"),
    ] {
        let (done, out, err) = run(std::path::Path::new("promtool"), words, b"");
        assert!(done && out.contains(expected), "{words:?}: {out}{err}");
    }
    let (done, out, err) = run(std::path::Path::new("promtool"), &["query", "instant", url, "sum("], b"");
    assert!(!done && (out + &err).contains("unclosed left parenthesis"));
}
