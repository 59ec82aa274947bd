//! The pages for people.

use super::{Api, Limits, read};

#[tokio::test]
async fn pages_are_escaped_and_load_nothing_from_elsewhere() {
    let api = Api::new(Limits::default());
    for (uri, words) in [
        ("/", &["1 of 3 up", "href=\"targets\"", "action=\"api/v1/query\"", " samples in 1 block<"][..]),
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

#[tokio::test]
async fn a_target_s_page_tells_what_each_rule_did() {
    let mut api = Api::new(Limits::default());
    let rules = "scrape_configs:\n- job_name: api\n  relabel_configs:\n  - {source_labels: [job], target_label: team, replacement: '<b>$1'}\n  - {source_labels: [__address__], regex: 'd.*', action: drop}\n  - {regex: nothing, action: labeldrop}\n";
    let job = crate::config::Config::parse(rules, "test").unwrap().jobs[0].clone();
    api.state.job = std::sync::Arc::new(move |_| Some(job.clone()));
    let (_, list) = api.get("/targets").await;
    let links: Vec<String> = list
        .split("href=\"target?")
        .skip(1)
        .map(|rest| format!("/target?{}", rest.split('"').next().unwrap().replace("&amp;", "&")))
        .collect();
    assert_eq!(links.len(), 5, "{list}");
    for (link, words) in links.iter().zip([
        &[
            "<h1>Target b:1</h1>",
            "line 3: &lt;script&gt;",
            "every 15s, within 10s",
            "90 s ago",
            "<ol><li><code>action: replace, source_labels: [job], target_label: &quot;team&quot;, replacement: &quot;&lt;b&gt;$1&quot;</code><p>sets <code>team=&quot;&lt;b&gt;api&quot;</code></p></li>",
            "<li><code>action: drop, source_labels: [__address__], regex: &quot;d.*&quot;</code><p>changes nothing</p></li>",
            "Labels of its series",
        ][..],
        &["<h1>Target c:1</h1>", "not yet"],
        &["<h1>Target a:1</h1>", "<td>none</td>"],
        &["<h1>Target e:1</h1>", "cannot be scraped", "&lt;ftp&gt;"],
        &["<h1>Target d:1</h1>", "dropped by relabelling", "<span class=\"down\">dropped here</span>: <code>__address__=&quot;d:1&quot;</code>"],
    ]) {
        let (status, body) = api.get(link).await;
        assert_eq!(status, 200);
        for word in words {
            assert!(body.contains(word), "{link} lacks {word}: {body}");
        }
        assert!(!body.contains("<script") && !body.contains("<b>"), "{body}");
    }
    let (status, body) = api.get("/target?pool=api&id=0").await;
    assert!(status == 404 && body.contains("There is no such target any more."), "{body}");

    let asked = "/api/v1/targets/relabel_steps?scrapePool=api&labels=%7B%22__address__%22%3A%22d%3A1%22%2C%22job%22%3A%22j%22%7D";
    let (status, body) = api.get(asked).await;
    let want = serde_json::json!({"status": "success", "data": {"steps": [
        {"rule": {"sourceLabels": ["job"], "separator": ";", "regex": "(.*)", "targetLabel": "team", "replacement": "<b>$1", "action": "replace"},
         "output": {"__address__": "d:1", "job": "j", "team": "<b>j"}, "keep": true},
        {"rule": {"sourceLabels": ["__address__"], "separator": ";", "regex": "d.*", "action": "drop"},
         "output": {"__address__": "d:1", "job": "j", "team": "<b>j"}, "keep": false},
    ]}});
    assert_eq!((status, serde_json::from_str::<serde_json::Value>(&body).unwrap()), (200, want));
    for (query, error) in [
        ("labels=%7B%7D", "no scrapePool parameter provided"),
        ("scrapePool=api", "no labels parameter provided"),
        ("scrapePool=api&labels=%5B", "error parsing labels: "),
    ] {
        let (status, body) = api.get(&format!("/api/v1/targets/relabel_steps?{query}")).await;
        assert!(status == 400 && body.contains(error), "{body}");
    }
}
