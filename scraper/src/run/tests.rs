//! The whole service over real sockets, with a real store.

use super::{Config, ConfigSource, Options, run};
use axum::Router;
use axum::routing::get;
use procession_web::Bound;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

async fn target() -> SocketAddr {
    let page = || async { ([("content-type", "text/plain; version=0.0.4")], "# HELP a What\n# TYPE a gauge\na 7\n") };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/metrics", get(page))).await });
    address
}

fn write_config(path: &Path, target: SocketAddr, job: &str) {
    let text = format!(
        "global: {{scrape_interval: 100ms}}\nscrape_configs:\n- job_name: {job}\n  static_configs: [{{targets: ['{target}']}}]\n"
    );
    std::fs::write(path, text).unwrap();
}

struct Api {
    client: reqwest::Client,
    url: String,
}

impl Api {
    async fn get(&self, path: &str) -> String {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap().text().await.unwrap()
    }

    async fn data(&self, path: &str) -> Value {
        let answer: Value = serde_json::from_str(&self.get(path).await).unwrap();
        assert_eq!(answer["status"], "success", "{answer}");
        answer["data"].clone()
    }

    /// Asks until the answer satisfies; bounded, in case it never does.
    async fn until(&self, path: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let data = self.data(path).await;
                if satisfies(&data) {
                    return data;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), asking).await.unwrap_or_else(|_| panic!("{path} never satisfied"))
    }

    async fn reload(&self) -> (u16, String) {
        let answer = self.client.post(format!("{}/-/reload", self.url)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrapes_answers_reloads_and_keeps_what_it_took() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scraper.yml");
    let target = target().await;
    write_config(&file, target, "first");
    let options = Options::new(ConfigSource::File(file.clone()), folder.path().join("data"));

    let (api, shutdown, running) = start(options.clone()).await;
    let up = |data: &Value| data["activeTargets"][0]["health"] == "up";
    let targets = api.until("/api/v1/targets", up).await;
    assert_eq!(targets["activeTargets"][0]["scrapeUrl"], format!("http://{target}/metrics"));
    let values = api.until("/api/v1/query?query=a", |data| data["result"][0]["value"][1] == "7").await;
    assert_eq!(values["result"][0]["metric"]["job"], "first");
    assert_eq!(api.data("/api/v1/query?query=up").await["result"][0]["value"][1], "1");
    assert_eq!(api.data("/api/v1/metadata?metric=a").await["a"][0]["help"], "What");
    assert!(api.data("/api/v1/status/config").await["yaml"].as_str().unwrap().contains("job_name: first"));
    assert_eq!(api.get("/-/ready").await, "Ready.\n");
    let own = api.get("/metrics").await;
    for line in [
        "procession_scraper_scrapes_total{result=\"success\"} ",
        "procession_scraper_targets 1",
        "procession_store_series ",
        "procession_store_cache_bytes{cache=\"recent_samples\"} ",
        "procession_store_cache_bytes{cache=\"duckdb\"} ",
        "procession_store_merge_cpu_seconds_total ",
    ] {
        assert!(own.contains(line), "{line} in {own}");
    }

    // A bad file changes nothing and says why; a good one changes the jobs and ends the series of the old one.
    std::fs::write(&file, "scrape_configs:\n- job_nam: x\n").unwrap();
    let (status, reason) = api.reload().await;
    assert_eq!(status, 500);
    assert!(
        reason.contains("scraper.yml:2:3: scrape_configs[0]: unknown key `job_nam`: did you mean `job_name`?"),
        "{reason}"
    );
    assert!(up(&api.data("/api/v1/targets").await));
    write_config(&file, target, "second");
    assert_eq!(api.reload().await.0, 200);
    let of_second =
        |data: &Value| data["result"].as_array().is_some_and(|r| r.len() == 1 && r[0]["metric"]["job"] == "second");
    api.until("/api/v1/query?query=a", of_second).await;

    shutdown.cancel();
    running.await.unwrap().unwrap();

    // Another process would find all of it, what the metric is as well, though nothing is scraped any more.
    std::fs::write(&file, "scrape_configs: []\n").unwrap();
    let (api, shutdown, running) = start(options).await;
    assert_eq!(api.data("/api/v1/metadata?metric=a").await["a"][0]["help"], "What");
    api.until("/api/v1/query?query=count_over_time(a[1h])", |data| {
        data["result"].as_array().is_some_and(|r| r.len() == 2)
    })
    .await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

async fn start(options: Options) -> (Api, CancellationToken, tokio::task::JoinHandle<anyhow::Result<()>>) {
    let bound = Bound::loopback(0).await.unwrap();
    let api = Api { client: reqwest::Client::builder().no_proxy().build().unwrap(), url: bound.url() };
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(options, bound, shutdown.clone()));
    (api, shutdown, running)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exemplars_are_answered_after_a_restart_too() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let page = || async {
        let text = "# TYPE a counter\na_total{path=\"/<x>\"} 3 # {trace_id=\"7f\"} 0.67 1700000000.123\n# EOF\n";
        ([("content-type", "application/openmetrics-text; version=1.0.0")], text)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/metrics", get(page))).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scraper.yml");
    write_config(&file, target, "j");
    let mut options = Options::new(ConfigSource::File(file.clone()), folder.path().join("data"));
    options.storage.retention = None;
    let ask = "/api/v1/query_exemplars?query=rate(a_total[5m])%20%2F%20rate(b[5m])&start=1700000000&end=1700000001";

    for restarted in [false, true] {
        if restarted {
            // What is asked for comes from the store, not from the next scrape.
            std::fs::write(&file, "scrape_configs: []\n").unwrap();
        }
        let (api, shutdown, running) = start(options.clone()).await;
        let found = api.until(ask, |data| data[0]["exemplars"].is_array()).await;
        let exemplars =
            serde_json::json!([{"labels": {"trace_id": "7f"}, "value": "0.67", "timestamp": 1700000000.123}]);
        assert_eq!(found[0]["exemplars"], exemplars);
        let labels =
            serde_json::json!({"__name__": "a_total", "instance": target.to_string(), "job": "j", "path": "/<x>"});
        assert_eq!(found[0]["seriesLabels"], labels);
        assert_eq!(api.data(&ask.replace("start=1700000000", "start=1700000000.124")).await, serde_json::json!([]));
        assert_eq!(api.data(&ask.replace("a_total", "other")).await, serde_json::json!([]));
        if restarted {
            // None are kept from now on.
            std::fs::write(&file, "storage: {exemplars: {max_exemplars: 0}}\n").unwrap();
            assert_eq!(api.reload().await.0, 200);
            assert_eq!(api.data(ask).await, serde_json::json!([]));
        }
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_targets_are_followed_and_what_did_not_change_goes_on() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (file, list) = (folder.path().join("scraper.yml"), folder.path().join("targets.json"));
    let (first, second) = (target().await, target().await);
    // The list is named as it stands beside the configuration.
    let text = "global: {scrape_interval: 100ms}\nscrape_configs:\n- job_name: found\n  file_sd_configs: [{files: ['*.json']}]\n";
    std::fs::write(&file, text).unwrap();
    let listed = |targets: &[SocketAddr]| {
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        std::fs::write(&list, serde_json::json!([{"targets": targets, "labels": {"env": "x"}}]).to_string()).unwrap();
    };
    listed(&[first]);
    let options = Options::new(ConfigSource::File(file.clone()), folder.path().join("data"));
    let (api, shutdown, running) = start(options).await;
    let active = |data: &Value, count: usize| {
        let list = data["activeTargets"].as_array().unwrap();
        list.len() == count && list.iter().all(|t| t["health"] == "up")
    };
    let found = api.until("/api/v1/targets", |data| active(data, 1)).await;
    assert_eq!(found["activeTargets"][0]["labels"]["env"], "x");
    assert_eq!(found["activeTargets"][0]["discoveredLabels"]["__meta_filepath"], list.display().to_string());
    listed(&[first, second]);
    api.until("/api/v1/targets", |data| active(data, 2)).await;
    // What is broken is said, and nothing is lost; not by a reload either.
    std::fs::write(&list, "[{").unwrap();
    let broken = api.until("/api/v1/targets", |data| !data["discoveryErrors"].is_null()).await;
    assert!(
        broken["discoveryErrors"][0]["error"].as_str().unwrap().contains("targets.json: EOF while parsing"),
        "{broken}"
    );
    assert_eq!(api.reload().await.0, 200);
    assert!(active(&api.data("/api/v1/targets").await, 2));
    listed(&[second]);
    api.until("/api/v1/targets", |data| active(data, 1) && data["discoveryErrors"].is_null()).await;
    // Only the target that went has an end.
    let query = format!("/api/v1/query?query=count(a{{instance=\"{second}\"}})");
    api.until(&query, |data| data["result"][0]["value"][1] == "1").await;
    let gone = format!("/api/v1/query?query=a{{instance=\"{first}\"}}");
    api.until(&gone, |data| data["result"].as_array().is_some_and(Vec::is_empty)).await;

    // A reload with another source has its targets at once.
    std::fs::write(folder.path().join("more.yml"), format!("- targets: ['{first}', '{second}']\n")).unwrap();
    std::fs::write(&file, text.replace("*.json", "more.yml")).unwrap();
    assert_eq!(api.reload().await.0, 200);
    assert_eq!(api.data("/api/v1/targets").await["activeTargets"].as_array().unwrap().len(), 2);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

#[test]
fn both_halves_of_a_configuration_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scraper.yml");
    std::fs::write(&file, "scrape_configs:\n- job_name: of the file\n").unwrap();
    let own = Config::parse("scrape_configs:\n- job_name: own\n", "own").unwrap();
    let config = ConfigSource::FileAndFixed(file, own).read().unwrap();
    assert_eq!(
        config.yaml,
        "scrape_configs:\n- job_name: of the file\n---\n# Beside the file, made by the program:\nscrape_configs:\n- job_name: own\n"
    );
}

#[tokio::test]
async fn a_bad_configuration_ends_the_start_and_touches_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let options = Options::new(ConfigSource::File("/nowhere/scraper.yml".into()), &data);
    let bound = Bound::loopback(0).await.unwrap();
    let error = run(options, bound, CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "/nowhere/scraper.yml: No such file or directory (os error 2)");
    assert!(!data.exists());
}
