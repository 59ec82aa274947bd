//! The client over real sockets, TLS included.

mod authentication;
mod certificates;
mod proxies;
mod server;

use super::HttpClient;
use crate::config::{Config, HttpClient as ClientConfig};
use http::HeaderMap;
use std::path::Path;

/// The client of a job with these lines, each indented by two.
fn config(lines: &str, folder: &Path) -> ClientConfig {
    let text = format!("scrape_configs:\n- job_name: j\n{lines}");
    let file = folder.join("scraper.yml");
    let config = Config::parse(&text, &file.display().to_string()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    config.jobs[0].http.clone()
}

fn client(lines: &str, folder: &Path) -> HttpClient {
    let _ = rustls::crypto::ring::default_provider().install_default();
    HttpClient::new(&config(lines, folder)).unwrap_or_else(|e| panic!("{e}\n{lines}"))
}

/// The text of the answer, with its status where that is not 200, or the error in words.
async fn get(client: &HttpClient, url: &str) -> Result<String, String> {
    let response = client.execute(client.request(url, HeaderMap::new())?).await?;
    let status = response.status();
    let text = response.text().await.map_err(super::failure)?;
    Ok(if status == 200 { text } else { format!("{} {text}", status.as_u16()) })
}
