//! SQL over HTTP: forms, errors, limits, clients that leave.

use super::{Api, Limits, read};
use axum::body::Body;
use axum::http::Request;
use procession_store::SqlLimits;
use std::time::Duration;
use tower::ServiceExt;

fn encoded(sql: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("query", sql).finish()
}

async fn get(api: &Api, sql: &str, more: &str) -> (u16, String) {
    api.get(&format!("/api/v1/sql?{}{more}", encoded(sql))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_every_form() {
    let api = Api::new(Limits::default());
    let sql =
        "SELECT x, 'a\"<b' AS s, NULL AS n, MAP {'k': x} AS m, TIMESTAMP '2026-01-31 12:00:00' AS t FROM range(2) r(x)";
    let (status, json) = get(&api, sql, "").await;
    let row = |x: u8| format!(r#"{{"x":{x},"s":"a\"<b","n":null,"m":{{"k":{x}}},"t":"2026-01-31T12:00:00"}}"#);
    assert_eq!((status, json), (200, format!("[{},{}]", row(0), row(1))));
    assert_eq!(get(&api, sql, "&format=ndjson").await.1, format!("{}\n{}\n", row(0), row(1)));
    assert_eq!(
        get(&api, sql, "&format=csv").await.1,
        "x,s,n,m,t\n0,\"a\"\"<b\",,\"{\"\"k\"\":0}\",2026-01-31T12:00:00\n1,\"a\"\"<b\",,\"{\"\"k\"\":1}\",2026-01-31T12:00:00\n"
    );
    assert_eq!(get(&api, "SELECT 1 AS a WHERE false", "").await.1, "[]");
    assert_eq!(get(&api, "SELECT 1 AS a WHERE false", "&format=csv").await.1, "a\n");
    // A form by POST, and by Accept.
    let ask = Request::post("/api/v1/sql").header("accept", "application/vnd.apache.parquet");
    let ask = ask.header("content-type", "application/x-www-form-urlencoded").body(Body::from(encoded(sql))).unwrap();
    let response = super::router(api.state.clone()).oneshot(ask).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/vnd.apache.parquet");
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(body.starts_with(b"PAR1") && body.ends_with(b"PAR1"), "{body:?}");
    let response = api.ask("GET", &format!("/api/v1/sql?{}&format=arrow", encoded(sql)), None).await;
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let rows = arrow_ipc::reader::StreamReader::try_new(std::io::Cursor::new(body), None).unwrap();
    assert_eq!(rows.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_there_and_many_rows_come_whole() {
    let api = Api::new(Limits::default());
    let (status, body) = get(&api, "SELECT count(*) > 100 AS many FROM samples", "").await;
    assert_eq!((status, body.as_str()), (200, r#"[{"many":true}]"#));
    let (status, body) = get(&api, "SELECT x FROM range(300000) r(x) ORDER BY x", "&format=csv").await;
    assert_eq!(status, 200);
    assert!(body.lines().skip(1).map(|line| line.parse::<u32>().unwrap()).eq(0..300_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_prometheus_errors_with_duckdbs_words() {
    let sql = SqlLimits { max_rows: 10, ..SqlLimits::default() };
    let api = Api::new(Limits { sql, ..Limits::default() });
    for (sql, more, status, expected) in [
        (
            "SELECT FROM",
            "",
            400,
            r#"{"status":"error","errorType":"bad_data","error":"1:12: Parser Error: syntax error at end of input"}"#,
        ),
        (
            "SELEC 1",
            "",
            400,
            r#"{"status":"error","errorType":"bad_data","error":"1:1: Parser Error: syntax error at or near \"SELEC\""}"#,
        ),
        ("DROP VIEW samples", "", 400, "only SELECT statements can be run here"),
        ("SELECT nope FROM samples", "", 400, r#"Binder Error: Referenced column \"nope\" not found in FROM clause!"#),
        ("FROM read_text('/etc/passwd')", "", 400, "the table function read_text cannot be called here"),
        ("SELECT 'x'::INT", "", 422, r#""errorType":"execution","error":"Conversion Error"#),
        ("FROM range(11)", "", 422, "the query returns more than 10 rows: add a LIMIT, or ask for less"),
        ("SELECT 1", "&format=xls", 400, r#"invalid parameter \"format\": \"xls\" is none of json"#),
        ("SELECT 1", "&timeout=soon", 400, r#"invalid parameter \"timeout\""#),
        (" ", "", 400, r#"invalid parameter \"query\": it is missing"#),
    ] {
        let (got, body) = get(&api, sql, more).await;
        assert!(got == status && body.contains(expected), "{sql}: {got} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_bounded_and_a_client_that_leaves_stops_its_query() {
    let api = Api::new(Limits { concurrent_queries: 1, ..Limits::default() });
    let endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 7";
    let (status, body) = get(&api, endless, "&timeout=0.2").await;
    assert!(status == 503 && body.contains(r#""errorType":"timeout""#), "{status} {body}");
    // This one would hold the only place for hours.
    let asked = tokio::time::timeout(Duration::from_millis(200), get(&api, endless, "")).await;
    assert!(asked.is_err());
    assert_eq!(get(&api, "SELECT 1 AS a", "").await, (200, r#"[{"a":1}]"#.to_owned()));
    // So does one who reads the beginning of a long answer and goes.
    let more = Limits {
        sql: SqlLimits { max_rows: usize::MAX, ..SqlLimits::default() },
        concurrent_queries: 1,
        ..Limits::default()
    };
    let api = Api::new(more);
    let uri = format!("/api/v1/sql?{}", encoded("FROM range(1000000000000)"));
    let response = api.ask("GET", &uri, None).await;
    assert_eq!(response.status(), 200);
    drop(response);
    assert_eq!(read(api.ask("GET", &format!("/api/v1/sql?{}", encoded("SELECT 1 AS a")), None).await).await.0, 200);
}
