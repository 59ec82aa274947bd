//! Two scrapers for one fleet: each is away for a time, and one store of what both have has no gap and counts nothing twice.

use crate::http::{api, eventually};
use crate::running::{binary, run};
use crate::services::Scraper;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// A target whose counter is another one at every scrape: no two samples are alike.
async fn target() -> String {
    let scrapes = Arc::new(AtomicU64::new(0));
    let app = axum::Router::new().fallback(async move || {
        let count = scrapes.fetch_add(1, Ordering::Relaxed);
        ([("content-type", "text/plain; version=0.0.4")], format!("# TYPE grows counter\ngrows_total {count}\n"))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address.to_string()
}

/// The folder of a scraper that says which replica it is.
fn replica(name: &str, target: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, external_labels: {{replica: {name}}}}}
scrape_configs:
- job_name: fleet
  static_configs: [{{targets: ['{target}'], labels: {{replica: {name}}}}}]
"
    );
    std::fs::write(folder.path().join("scraper.yml"), text).unwrap();
    folder
}

/// Waits until a scraper has so many more samples of the counter than it had.
async fn scraped(scraper: &Scraper, more: u64) {
    let count = async || {
        let found = api(&scraper.url, "query", &[("query", "sum(count_over_time(grows_total[1h]))")]).await;
        found["result"][0]["value"][1].as_str().map_or(0, |count| count.parse().unwrap())
    };
    let before: u64 = count().await;
    eventually("more samples", || async {
        let now = count().await;
        if now >= before + more { Ok(()) } else { Err(format!("{now} after {before}")) }
    })
    .await;
}

async fn stop(scraper: Scraper) -> TempDir {
    let Scraper { mut running, folder, .. } = scraper;
    running.signal("TERM");
    assert!(running.wait(), "{}", running.printed());
    folder
}

/// Milliseconds and values of the counter, by replica.
async fn samples(url: &str, dedup: &str) -> BTreeMap<String, Vec<(i64, u64)>> {
    let found = api(url, "query", &[("query", "grows_total[1h]"), ("dedup", dedup)]).await;
    let point = |point: &Value| {
        let at_ms = (point[0].as_f64().unwrap() * 1000.0).round() as i64;
        (at_ms, point[1].as_str().unwrap().parse().unwrap())
    };
    let series = found["result"].as_array().unwrap().iter().map(|series| {
        let replica = series["metric"]["replica"].as_str().unwrap_or_default();
        (replica.to_owned(), series["values"].as_array().unwrap().iter().map(point).collect())
    });
    series.collect()
}

#[tokio::test]
async fn two_scrapers_of_one_fleet_are_one_history() {
    let target = target().await;
    let a = Scraper::on(replica("a", &target)).await;
    let b = Scraper::on(replica("b", &target)).await;
    scraped(&a, 3).await;
    scraped(&b, 1).await;
    // First one is away, for more than twice its interval, then the other for good.
    let a = stop(a).await;
    scraped(&b, 4).await;
    let a = Scraper::on(a).await;
    scraped(&a, 2).await;
    let b = stop(b).await;
    scraped(&a, 4).await;
    let a = stop(a).await;

    let both = tempfile::tempdir().unwrap();
    std::fs::write(both.path().join("scraper.yml"), "scrape_configs: []\n").unwrap();
    let data = |folder: &TempDir| folder.path().join("data").display().to_string();
    for folder in [&a, &b] {
        let scraper = binary("procession-scraper");
        let (good, text, said) = run(&scraper, &["export", "--storage.path", &data(folder)], b"");
        assert!(good, "{said}");
        let (good, _, said) = run(&scraper, &["import", "--storage.path", &data(&both), "-"], text.as_bytes());
        assert!(good, "{said}");
    }
    let both = Scraper::with_flags(both, &["--query.replica-label=replica"]).await;

    let apart = samples(&both.url, "false").await;
    let (a, b) = (&apart["a"], &apart["b"]);
    let one = samples(&both.url, "true").await;
    let [("", one)] = one.iter().map(|(replica, s)| (replica.as_str(), s)).collect::<Vec<_>>()[..] else {
        panic!("not one series without the label: {one:?}");
    };
    assert!(one.is_sorted_by(|x, y| x.0 < y.0 && x.1 < y.1), "a counter that goes back or stands: {one:?}");
    assert!(one.iter().all(|sample| a.contains(sample) || b.contains(sample)), "{one:?} of {apart:?}");
    // In the pause of one the other speaks, and after the end of that the first one again.
    let away = a.windows(2).max_by_key(|pair| pair[1].0 - pair[0].0).unwrap();
    let meanwhile = one.iter().filter(|sample| (away[0].0 + 1..away[1].0).contains(&sample.0)).count();
    assert!(meanwhile >= 2, "{one:?} of {apart:?}");
    let end = b.last().unwrap().0;
    let after = one.iter().filter(|sample| sample.0 > end).count();
    assert!(after >= 3, "{one:?} of {apart:?}");
    // Nothing counts twice, and matchers still see who is who.
    for (query, dedup, count) in [
        ("count(last_over_time(up[1h]))", "true", "1"),
        ("count(last_over_time(up[1h]))", "false", "2"),
        ("count(last_over_time(up{replica=\"b\"}[1h]))", "true", "1"),
        ("resets(grows_total[1h])", "true", "0"),
    ] {
        let found = api(&both.url, "query", &[("query", query), ("dedup", dedup)]).await;
        assert_eq!(found["result"][0]["value"][1], count, "{query}, dedup={dedup}: {found}");
    }
}
