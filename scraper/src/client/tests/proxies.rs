//! Proxies, from the configuration and from the environment.

use super::server::{Authority, Server, remember_names, tunnel};
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

/// The proxy is asked for the URL's host, and the server behind it for the name that it must have.
#[tokio::test]
async fn a_server_behind_a_proxy_is_asked_for_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    std::fs::write(folder.path().join("ca.pem"), &authority.ca).unwrap();
    let mut config = authority.server("metrics.example.org", None, &[&TLS13]);
    let names = remember_names(&mut config);
    let mut target = Server::tls(config).await;
    let mut proxy = tunnel(target.address).await;
    let refused =
        "the certificate of inside.example:9100 is for another name: give that as `server_name` in `tls_config`";
    let ca = "ca_file: ca.pem, server_name";
    for (tls, sni, want) in [
        (format!("{ca}: metrics.example.org"), "metrics.example.org", Ok("hello".to_owned())),
        (format!("{ca}: other.example.org"), "other.example.org", Err(refused.to_owned())),
        // Addresses are none that are sent.
        (format!("{ca}: 10.0.0.1"), "", Err(refused.to_owned())),
        ("insecure_skip_verify: true, server_name: x.example".to_owned(), "x.example", Ok("hello".to_owned())),
    ] {
        let lines = format!(
            "  proxy_url: http://u:p@{}\n  no_proxy: 127.0.0.1\n  proxy_connect_header: {{X-Site: [a, b]}}\n  tls_config: {{{tls}}}\n",
            proxy.address
        );
        let client = client(&lines, folder.path());
        assert_eq!(get(&client, "https://inside.example:9100/metrics").await, want, "{tls}");
        let connect = proxy.asked().await.to_lowercase();
        assert!(connect.starts_with("connect inside.example:9100 http/1.1\r\n"), "{connect}");
        assert!(connect.contains("\r\nx-site: a\r\nx-site: b\r\n"), "{connect}");
        assert!(connect.contains("\r\nproxy-authorization: basic dtpw\r\n"), "{connect}");
        assert_eq!(names.lock().unwrap().pop().unwrap(), sni, "{tls}");
        if want.is_ok() {
            let head = target.asked().await.to_lowercase();
            assert!(head.starts_with("get /metrics http/1.1\r\n"), "{head}");
            assert!(head.contains("\r\nhost: inside.example:9100\r\n") && !head.contains("x-site"), "{head}");
            assert!(!head.contains("proxy-authorization"), "{head}");
            // Where no proxy is to be asked the name is the same.
            assert_eq!(get(&client, &format!("https://{}/", target.address)).await, want, "{tls}");
            assert!(target.asked().await.starts_with("GET / "));
            assert_eq!(names.lock().unwrap().pop().unwrap(), sni, "{tls}");
            assert!(proxy.requests.try_recv().is_err(), "{tls}");
        }
    }
}

#[tokio::test]
async fn a_tunnel_under_a_name_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let target = Server::tls(Authority::new("any").server("any.example", None, &[&TLS13])).await;
    let mut proxy = tunnel(target.address).await;
    let tls = "tls_config: {insecure_skip_verify: true, server_name: x.example}";
    let client = client(&format!("  proxy_url: http://{}\n  {tls}\n", proxy.address), folder.path());
    for _ in 0..3 {
        assert_eq!(get(&client, "https://inside.example:9100/kept").await, Ok("hello".to_owned()));
    }
    // Its connection is another host's alone.
    assert_eq!(get(&client, "https://beside.example:9100/kept").await, Ok("hello".to_owned()));
    for host in ["inside", "beside"] {
        assert!(proxy.asked().await.starts_with(&format!("CONNECT {host}.example:9100 ")));
    }
    assert!(proxy.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_proxy_over_tls_has_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    std::fs::write(folder.path().join("ca.pem"), &authority.ca).unwrap();
    // It refuses: what counts is what it is asked.
    let mut config = authority.server("localhost", None, &[&TLS13]);
    let names = remember_names(&mut config);
    let mut proxy = Server::tls_answering(config, |_| (407, String::new())).await;
    let lines = format!(
        "  proxy_url: https://localhost:{}\n  tls_config: {{ca_file: ca.pem, server_name: metrics.example.org}}\n",
        proxy.address.port()
    );
    let got = get(&client(&lines, folder.path()), "https://inside.example:9100/").await;
    assert_eq!(got, Err("client error (Connect): tunnel error: proxy authorization required".to_owned()));
    assert!(proxy.asked().await.starts_with("CONNECT inside.example:9100 "));
    assert_eq!(*names.lock().unwrap(), ["localhost"]);
}

/// The environment belongs to a whole process, so one of its own is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_counts_where_it_is_said_to() {
    let proxy = Server::plain(|_| (200, "of the proxy".to_owned())).await;
    let target = Server::tls(Authority::new("any").server("any.example", None, &[&TLS13])).await;
    let tunnel = tunnel(target.address).await;
    let test = std::env::current_exe().unwrap();
    let running = tokio::task::spawn_blocking(move || {
        let name = "client::tests::proxies::in_an_environment_with_a_proxy";
        let mut command = Command::new(test);
        command.args(["--exact", name, "--ignored"]).env("HTTP_PROXY", format!("http://{}", proxy.address));
        command.env("HTTPS_PROXY", format!("http://{}", tunnel.address)).env_remove("https_proxy");
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
    let lines = "  proxy_from_environment: true\n  tls_config: {insecure_skip_verify: true, server_name: x.example}\n";
    let named = client(lines, folder.path());
    assert_eq!(get(&named, "https://somewhere.invalid/metrics").await, Ok("hello".to_owned()));
    assert_eq!(get(&named, "http://somewhere.invalid/metrics").await, Ok("of the proxy".to_owned()));
}
