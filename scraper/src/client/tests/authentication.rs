//! Who we say we are: headers, secrets from files, tokens.

use super::server::Server;
use super::{client, get};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn line<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    let headers = head.lines().filter_map(|l| l.split_once(": "));
    headers.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[tokio::test]
async fn headers_and_secrets_from_files_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let mut server = Server::plain(|_| (200, "hello".to_owned())).await;
    let url = format!("http://{}/", server.address);
    write("user", "me\n");
    write("secret", " first \n");
    for (lines, first, second) in [
        ("  basic_auth: {username: me, password_file: secret}\n", "Basic bWU6Zmlyc3Q=", "Basic bWU6c2Vjb25k"),
        ("  basic_auth: {username_file: user, password_file: secret}\n", "Basic bWU6Zmlyc3Q=", "Basic bWU6c2Vjb25k"),
        ("  authorization: {credentials_file: secret}\n", "Bearer first", "Bearer second"),
        ("  bearer_token_file: secret\n", "Bearer first", "Bearer second"),
        ("  authorization: {type: Token, credentials_file: secret}\n", "Token first", "Token second"),
    ] {
        write("secret", " first \n");
        let client = client(lines, folder.path());
        get(&client, &url).await.unwrap();
        assert_eq!(line(&server.asked().await, "authorization"), [first]);
        write("secret", "second\n");
        client.0.renew();
        get(&client, &url).await.unwrap();
        assert_eq!(line(&server.asked().await, "authorization"), [second]);
        // A file that is gone takes nothing away.
        std::fs::remove_file(folder.path().join("secret")).unwrap();
        client.0.renew();
        get(&client, &url).await.unwrap();
        assert_eq!(line(&server.asked().await, "authorization"), [second]);
    }
    get(&client("  bearer_token: inline\n", folder.path()), &url).await.unwrap();
    assert_eq!(line(&server.asked().await, "authorization"), ["Bearer inline"]);
    write("tenant", "three\n");
    let lines = "  http_headers:\n    X-Tenant: {values: [one], secrets: [two], files: [tenant]}\n    Accept: {values: [text/plain]}\n";
    let client = client(lines, folder.path());
    get(&client, &url).await.unwrap();
    let request = server.asked().await;
    assert_eq!(line(&request, "x-tenant"), ["one", "two", "three"]);
    assert_eq!(line(&request, "accept"), ["text/plain"]);
}

#[tokio::test]
async fn a_token_is_fetched_used_again_and_dropped_when_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "s/cret\n").unwrap();
    let given = Arc::new(AtomicUsize::new(0));
    let giving = given.clone();
    let mut tokens = Server::plain(move |_| {
        let number = giving.fetch_add(1, Ordering::Relaxed) + 1;
        (200, format!(r#"{{"access_token": "t{number}", "token_type": "bearer", "expires_in": 3600}}"#))
    })
    .await;
    let mut target =
        Server::plain(|request| match request.contains("Bearer t1") && request.starts_with("GET /late ") {
            true => (401, String::new()),
            false => (200, "hello".to_owned()),
        })
        .await;
    let lines = format!(
        "  oauth2:\n    client_id: 'i d'\n    client_secret_file: secret\n    scopes: [a, b]\n    endpoint_params: {{audience: x}}\n    token_url: http://{}/token\n",
        tokens.address
    );
    let client = client(&lines, folder.path());
    let (url, late) = (format!("http://{}/", target.address), format!("http://{}/late", target.address));
    for _ in 0..2 {
        assert_eq!(get(&client, &url).await, Ok("hello".to_owned()));
        assert_eq!(line(&target.asked().await, "authorization"), ["Bearer t1"]);
    }
    let question = tokens.asked().await;
    assert!(question.starts_with("POST /token "), "{question}");
    // `i+d:s%2Fcret`: both are encoded as in a form.
    assert_eq!(line(&question, "authorization"), ["Basic aStkOnMlMkZjcmV0"]);
    assert!(question.ends_with("\r\n\r\ngrant_type=client_credentials&scope=a+b&audience=x"), "{question}");
    assert_eq!(get(&client, &late).await, Ok("401 ".to_owned()));
    assert_eq!(get(&client, &late).await, Ok("hello".to_owned()));
    assert_eq!(given.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_server_may_want_the_secret_in_the_form_or_give_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = Server::plain(|_| (200, "hello".to_owned())).await;
    let in_form = |request: &str| match request.contains("client_id=c&client_secret=hush") {
        true => (200, r#"{"access_token": "t"}"#.to_owned()),
        false => (401, String::new()),
    };
    for (tokens, want) in [
        (Server::plain(in_form).await, Ok("hello".to_owned())),
        (Server::plain(|_| (503, String::new())).await, Err("server returned HTTP status 503 Service Unavailable")),
        (Server::plain(|_| (200, "hush".to_owned())).await, Err("the answer is not a token as JSON")),
    ] {
        let token_url = format!("http://{}/", tokens.address);
        let lines = format!("  oauth2: {{client_id: c, client_secret: hush, token_url: '{token_url}'}}\n");
        let client = client(&lines, folder.path());
        let got = get(&client, &format!("http://{}/", target.address)).await;
        assert_eq!(got, want.map_err(|reason| format!("no token from {token_url}: {reason}")));
    }
}
