//! Two scrapers' samples in one store, asked for as one.

use super::{Api, Limits};
use procession_openmetrics::Labels;
use procession_store::Batch;
use serde_json::Value;

async fn data(api: &Api, path: &str) -> Value {
    let (status, body) = api.get(path).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["data"].clone()
}

#[tokio::test]
async fn a_replica_label_is_dropped_and_nothing_counts_twice() {
    let mut api = Api::new(Limits::default());
    // A counter that grows by one each second, seen by two scrapers every 15 s; the first of them is away for ten minutes.
    let start = 1_700_000_000_000;
    for (replica, offset) in [("a", 0), ("b", 7)] {
        let labels = |job: &str| Labels::from_pairs([("__name__", "grows_total"), ("job", job), ("replica", replica)]);
        let mut batch = Batch::default();
        let series = [api.state.store.series_ref(&labels("x")), api.state.store.series_ref(&labels("y"))];
        for second in (offset..3600).step_by(15) {
            if replica == "b" || !(1200..1800).contains(&second) {
                series.iter().for_each(|s| batch.push(*s, start + second * 1000, second as f64));
            }
        }
        api.state.store.append(batch).unwrap();
    }
    let at = "&time=1700003599";
    let count = |value: &Value| value["result"][0]["value"][1].as_str().unwrap().to_owned();
    assert_eq!(count(&data(&api, &format!("/api/v1/query?query=count(grows_total){at}")).await), "4");
    api.state.limits.replica_labels = vec!["replica".to_owned()];
    for (query, want) in [
        ("count(grows_total)", "2"),
        ("sum(rate(grows_total[5m]))", "2"),
        ("max(max_over_time(rate(grows_total[1m])[50m:15s]))", "1"),
        ("min(min_over_time(rate(grows_total[1m])[50m:15s]))", "1"),
        ("max(resets(grows_total[1h]))", "0"),
        // A matcher still sees the label.
        ("count(grows_total{replica=\"b\"})", "2"),
        ("count(count by (replica) (grows_total))", "1"),
    ] {
        let found = data(
            &api,
            &format!(
                "/api/v1/query?query={}{at}",
                form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>()
            ),
        )
        .await;
        let value: f64 = count(&found).parse().unwrap();
        assert!((value - want.parse::<f64>().unwrap()).abs() < 1e-9, "{query}: {found}");
    }
    assert_eq!(count(&data(&api, &format!("/api/v1/query?query=count(grows_total)&dedup=false{at}")).await), "4");
    let series = data(&api, "/api/v1/series?match[]=grows_total").await;
    assert_eq!(series.as_array().unwrap().len(), 2, "{series}");
    assert!(!series.to_string().contains("replica"));
}
