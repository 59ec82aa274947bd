//! `tls_config` against servers of every kind.

use super::server::{Authority, Server, remember_names};
use super::{client, get};
use crate::client::HttpClient;
use rustls::version::{TLS12, TLS13};
use std::path::Path;

const BOTH: [&rustls::SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[tokio::test]
async fn a_server_is_trusted_for_its_authority_and_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    write(folder, "ca.pem", &ours.ca);
    write(folder, "other.pem", &other.ca);
    let server = Server::tls(ours.server("127.0.0.1", None, &BOTH)).await;
    let elsewhere = Server::tls(ours.server("metrics.example.org", None, &BOTH)).await;
    let not_trusted = |s: &Server| {
        Err(format!(
            "the certificate of {} is from an authority that is not trusted: name it as `ca_file` in `tls_config`",
            s.address
        ))
    };
    let hello = || Ok("hello".to_owned());
    let other_name = Err(format!(
        "the certificate of {} is for another name: give that as `server_name` in `tls_config`",
        elsewhere.address
    ));
    let inline = format!("ca: {}", serde_json::Value::from(ours.ca.clone()));
    for (tls, server, want) in [
        ("ca_file: ca.pem", &server, hello()),
        (inline.as_str(), &server, hello()),
        ("ca_file: other.pem", &server, not_trusted(&server)),
        ("insecure_skip_verify: false", &server, not_trusted(&server)),
        ("insecure_skip_verify: true", &server, hello()),
        ("ca_file: ca.pem", &elsewhere, other_name),
        ("ca_file: ca.pem, server_name: metrics.example.org", &elsewhere, hello()),
        ("ca_file: other.pem, server_name: metrics.example.org", &elsewhere, not_trusted(&elsewhere)),
        ("server_name: metrics.example.org", &elsewhere, not_trusted(&elsewhere)),
        ("server_name: other.example.org, insecure_skip_verify: true", &elsewhere, hello()),
    ] {
        let client = client(&format!("  tls_config: {{{tls}}}\n"), folder);
        assert_eq!(get(&client, &format!("https://{}/", server.address)).await, want, "{tls}");
    }
}

/// What a server is asked for in the handshake and in the request, `SNI, Host`.
#[tokio::test]
async fn a_server_is_asked_for_the_name_that_it_must_have() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours");
    write(folder.path(), "ca.pem", &ours.ca);
    let mut config = ours.server("metrics.example.org", None, &BOTH);
    let names = remember_names(&mut config);
    let mut server = Server::tls(config).await;
    let port = server.address.port();
    for (tls, host, sni, answers) in [
        ("ca_file: ca.pem, server_name: metrics.example.org", "127.0.0.1", "metrics.example.org", true),
        ("ca_file: ca.pem, server_name: metrics.example.org", "localhost", "metrics.example.org", true),
        ("ca_file: ca.pem, server_name: Metrics.Example.org", "127.0.0.1", "metrics.example.org", true),
        ("insecure_skip_verify: true, server_name: other.example.org", "127.0.0.1", "other.example.org", true),
        ("ca_file: ca.pem, server_name: other.example.org", "127.0.0.1", "other.example.org", false),
        ("insecure_skip_verify: true", "localhost", "localhost", true),
        // Addresses are none that are sent, and what the URL says is not what was asked for.
        ("insecure_skip_verify: true, server_name: 10.0.0.1", "localhost", "", true),
        ("insecure_skip_verify: true", "127.0.0.1", "", true),
    ] {
        let client = client(&format!("  tls_config: {{{tls}}}\n"), folder.path());
        // Twice: the second time with what the first has made.
        for _ in 0..2 {
            let got = get(&client, &format!("https://{host}:{port}/")).await;
            assert_eq!(got.is_ok(), answers, "{tls}: {got:?}");
            assert_eq!(names.lock().unwrap().pop().unwrap_or_default(), sni, "{tls}");
            if answers {
                let head = server.asked().await;
                assert!(head.contains(&format!("\r\nhost: {host}:{port}\r\n")), "{tls}: {head}");
            }
        }
    }
}

/// HTTP/2 is offered where the job says so; the server speaks nothing else.
#[tokio::test]
async fn http_2_is_offered_under_a_name_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Authority::new("any").server("any.example", None, &BOTH);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut server = Server::tls(config).await;
    for name in ["", ", server_name: x.example"] {
        for http2 in [true, false] {
            let lines = format!("  enable_http2: {http2}\n  tls_config: {{insecure_skip_verify: true{name}}}\n");
            let error = get(&client(&lines, folder.path()), &format!("https://{}/", server.address)).await.unwrap_err();
            match http2 {
                true => assert_eq!(server.asked().await, "PRI * HTTP/2.0\r\n\r\n", "{name}"),
                false => assert!(error.starts_with("no TLS with "), "{name}: {error}"),
            }
        }
    }
}

/// With and without a name, as far as ten hops, and with credentials for the first host alone.
#[tokio::test]
async fn redirects_are_followed_under_a_name_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = Authority::new("any").server("any.example", None, &BOTH);
    let other = Server::plain(|head| (200, head.contains("authorization: ").to_string())).await;
    let there = format!("http://{}/", other.address);
    let server = Server::tls_answering(config, move |head| {
        let path = head.split(' ').nth(1).unwrap();
        match path.trim_start_matches('/').parse::<u32>() {
            Ok(0) => (200, head.contains("authorization: Bearer t\r\n").to_string()),
            Ok(hops) => (302, format!("/{}", hops - 1)),
            Err(_) => (307, there.clone()),
        }
    })
    .await;
    let here = format!("https://{}", server.address);
    for name in ["", ", server_name: x.example"] {
        let lines = format!("  bearer_token: t\n  tls_config: {{insecure_skip_verify: true{name}}}\n");
        let following = client(&lines, folder.path());
        let standing = client(&format!("{lines}  follow_redirects: false\n"), folder.path());
        let too_many = Err("too many redirects: more than 10".to_owned());
        for (client, path, want) in [
            (&following, "10", Ok("true".to_owned())),
            (&following, "11", too_many),
            (&following, "elsewhere", Ok("false".to_owned())),
            (&standing, "1", Ok("302 /0".to_owned())),
            (&standing, "0", Ok("true".to_owned())),
        ] {
            assert_eq!(get(client, &format!("{here}/{path}")).await, want, "{name}: {path}");
        }
    }
}

#[tokio::test]
async fn errors_name_the_host_of_the_url() {
    let folder = tempfile::tempdir().unwrap();
    let named = client("  tls_config: {server_name: metrics.example.org}\n", folder.path());
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(get(&named, &format!("https://{nowhere}/")).await, Err(format!("connection refused by {nowhere}")));
    let got = get(&named, "https://nothing.invalid:1/").await.unwrap_err();
    assert!(got.starts_with("cannot find the host of nothing.invalid:1: "), "{got}");
}

#[tokio::test]
async fn versions() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours");
    write(folder.path(), "ca.pem", &ours.ca);
    let old = Server::tls(ours.server("127.0.0.1", None, &[&TLS12])).await;
    let new = Server::tls(ours.server("127.0.0.1", None, &[&TLS13])).await;
    for server_name in ["", ", server_name: 127.0.0.1"] {
        for (tls, of_old, of_new) in [
            ("min_version: TLS12", true, true),
            ("min_version: TLS13", false, true),
            ("max_version: TLS12", true, false),
            ("min_version: TLS13, max_version: TLS13", false, true),
        ] {
            let client = client(&format!("  tls_config: {{ca_file: ca.pem, {tls}{server_name}}}\n"), folder.path());
            for (server, works) in [(&old, of_old), (&new, of_new)] {
                let got = get(&client, &format!("https://{}/", server.address)).await;
                let words = format!("no TLS with {}: ", server.address);
                assert!(
                    if works { got.is_ok() } else { got.as_ref().is_err_and(|e| e.starts_with(&words)) },
                    "{tls}: {got:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_client_s_certificate_is_shown_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (servers, clients, strangers) =
        (Authority::new("servers"), Authority::new("clients"), Authority::new("strangers"));
    write(folder, "ca.pem", &servers.ca);
    let server = Server::tls(servers.server("127.0.0.1", Some(&clients), &BOTH)).await;
    let url = format!("https://{}/", server.address);
    assert!(get(&client("  tls_config: {ca_file: ca.pem}\n", folder), &url).await.is_err());

    let show = |authority: &Authority| {
        let (certificate, key) = authority.sign("client");
        write(folder, "cert.pem", &certificate);
        write(folder, "key.pem", &key);
    };
    for server_name in ["", ", server_name: 127.0.0.1"] {
        show(&strangers);
        let lines = format!("  tls_config: {{ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem{server_name}}}\n");
        let client = client(&lines, folder);
        assert!(get(&client, &url).await.is_err());
        show(&clients);
        client.0.renew();
        assert_eq!(get(&client, &url).await, Ok("hello".to_owned()), "{server_name}");
        // What can't be used changes nothing.
        write(folder, "key.pem", "no key");
        client.0.renew();
        assert_eq!(get(&client, &url).await, Ok("hello".to_owned()), "{server_name}");
    }
}

#[test]
fn what_is_not_there_or_not_pem_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "no.pem", "nothing");
    for (tls, want) in [
        ("ca_file: /nowhere/ca.pem", "/nowhere/ca.pem: No such file or directory (os error 2)"),
        ("ca_file: no.pem", "tls_config: `ca` holds no certificate in PEM form"),
        ("ca_file: no.pem, server_name: x", "tls_config: `ca` holds no certificate in PEM form"),
        ("server_name: 'a b'", "tls_config: `server_name`: \"a b\" is not a host's name"),
    ] {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = super::config(&format!("  tls_config: {{{tls}}}\n"), folder.path());
        assert_eq!(HttpClient::new(&config).unwrap_err(), want);
    }
}
