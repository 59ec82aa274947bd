//! What Grafana asks of a Prometheus data source, and the dashboard that is shipped for it.
//!
//! The requests are those of its published source (github.com/grafana/grafana); beside each stands the file that makes
//! it, below `pkg/promlib` (P), `packages/grafana-prometheus/src` (G) or elsewhere by its whole path. What is checked of
//! the answers is what those files read of them. They were read at these commits: P `client/client.go` 24d6880,
//! `converter/prom.go` 08627cf, `healthcheck.go` 03930ff, `heuristics.go` 0c2c804; G `resource_clients.ts` 039aaf2,
//! `metric_find_query.ts` 0a21109, `datasource.ts` 012d362, `data_provider.ts` 172775f, `utf8_support.ts` 00ebd26;
//! `lotex_prom.go` 03b26ef, `buildInfo.ts` 14a38d0; G `language_provider.ts` in a later state than 00ebd26, which gives
//! `metadata` no limit. An experimental search API that newer ones know is not asked for here.

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

/// An hour as the browser's part writes it: whole seconds.
fn hour() -> (String, String) {
    ((now() - 3_600.0).floor().to_string(), now().ceil().to_string())
}

#[tokio::test]
async fn the_data_source_is_saved_and_tested() {
    let (scraper, _exporter) = fleet().await;
    let url = &scraper.url;
    // P healthcheck.go: an instant query at the end of the range from second 1 to second 4.
    let health = post(url, "query", &[("query", "1+1"), ("time", "4")]).await;
    assert_eq!(
        (&health["resultType"], &health["result"][0], &health["result"][1]),
        (&"scalar".into(), &4.into(), &"2".into())
    );
    // P heuristics.go: the path has no leading slash, so client.go does not know that it takes GET alone: it posts, and
    // asks again with GET after 405 or 400.
    let path = format!("{url}/api/v1/status/buildinfo");
    let form: &[(&str, &str)] = &[];
    assert_eq!(client().post(&path).form(form).send().await.unwrap().status().as_u16(), 405);
    let build = api(url, "status/buildinfo", &[]).await;
    // No features: a Prometheus. All fields are texts, or its decoder refuses them.
    assert!(build.get("features").is_none(), "{build}");
    for field in ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"] {
        assert!(build[field].is_string(), "{field}: {build}");
    }
    // public/app/features/alerting/unified/api/buildInfo.ts asks for the version and for the flags.
    assert!(build["version"].as_str().unwrap().starts_with("3."), "{build}");
    assert!(api(url, "status/flags", &[]).await.is_object());
    // G datasource.ts, as a data source is opened: recording rules, and whether there are exemplars. The times of the
    // latter are milliseconds where seconds are meant.
    assert!(api(url, "rules", &[]).await["groups"].is_array());
    let (start, end) = (format!("{:.0}", (now() - 1_800.0) * 1e3), format!("{:.0}", now() * 1e3));
    assert!(post(url, "query_exemplars", &[("query", "test"), ("start", &start), ("end", &end)]).await.is_array());
    // pkg/services/ngalert/api/lotex_prom.go: the list of alert rules.
    assert!(api(url, "rules", &[]).await["groups"].is_array());
    assert!(api(url, "alerts", &[]).await["alerts"].is_array());
}

#[tokio::test]
async fn the_editor_completes_and_the_browser_of_metrics_lists() {
    let (scraper, _exporter) = fleet().await;
    let url = &scraper.url;
    let (start, end) = hour();
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let limit = ("limit", "40000");
    // G resource_clients.ts, LabelsApiClient: names of metrics, names of labels, values; with and without a selector.
    let names = api(url, "label/__name__/values", &[limit, range[0], range[1]]).await;
    assert!(strings(&names).contains(&"proc_group_threads"));
    let selector = ("match[]", "{__name__=\"proc_group_threads\"}");
    assert!(strings(&post(url, "labels", &[limit, range[0], range[1]]).await).contains(&"state"));
    let labels = post(url, "labels", &[limit, range[0], range[1], selector]).await;
    assert_eq!(strings(&labels), ["__name__", "group", "instance", "job"]);
    let selector = ("match[]", "{__name__=\"proc_group_processes\"}");
    let values = api(url, "label/state/values", &[limit, range[0], range[1], selector]).await;
    assert!(strings(&values).contains(&"sleeping"));
    // A name that is not one of the old ones is escaped (G utf8_support.ts).
    assert!(strings(&api(url, "label/U__no_2e_such/values", &[limit, range[0], range[1]]).await).is_empty());
    // G monaco-completion-provider/data_provider.ts: names of metrics that hold what was typed.
    let typed = ("match[]", "{__name__=~\".*group_thr.*\"}");
    let names = api(url, "label/__name__/values", &[("limit", "1000"), range[0], range[1], typed]).await;
    assert_eq!(strings(&names), ["proc_group_threads"]);
    // G resource_clients.ts, SeriesApiClient: the same from series, for servers that are said to be old.
    for (selector, least) in [("{__name__!=\"\"}", 100), ("{group!=\"\"}", 50), ("{__name__=\"up\",job!=\"\"}", 1)] {
        let series = post(url, "series", &[range[0], range[1], ("match[]", selector), limit]).await;
        let series = series.as_array().unwrap();
        assert!(
            series.len() >= least && series.iter().all(|s| s["__name__"].is_string()),
            "{selector}: {}",
            series.len()
        );
    }
    // G language_provider.ts: what the metrics are; it reads the first description of each.
    let metadata = api(url, "metadata", &[limit]).await;
    assert_eq!(metadata["proc_group_threads"][0]["type"], "gauge");
    assert!(!metadata["proc_group_threads"][0]["help"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn variables_find_their_values() {
    let (scraper, _exporter) = fleet().await;
    let url = &scraper.url;
    let (start, end) = hour();
    let range = [("start", start.as_str()), ("end", end.as_str())];
    // G metric_find_query.ts: label_values(job), label_values(up, job), metrics(...), query_result(...), a selector.
    assert_eq!(strings(&api(url, "label/job/values", &range).await), ["procession"]);
    assert_eq!(strings(&api(url, "label/job/values", &[("match[]", "up"), range[0], range[1]]).await), ["procession"]);
    assert!(strings(&api(url, "label/__name__/values", &range).await).contains(&"up"));
    let found = post(url, "query", &[("query", "count by (job) (up)"), ("time", &end)]).await;
    let row = &found["result"][0];
    assert_eq!((&found["resultType"], &row["metric"]["job"]), (&"vector".into(), &"procession".into()));
    assert!(row["value"][0].is_number() && row["value"][1] == "1", "{row}");
    let series = post(url, "series", &[("match[]", "up"), range[0], range[1]]).await;
    assert_eq!(series[0]["job"], "procession");
}

#[tokio::test]
async fn explore_and_dashboards_query() {
    let (scraper, _exporter) = fleet().await;
    let url = &scraper.url;
    // P client/client.go: times with their fractions, the step as a number of seconds, the timeout of the settings.
    let (start, end) = ((now() - 3_600.0).to_string(), now().to_string());
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let query = ("query", "sum by (state) (proc_group_processes)");
    let table = post(url, "query", &[query, ("time", &end), ("timeout", "60s")]).await;
    assert_eq!(table["resultType"], "vector");
    let row = &table["result"][0];
    assert!(row["metric"]["state"].is_string() && row["value"][0].is_number() && row["value"][1].is_string(), "{row}");
    for step in ["15", "0.5"] {
        let start = if step == "15" { start.clone() } else { (now() - 60.0).to_string() };
        let query = [("query", "proc_group_threads"), ("start", &start), range[1], ("step", step), ("timeout", "60s")];
        for graph in [post(url, "query_range", &query).await, api(url, "query_range", &query).await] {
            assert_eq!(graph["resultType"], "matrix");
            assert!(graph["result"][0]["values"][0][1].is_string());
        }
    }
    let exemplars = [("query", "proc_group_threads"), range[0], range[1]];
    assert!(post(url, "query_exemplars", &exemplars).await.is_array());
    // P converter/prom.go shows what is wrong: the type and the text.
    let wrong = client().post(format!("{url}/api/v1/query")).form(&[("query", "sum(")]).send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 400);
    let wrong: Value = serde_json::from_str(&wrong.text().await.unwrap()).unwrap();
    assert_eq!((&wrong["status"], &wrong["errorType"]), (&"error".into(), &"bad_data".into()));
    assert!(wrong["error"].as_str().unwrap().contains("unclosed left parenthesis"));
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
