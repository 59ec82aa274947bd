//! The pages for people.

use super::{Api, Limits, read};

#[tokio::test]
async fn pages_are_escaped_and_load_nothing_from_elsewhere() {
    let api = Api::new(Limits::default());
    for (uri, words) in [
        ("/", &["1 of 3 up", "href=\"targets\"", "action=\"api/v1/query\"", "8 series"][..]),
        (
            "/targets",
            &[
                "3 targets, 1 down, 1 that cannot be scraped, 1 dropped by relabelling.",
                "/etc/&lt;targets&gt;.json: line 1: no",
                "`__scheme__` is &quot;&lt;ftp&gt;&quot;: expected http or https",
                "line 3: &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;",
                "<td>3 s ago</td>",
                "<td>not yet</td>",
                "0.013 s",
                "<td class=\"number\">40</td>",
                "<td class=\"number\">40<br><span class=\"down\">1 left out: new past soft_sample_limit</span></td>",
            ],
        ),
    ] {
        let response = api.ask("GET", uri, None).await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        let (status, body) = read(response).await;
        assert_eq!(status, 200);
        for word in words {
            assert!(body.contains(word), "{uri} lacks {word}: {body}");
        }
        assert!(!body.contains("<script") && !body.contains("://") | (uri == "/targets"), "{body}");
    }
    let (status, style) = api.get("/style.css").await;
    assert!(status == 200 && style.contains("prefers-color-scheme: dark"));
    // What is down comes first.
    let (_, body) = api.get("/targets").await;
    let place = |word: &str| body.find(word).unwrap();
    assert!(place("class=\"down\"") < place("class=\"unknown\"") && place("class=\"unknown\"") < place("class=\"up\""));
}

#[tokio::test]
async fn a_page_that_is_not_there_says_so() {
    assert_eq!(Api::new(Limits::default()).get("/nosuch").await, (404, "404 page not found\n".to_owned()));
}
