//! Every endpoint and every error, against `answers.txt`.

use super::{Api, Limits, read};
use std::fmt::Write;
use std::path::Path;

#[tokio::test]
async fn answers_are_those_of_the_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/tests/answers.txt");
    let file = std::fs::read_to_string(&path).unwrap();
    let api = Api::new(Limits::default());
    let mut got = String::new();
    for line in file.lines().filter(|line| !line.starts_with("< ")) {
        writeln!(got, "{line}").unwrap();
        let Some(request) = line.strip_prefix("> ") else { continue };
        let mut words = request.split(' ');
        let (method, uri, form) = (words.next().unwrap(), words.next().unwrap(), words.next());
        let response = api.ask(method, uri, form).await;
        assert_eq!(response.headers()["content-type"], "application/json", "{request}");
        let (status, body) = read(response).await;
        let json: serde_json::Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{request}: {e}\n{body}"));
        assert_eq!(json["status"], if status == 200 { "success" } else { "error" }, "{request}");
        assert!(!body.contains(|c: char| c.is_control() && c != '\u{7f}') && !body.contains('<'), "{request}: {body}");
        writeln!(got, "< {status} {body}").unwrap();
    }
    if std::env::var_os("UPDATE_ANSWERS").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    // Line by line: the first difference is what one wants to see.
    for (got, want) in got.lines().zip(file.lines()) {
        assert_eq!(got, want);
    }
    assert_eq!(got.lines().count(), file.lines().count());
}

/// The evaluator's own words are its tests' to pin; here it is who is at fault that counts.
#[tokio::test]
async fn errors_of_the_evaluator_have_their_type() {
    let api = Api::new(Limits::default());
    for (uri, status, begins, holds) in [
        ("query", 400, r#"bad_data","error":"invalid parameter \"query\": "#, "no expression found in input"),
        ("query?query=up%7B", 400, r#"bad_data","error":"invalid parameter \"query\": "#, "parse error: "),
        ("query?query=rate(up)", 400, r#"bad_data","error":"invalid parameter \"query\": "#, "rate"),
        ("query?query=nosuch(up)", 400, r#"bad_data","error":"invalid parameter \"query\": "#, "nosuch"),
        (
            "query_range?query=up%7B&start=0&end=1&step=1",
            400,
            r#"bad_data","error":"invalid parameter \"query\": "#,
            "parse error: ",
        ),
        ("series?match[]=up%7B", 400, r#"bad_data","error":"invalid parameter \"match[]\": "#, "parse error: "),
        ("labels?match[]=up%7B", 400, r#"bad_data","error":""#, "parse error: "),
        ("query_exemplars?query=up%7B", 400, r#"bad_data","error":""#, "parse error: "),
        (
            "query?query=up+%2B+on(job)+requests_total&time=1700000140",
            422,
            r#"execution","error":"found duplicate series"#,
            "many-to-many",
        ),
        (
            "query?query=label_replace(up,%22instance%22,%22%22,%22instance%22,%22.*%22)&time=1700000140",
            422,
            r#"execution","error":""#,
            "vector cannot contain metrics with the same labelset",
        ),
    ] {
        let (got, body) = api.get(&format!("/api/v1/{uri}")).await;
        let begins = format!(r#"{{"status":"error","errorType":"{begins}"#);
        assert!(got == status && body.starts_with(&begins) && body.contains(holds), "{uri}: {got} {body}");
    }
}

#[tokio::test]
async fn build_info_is_a_prometheus_to_grafana() {
    let (status, body) = Api::new(Limits::default()).get("/api/v1/status/buildinfo").await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let data = json["data"].as_object().unwrap();
    let version: Vec<u32> = data["version"].as_str().unwrap().split('.').map(|n| n.parse().unwrap()).collect();
    assert_eq!((status, version.len(), version[0]), (200, 3, 3));
    for key in ["revision", "branch", "buildUser", "buildDate", "goVersion"] {
        assert!(data[key].is_string(), "{key}");
    }
    // With `features` Grafana would take it for Mimir.
    assert!(!data.contains_key("features"));
    assert_eq!(data["application"], "procession-scraper");
}

#[tokio::test]
async fn runtime_info_has_what_clients_read() {
    let (_, body) = Api::new(Limits::default()).get("/api/v1/status/runtimeinfo").await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let data = &json["data"];
    assert_eq!(data["startTime"], "2023-11-14T22:22:20Z");
    assert_eq!(data["serverTime"], "2023-11-14T22:23:20Z");
    assert_eq!(data["lastConfigTime"], "2023-11-14T22:22:20Z");
    assert_eq!((&data["reloadConfigSuccess"], &data["storageRetention"]), (&true.into(), &"1y".into()));
}

#[tokio::test]
async fn stats_are_given_when_asked_for() {
    let api = Api::new(Limits::default());
    let (_, body) = api.get("/api/v1/query?query=up%5B1m%5D&time=1700000100&stats=all").await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let stats = &json["data"]["stats"];
    assert_eq!(
        (&stats["samples"]["totalQueryableSamples"], &stats["samples"]["peakSamples"]),
        (&8.into(), &16.into()),
        "the raw samples once fetched, once in the answer"
    );
    for timing in ["evalTotalTime", "queryPreparationTime", "innerEvalTime", "execQueueTime", "execTotalTime"] {
        assert!(stats["timings"][timing].as_f64().is_some_and(|s| s >= 0.0), "{timing}: {stats}");
    }
    let (_, body) = api.get("/api/v1/query?query=up&time=1700000100").await;
    assert!(!body.contains("stats"));
    let (_, body) = api.get("/api/v1/query?query=up&stats=some").await;
    assert!(
        body.ends_with(concat!(
            r#","warnings":["value \"some\" for parameter \"stats\" is deprecated and will be rejected in the next major "#,
            r#"release, use \"true\" or \"all\""]}"#
        )),
        "{body}"
    );
}
