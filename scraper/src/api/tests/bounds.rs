//! What happens at the limits: compression, samples, clients that leave.

use super::{Api, Limits};
use crate::api::Origins;
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
async fn a_query_of_too_many_series_is_an_execution_error() {
    let api = Api::new(Limits { max_series: 3, ..Limits::default() });
    for query in ["%7Bjob%3D~%22.%2B%22%7D", "count_values(%22v%22%2Ctemperature%5B10m%3A%5D)"] {
        let (status, body) = api.get(&format!("/api/v1/query?query={query}&time=1700000300")).await;
        let refused = body.contains("too many series in memory") || body.contains("expected type instant vector");
        assert!(refused && status >= 400, "{status} {body}");
    }
}

#[tokio::test]
async fn nobody_elsewhere_may_read_answers_unless_allowed() {
    let mut api = Api::new(Limits::default());
    let ask = async |api: &Api, method: &str, origin: &str| {
        let request = Request::builder().method(method).uri("/api/v1/labels").header("origin", origin);
        let response = super::router(api.state.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let allowed = response.headers().get("access-control-allow-origin").map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), allowed)
    };
    assert_eq!(ask(&api, "GET", "https://evil.example").await, (200, None));
    assert_eq!(ask(&api, "OPTIONS", "https://evil.example").await, (405, None));
    api.state.cors = Some(Origins::parse("https?://(a|b)[.]example").unwrap());
    for origin in ["https://evil.example", "https://a.example.evil", "null", "xhttps://a.example"] {
        assert_eq!(ask(&api, "GET", origin).await, (200, None), "{origin}");
    }
    let of_a = Some("https://a.example".to_owned());
    assert_eq!(ask(&api, "GET", "https://a.example").await, (200, of_a.clone()));
    assert_eq!(ask(&api, "OPTIONS", "https://a.example").await, (204, of_a));
    api.state.cors = Some(Origins::parse(".*").unwrap());
    assert_eq!(ask(&api, "GET", "https://a.example").await, (200, Some("*".to_owned())));
    assert!(Origins::parse("(").is_err());
}
