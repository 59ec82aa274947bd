//! Proxies, from the configuration and from the environment.

use super::server::{Authority, Server, tunnel};
use super::{client, get};
use rustls::version::TLS13;
use std::process::Command;

#[tokio::test]
async fn plain_requests_go_through_the_proxy_but_for_some() {
    let folder = tempfile::tempdir().unwrap();
    let mut proxy = Server::plain(|_| (200, "of the proxy".to_owned())).await;
    let target = Server::plain(|_| (200, "of the target".to_owned())).await;
    let lines = format!("  proxy_url: http://u:p@{}\n  no_proxy: '127.0.0.1,.internal'\n", proxy.address);
    let client = client(&lines, folder.path());
    assert_eq!(get(&client, "http://somewhere.example:9100/metrics").await, Ok("of the proxy".to_owned()));
    let asked = proxy.asked().await.to_lowercase();
    assert!(asked.starts_with("get http://somewhere.example:9100/metrics "), "{asked}");
    assert!(asked.contains("\r\nproxy-authorization: basic dtpw\r\n"), "{asked}");
    let url = format!("http://{}/", target.address);
    assert_eq!(get(&client, &url).await, Ok("of the target".to_owned()));
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_with_our_headers_for_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    std::fs::write(folder.path().join("ca.pem"), &authority.ca).unwrap();
    let mut target = Server::tls(authority.server("inside.example", None, &[&TLS13])).await;
    let mut proxy = tunnel(target.address).await;
    let lines = format!(
        "  proxy_url: http://{}\n  proxy_connect_header: {{X-Site: [a, b]}}\n  tls_config: {{ca_file: ca.pem}}\n",
        proxy.address
    );
    let client = client(&lines, folder.path());
    assert_eq!(get(&client, "https://inside.example:9100/metrics").await, Ok("hello".to_owned()));
    let connect = proxy.asked().await.to_lowercase();
    assert!(connect.starts_with("connect inside.example:9100 "), "{connect}");
    assert!(connect.contains("\r\nx-site: a\r\nx-site: b\r\n"), "{connect}");
    assert!(!target.asked().await.to_lowercase().contains("x-site"));
}

/// The environment belongs to a whole process, so one of its own is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_counts_where_it_is_said_to() {
    let proxy = Server::plain(|_| (200, "of the proxy".to_owned())).await;
    let test = std::env::current_exe().unwrap();
    let running = tokio::task::spawn_blocking(move || {
        let name = "client::tests::proxies::in_an_environment_with_a_proxy";
        let mut command = Command::new(test);
        command.args(["--exact", name, "--ignored"]).env("HTTP_PROXY", format!("http://{}", proxy.address));
        let output = command.env("http_proxy", format!("http://{}", proxy.address)).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    });
    let (succeeded, output) = running.await.unwrap();
    assert!(succeeded && output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "part of the_environment_counts_where_it_is_said_to"]
async fn in_an_environment_with_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let through = client("  proxy_from_environment: true\n", folder.path());
    assert_eq!(get(&through, "http://somewhere.invalid/metrics").await, Ok("of the proxy".to_owned()));
    let error = get(&client("", folder.path()), "http://somewhere.invalid/metrics").await.unwrap_err();
    assert!(error.starts_with("cannot find the host of somewhere.invalid:80: "), "{error}");
}
