//! Targets from a server that lists them: `http_sd_configs`.

use super::{Answer, groups};
use crate::client::{HttpClient, failure};
use crate::config::{HttpDiscovery, ListFormat, TargetGroup};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::time::Duration;

/// A longer list is refused.
const MAX_BYTES: usize = 64 << 20;

/// The longest that a server may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, with the list that it last gave.
#[derive(Debug)]
pub(super) struct Server {
    config: HttpDiscovery,
    client: Option<HttpClient>,
    last: Vec<TargetGroup>,
}

impl Server {
    /// Not asked yet.
    pub(super) fn new(config: HttpDiscovery) -> Self {
        Server { config, client: None, last: Vec::new() }
    }

    /// Asks.
    pub(super) async fn ask(&mut self) -> Answer {
        let patience = PATIENCE.min(self.config.refresh_interval);
        let asked = tokio::time::timeout(patience, self.fetch()).await;
        let errors = match asked.unwrap_or_else(|_| Err(format!("no whole answer within {} s", patience.as_secs_f64())))
        {
            Ok(groups) => {
                self.last = groups;
                Vec::new()
            }
            Err(reason) => vec![format!("{}: {reason}", self.config.url)],
        };
        Answer { groups: self.last.clone(), errors }
    }

    async fn fetch(&mut self) -> Result<Vec<TargetGroup>, String> {
        // Made late and again, so that a file that is missing hinders this server alone.
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(HttpClient::new(&self.config.client)?),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let interval = self.config.refresh_interval.as_secs_f64().to_string();
        if let Ok(interval) = HeaderValue::from_str(&interval) {
            headers.insert("X-Prometheus-Refresh-Interval-Seconds", interval);
        }
        let mut response = client.execute(client.request(&self.config.url, headers)?).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("server returned HTTP status {}", response.status()));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !is_json(kind) {
            return Err(format!("the Content-Type is {kind:?}: expected application/json"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(format!("the list is larger than {} MiB", MAX_BYTES >> 20));
            }
            body.extend_from_slice(&chunk);
        }
        groups::read(&body, ListFormat::Json, "__meta_url", &self.config.url)
    }
}

/// `application/json`, in UTF-8 where it says an encoding.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|p| p.trim().to_ascii_lowercase());
    parts.next().is_some_and(|kind| kind == "application/json")
        && parts.all(|p| !p.starts_with("charset") || matches!(p.as_str(), "charset=utf-8" | "charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Discovery};
    use axum::Router;
    use axum::http::HeaderMap as Headers;
    use axum::routing::get;
    use parking_lot::Mutex;
    use std::sync::Arc;

    #[test]
    fn content_types() {
        for (kind, want) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("", false),
        ] {
            assert_eq!(is_json(kind), want, "{kind}");
        }
    }

    #[tokio::test]
    async fn a_server_is_asked_as_prometheus_asks_and_what_was_good_stays() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        type Said = (u16, &'static str, &'static str);
        let said: Arc<Mutex<Said>> = Arc::new(Mutex::new((200, "application/json", r#"[{"targets": ["a:1"]}]"#)));
        let heard: Arc<Mutex<Headers>> = Arc::default();
        let (saying, hearing) = (said.clone(), heard.clone());
        let answer = move |headers: Headers| async move {
            *hearing.lock() = headers;
            let (status, kind, body) = *saying.lock();
            (axum::http::StatusCode::from_u16(status).unwrap(), [("content-type", kind)], body)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/list", listener.local_addr().unwrap());
        let serving =
            tokio::spawn(async move { axum::serve(listener, Router::new().route("/list", get(answer))).await });
        let text = format!(
            "scrape_configs:\n- job_name: j\n  http_sd_configs:\n  - url: {url}\n    refresh_interval: 90s\n    authorization: {{credentials: hush}}\n"
        );
        let config = Config::parse(&text, "test").unwrap();
        assert!(!config.yaml.contains("hush"));
        let [Discovery::Http(config)] = &config.jobs[0].discovery[..] else { panic!("{config:?}") };
        let mut server = Server::new((**config).clone());

        let good = server.ask().await;
        assert_eq!(good.errors, Vec::<String>::new());
        assert_eq!(good.groups[0].targets, ["a:1"]);
        assert_eq!(good.groups[0].labels, [("__meta_url".to_owned(), url.clone())]);
        for (name, value) in [
            ("accept", "application/json"),
            ("x-prometheus-refresh-interval-seconds", "90"),
            ("authorization", "Bearer hush"),
        ] {
            assert_eq!(heard.lock()[name], value);
        }
        for (now, reason) in [
            ((500, "application/json", "[]"), "server returned HTTP status 500 Internal Server Error"),
            ((200, "text/html", "[]"), "the Content-Type is \"text/html\": expected application/json"),
            ((200, "application/json", "["), "EOF while parsing a list at line 1 column 1"),
        ] {
            *said.lock() = now;
            assert_eq!(
                server.ask().await,
                Answer { groups: good.groups.clone(), errors: vec![format!("{url}: {reason}")] }
            );
        }
        *said.lock() = (200, "application/json", "[]");
        assert_eq!(server.ask().await, Answer::default());
        serving.abort();
    }
}
