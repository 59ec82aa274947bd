//! Asking over HTTP.

use crate::running::PATIENCE;
use serde_json::Value;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A client without proxies, which would take loopback for the world. Made once, since it reads the system's authorities;
/// it keeps no connections, since each test has a runtime of its own, with which they end.
pub(crate) fn client() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(0).build().unwrap()
    });
    CLIENT.clone()
}

/// The body of a GET that must succeed, with the given Accept header, and its content type.
pub(crate) async fn get(url: &str, accept: &str) -> (String, String) {
    let response = client().get(url).header("accept", accept).send().await.unwrap_or_else(|e| panic!("{url}: {e}"));
    let status = response.status();
    let kind = response.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let body = response.text().await.unwrap();
    assert!(status.is_success(), "{url}: {status}: {body}");
    (body, kind)
}

/// `data` of an answer of the Prometheus API.
pub(crate) async fn api(base: &str, path: &str, parameters: &[(&str, &str)]) -> Value {
    let response = client().get(format!("{base}/api/v1/{path}")).query(parameters).send().await.unwrap();
    let body = response.text().await.unwrap();
    let answer: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path} {parameters:?}: {e}: {body}"));
    assert_eq!(answer["status"], "success", "{path} {parameters:?}: {body}");
    answer["data"].clone()
}

/// Asks again until `found` is content; panics with the last answer when patience ends.
pub(crate) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let end = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(last) => assert!(Instant::now() < end, "{what} did not come to be: {last}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a GET answers with success.
pub(crate) async fn ready(url: &str) {
    let client = client();
    eventually(url, || async {
        match client.get(url).send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(response.status().to_string()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}
