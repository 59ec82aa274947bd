//! What happens at the limits: compression, samples, clients that leave.

use super::{Api, Limits};
use axum::body::Body;
use axum::http::Request;
use std::io::Read;
use std::time::Duration;
use tower::ServiceExt;

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let api = Api::new(Limits::default());
    let uri = "/api/v1/query_range?query=temperature&start=1700000007&end=1700000607&step=0.1";
    let (status, plain) = api.get(uri).await;
    assert!(status == 200 && plain.len() > 200_000, "{status} {}", plain.len());
    let request = Request::builder().uri(uri).header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let response = super::router(api.state.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(!response.headers().contains_key("content-length"));
    let packed = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    assert!(packed.len() * 3 < plain.len() && text == plain);
}

#[tokio::test]
async fn a_query_of_too_many_samples_is_an_execution_error() {
    let api = Api::new(Limits { max_samples: 50, ..Limits::default() });
    let (status, body) = api.get("/api/v1/query?query=temperature%5B10m%5D&time=1700000607").await;
    assert!(
        status == 422 && body.starts_with(r#"{"status":"error","errorType":"execution","error":"#),
        "{status} {body}"
    );
}

#[tokio::test]
async fn a_query_past_the_services_own_timeout_is_given_up() {
    let api = Api::new(Limits { timeout: Duration::ZERO, ..Limits::default() });
    for uri in ["/api/v1/query?query=up&timeout=1h", "/api/v1/labels", "/api/v1/status/tsdb"] {
        let want = r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
        assert_eq!(api.get(uri).await, (503, want.to_owned()), "{uri}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let api = Api::new(Limits::default());
    let form = format!("query=up&x={}", "y".repeat(11 << 20));
    let (status, body) = super::read(api.ask("POST", "/api/v1/query", Some(&form)).await).await;
    assert!(status == 400 && body.contains("error parsing form values"), "{status} {body}");
}

#[tokio::test]
async fn nobody_elsewhere_may_read_answers() {
    let api = Api::new(Limits::default());
    let request = Request::builder().uri("/api/v1/labels").header("origin", "https://evil.example").body(Body::empty());
    let response = super::router(api.state.clone()).oneshot(request.unwrap()).await.unwrap();
    assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control")));
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}
