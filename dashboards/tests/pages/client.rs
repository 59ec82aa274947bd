//! The client of the query API by itself.

use http::StatusCode;
use procession_dashboards::metrics::Metrics;
use procession_dashboards::query::{Client, Error, Limits};
use procession_dashboards::threads::Threads;
use procession_dashboards::time::Span;

use crate::{NOW_MS, fake};

fn client(url: &str) -> Client {
    Client::new(url, Limits::default(), Metrics::default(), Threads::default()).unwrap()
}

const SPAN: Span = Span { start_ms: NOW_MS - 60_000, end_ms: NOW_MS };

#[tokio::test]
async fn answers_are_typed() {
    let body = r#"{"status":"success","data":["a","b\"c"]}"#;
    let url = fake::with_body(StatusCode::OK, "application/json", body).await;
    assert_eq!(client(&url).label_values("group", "up", SPAN).await.unwrap(), ["a", "b\"c"]);

    let body = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2.5"]}}"#;
    let url = fake::with_body(StatusCode::OK, "application/json", body).await;
    assert_eq!(client(&url).instant("2.5", NOW_MS).await.unwrap()[0].point.value, 2.5);
    let error = client(&url).range("2.5", SPAN, 1000).await.unwrap_err();
    assert!(error.to_string().contains("a range query gave no matrix"), "{error}");
}

#[tokio::test]
async fn a_path_prefix_is_kept() {
    let url = fake::with(fake::two_hosts).await;
    let error = client(&format!("{url}/prometheus/")).instant("up", NOW_MS).await.unwrap_err();
    // The fake knows no prefix, and says so with an empty 404.
    assert!(matches!(&error, Error::Malformed { reason, .. } if reason.starts_with("HTTP status 404")), "{error}");
    assert_eq!(client(&format!("{url}/")).instant("up", NOW_MS).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_words_of_the_server_are_kept() {
    let url = fake::with(fake::two_hosts).await;
    let error = client(&url).instant("bogus(", NOW_MS).await.unwrap_err();
    assert!(error.is_bad_query());
    assert_eq!(error.to_string(), "bad_data: 1:6: parse error: <b>unexpected</b>");
}

#[tokio::test]
async fn broken_utf8_costs_no_more_than_the_name() {
    let body = b"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"group\":\"a\xff\"},\"value\":[1,\"1\"]}]}}";
    let url = fake::with_bytes(body).await;
    assert_eq!(client(&url).instant("up", NOW_MS).await.unwrap()[0].labels["group"], "a\u{fffd}");
}
