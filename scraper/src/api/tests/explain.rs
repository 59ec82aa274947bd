//! What is told of queries: statistics, explanations, which run and which were slow.

use super::{Api, Limits};
use serde_json::{Value, json};
use std::time::Duration;

const RATE: &str = "query=sum+by+(code)+(rate(requests_total%5B2m%5D))&start=1700000200&end=1700000400&step=50";

async fn data(api: &Api, uri: &str) -> Value {
    let (status, body) = api.get(uri).await;
    assert_eq!(status, 200, "{uri}: {body}");
    serde_json::from_str::<Value>(&body).unwrap()["data"].take()
}

#[tokio::test]
async fn samples_are_counted_as_prometheus_counts_them() {
    let api = Api::new(Limits::default());
    let stats = async |query: &str| data(&api, &format!("/api/v1/query?{query}&stats=all")).await["stats"].take();
    // Two series with a sample; eight samples of each of two series within two minutes.
    assert_eq!(stats("query=requests_total&time=1700000300").await["samples"]["totalQueryableSamples"], 2);
    let of_range = stats("query=rate(requests_total%5B2m%5D)&time=1700000300").await;
    assert_eq!(of_range["samples"]["totalQueryableSamples"], 16);
    assert!(of_range["samples"]["peakSamples"].as_u64().unwrap() >= 16);
    for time in ["evalTotalTime", "queryPreparationTime", "innerEvalTime", "execQueueTime", "execTotalTime"] {
        assert!(of_range["timings"][time].as_f64().unwrap() >= 0.0, "{time}");
    }
}

#[tokio::test]
async fn explains_what_was_fetched_and_done() {
    let api = Api::new(Limits::default());
    let alone = data(&api, &format!("/api/v1/explain?{RATE}")).await;
    let beside = data(&api, &format!("/api/v1/query_range?{RATE}&explain=true")).await;
    assert_eq!(beside["result"].as_array().unwrap().len(), 2);
    assert!(alone.get("result").is_none());
    for explained in [&alone, &beside["explain"]] {
        let fetch = &explained["fetches"][0];
        assert_eq!(fetch["selector"], "{__name__=\"requests_total\"}");
        assert_eq!((&fetch["after"], &fetch["until"]), (&json!(1_700_000_080.0), &json!(1_700_000_400.0)));
        assert_eq!(fetch["series"], 2);
        let from: u64 = fetch["origins"].as_array().unwrap().iter().map(|o| o["samples"].as_u64().unwrap()).sum();
        assert!(from > 0 && json!(from) == fetch["samples"], "{fetch}");
        let steps: Vec<_> = explained["steps"].as_array().unwrap().iter().collect();
        let of = |i: usize| {
            (steps[i]["step"].as_str().unwrap(), &steps[i]["depth"], &steps[i]["series"], &steps[i]["values"])
        };
        assert_eq!(of(0), ("sum by (code)", &json!(0), &json!(2), &json!(10)));
        assert_eq!(of(1), ("rate of {__name__=\"requests_total\"}[120s]", &json!(1), &json!(2), &json!(10)));
    }
    let instant = data(&api, "/api/v1/explain?query=1").await;
    assert_eq!((&instant["fetches"], &instant["steps"][0]["step"]), (&json!([]), &json!("1")));
}

#[tokio::test]
async fn slow_queries_are_listed() {
    let api = Api::new(Limits { slow: Duration::from_nanos(1), ..Limits::default() });
    data(&api, &format!("/api/v1/query_range?{RATE}")).await;
    api.get("/api/v1/query?query=up+%2B+on(job)+requests_total&time=1700000140").await;
    let slow = data(&api, "/api/v1/status/slow_queries").await;
    assert_eq!(slow[1]["query"], "sum by (code) (rate(requests_total[2m]))");
    assert_eq!((&slow[1]["stepSeconds"], &slow[1]["end"]), (&json!(50.0), &json!("2023-11-14T22:20:00Z")));
    assert!(slow[0]["error"].as_str().unwrap().starts_with("found duplicate series"));
    assert_eq!(data(&api, "/api/v1/status/active_queries").await, json!([]));
    let api = Api::new(Limits::default());
    data(&api, &format!("/api/v1/query_range?{RATE}")).await;
    assert_eq!(data(&api, "/api/v1/status/slow_queries").await, json!([]));
}
