//! Asking a running scraper.

use anyhow::Context;
use reqwest::Response;

/// Runs a future on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // Only the first provider of a process counts; a second is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Sends a form to an endpoint. An answer that is an error is one here, in its words.
pub(super) async fn post(server: &str, endpoint: &str, form: &[(&str, &str)]) -> anyhow::Result<Response> {
    let url = format!("{}{endpoint}", server.trim_end_matches('/'));
    let request = reqwest::Client::builder().build()?.post(&url).form(form);
    let response = request.send().await.with_context(|| format!("cannot ask {server}"))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    let said = serde_json::from_str::<serde_json::Value>(&body).ok();
    let said = said.and_then(|v| v["error"].as_str().map(str::to_owned));
    anyhow::bail!("{}", said.unwrap_or_else(|| format!("{server} answered {status}")));
}
