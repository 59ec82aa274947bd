//! Through real sockets: what stands before every service.

use super::*;
use crate::{Asker, Ready, Security, reload};
use prometheus_client::registry::Registry;
use reqwest::{Client, Method};

/// A service behind everything that stands before it; stopped when dropped.
struct Running {
    url: String,
    shutdown: CancellationToken,
    ready: Ready,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn start(security: Security) -> Running {
    let bound = Bound::bind(&["127.0.0.1:0".to_owned()], security, vec!["friend.example".to_owned()]).await.unwrap();
    let (url, shutdown, ready) = (bound.url(), CancellationToken::new(), Ready::new(false));
    let (reload, mut requests) = reload::channel();
    tokio::spawn(async move {
        let mut outcomes = [Ok(()), Err("line 3: no".to_owned())].into_iter();
        while let (Some(request), Some(outcome)) = (requests.next().await, outcomes.next()) {
            request.answer(outcome);
        }
    });
    let endpoints =
        Endpoints { ready: ready.clone(), reload: Some(reload), metrics: Some(Arc::new(Registry::default())) };
    let service = tower::service_fn(|request: Request<Incoming>| async move {
        let asker = format!("{:?}", request.extensions().get::<Asker>());
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(asker))))
    });
    tokio::spawn(serve(bound, endpoints, service, shutdown.clone()));
    Running { url, shutdown, ready }
}

fn security(yaml: &str) -> Security {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.yml");
    std::fs::write(&path, yaml).unwrap();
    Security::load(&path).unwrap()
}

fn client() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

async fn ask(client: &Client, method: Method, url: String) -> (u16, String) {
    let response = client.request(method, url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn answers_the_common_endpoints() {
    let (running, client) = (start(Security::default()).await, client().build().unwrap());
    let ask = |method, path: &str| ask(&client, method, format!("{}{path}", running.url));
    assert_eq!(ask(Method::GET, "/-/healthy").await, (200, "Healthy.\n".into()));
    assert_eq!(ask(Method::GET, "/-/ready").await.0, 503);
    running.ready.set(true);
    assert_eq!(ask(Method::GET, "/-/ready").await.0, 200);
    assert_eq!(ask(Method::POST, "/-/ready").await.0, 405);
    assert_eq!(ask(Method::GET, "/-/reload").await.0, 405);
    assert_eq!(ask(Method::POST, "/-/reload").await.0, 200);
    assert_eq!(ask(Method::POST, "/-/reload").await, (500, "The old configuration goes on: line 3: no\n".into()));
    assert_eq!(ask(Method::GET, "/metrics").await.0, 200);
    assert_eq!(ask(Method::GET, "/else").await, (200, "Some(Anyone)".into()));
}

#[tokio::test]
async fn refuses_foreign_names_on_loopback() {
    let (running, client) = (start(Security::default()).await, client().build().unwrap());
    for (host, want) in [("localhost", 200), ("friend.example:1", 200), ("evil.example", 403)] {
        let response = client.get(&running.url).header("host", host).send().await.unwrap();
        assert_eq!(response.status(), want, "{host}");
    }
}

#[tokio::test]
async fn asks_who_is_there_and_adds_headers() {
    let hash = bcrypt::hash("secret", 4).unwrap();
    let running = start(security(&format!(
        "basic_auth_users: {{ann: '{hash}'}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}\n"
    )))
    .await;
    let client = client().build().unwrap();
    let refused = client.get(format!("{}/-/healthy", running.url)).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["www-authenticate"].to_str().unwrap()), (401, "Basic"));
    assert_eq!(refused.headers()["x-frame-options"], "deny");
    let accepted = client.get(&running.url).basic_auth("ann", Some("secret")).send().await.unwrap();
    assert_eq!(accepted.text().await.unwrap(), "Some(User(\"ann\"))");
}

#[tokio::test]
async fn answers_on_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let bound = Bound::bind(&[format!("unix:{}", path.display())], Security::default(), Vec::new()).await.unwrap();
    assert_eq!(bound.url(), format!("unix:{}", path.display()));
    let endpoints = Endpoints { ready: Ready::new(true), reload: None, metrics: None };
    let service = tower::service_fn(|_| async { Ok::<_, Infallible>(Response::new(String::new())) });
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(serve(bound, endpoints, service, shutdown.clone()));
    let client = client().unix_socket(path.clone()).build().unwrap();
    assert_eq!(ask(&client, Method::GET, "http://any/-/healthy".into()).await.0, 200);
    drop(client);
    shutdown.cancel();
    served.await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn limits_the_rate() {
    let (running, client) = (start(security("rate_limit: {interval: 1h, burst: 2}")).await, client().build().unwrap());
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(ask(&client, Method::GET, running.url.clone()).await.0);
    }
    assert_eq!(seen, [200, 200, 429]);
}

#[tokio::test]
async fn speaks_tls_and_checks_client_certificates() {
    let server = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let visitor = rcgen::generate_simple_self_signed(["visitor".to_owned()]).unwrap();
    let pem = |text: String| text.replace('\n', "\n    ");
    let running = start(security(&format!(
        "tls_server_config:\n  cert: |\n    {}\n  key: |\n    {}\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca: |\n    {}\n",
        pem(server.cert.pem()),
        pem(server.signing_key.serialize_pem()),
        pem(visitor.cert.pem()),
    )))
    .await;
    let url = running.url.replace("127.0.0.1", "localhost");
    let root = reqwest::Certificate::from_pem(server.cert.pem().as_bytes()).unwrap();
    let stranger = client().tls_certs_only([root.clone()]).build().unwrap();
    assert!(stranger.get(&url).send().await.is_err());
    let identity = format!("{}{}", visitor.cert.pem(), visitor.signing_key.serialize_pem());
    let known = client().tls_certs_only([root]).identity(reqwest::Identity::from_pem(identity.as_bytes()).unwrap());
    let response = known.build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
}

#[tokio::test]
async fn takes_no_changes_from_the_pages_of_others() {
    let (running, client) = (start(Security::default()).await, client().build().unwrap());
    for (site, want) in [("cross-site", 403), ("same-origin", 200), ("none", 200)] {
        let request = client.post(&running.url).header("sec-fetch-site", site);
        assert_eq!(request.send().await.unwrap().status(), want, "{site}");
    }
}

/// Without time passing in fact: the clock is tokio's.
#[tokio::test(start_paused = true)]
async fn a_silent_connection_loses_its_place() {
    let running = start(Security::default()).await;
    let address = running.url.trim_start_matches("http://").to_owned();
    for said in ["", "PRI", "GET / HT"] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest);
        let closed = tokio::time::timeout(HEAD_TIMEOUT + HANDSHAKE_TIMEOUT, read).await;
        assert!(closed.is_ok(), "open after {said:?}");
    }
}
