//! A query server that is gone, slow, or answers nonsense: each page and each chart says what is wrong, within its time.

use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use http::{StatusCode, header};
use procession_dashboards::query::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::{self, Asked};
use crate::{Page, dashboards_within, get};

const PAGES: [&str; 9] = [
    "/",
    "/host?instance=web-1:9956",
    "/group?instance=web-1:9956&group=nginx",
    "/process?instance=web-1:9956&pid=42",
    "/groups?group=nginx",
    "/changes?instance=web-1:9956",
    "/tree?instance=web-1:9956",
    "/explore?query=up",
    "/explore?lang=sql&query=SELECT%201",
];
const CHARTS: [&str; 4] =
    ["/chart.svg?query=up", "/chart.png?query=up", "/chart.csv?query=up", "/chart.json?query=up&compare=1d&event=up"];

/// Long enough for whoever answers at all on a busy machine, short enough to wait for those who do not.
const PATIENCE: Duration = Duration::from_millis(1500);

fn limits() -> Limits {
    Limits { timeout: PATIENCE, body_bytes: 1 << 20, ..Limits::default() }
}

/// Nothing may hang; how fast it is tells the machine, not the code.
async fn got(app: &Router, path: &str) -> Page {
    let page = tokio::time::timeout(Duration::from_secs(60), get(app, path)).await;
    page.map_err(|_| format!("{path} hangs")).unwrap()
}

/// The same for several at once: those who wait, wait together.
async fn all<'a>(app: &Router, paths: &[&'a str]) -> Vec<(&'a str, Page)> {
    futures_util::future::join_all(paths.iter().map(async |path| (*path, got(app, path).await))).await
}

/// A server below HTTP: what it does with each connection once something was asked.
async fn raw<F: Future<Output = ()> + Send + 'static>(answer: fn(TcpStream) -> F) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                if stream.read(&mut asked).await.is_ok() {
                    answer(stream).await;
                }
            });
        }
    });
    url
}

async fn never(_stream: TcpStream) {
    std::future::pending::<()>().await;
}

/// A byte at a time, and no end.
async fn dripping(mut stream: TcpStream) {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":";
    let mut bytes = head.iter().chain(std::iter::repeat(&b' '));
    while let Some(byte) = bytes.next()
        && stream.write_all(&[*byte]).await.is_ok()
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn hanging_up(_stream: TcpStream) {}

async fn cut_off(mut stream: TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"status\":\"succ").await;
}

async fn no_http(mut stream: TcpStream) {
    let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
}

async fn with_json(body: &'static str) -> String {
    fake::with_body(StatusCode::OK, "application/json", body).await
}

#[tokio::test]
async fn a_server_that_answers_nothing_good_is_told_of_everywhere() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let elsewhere = Router::new().fallback(|| async { Redirect::temporary("http://user:secret@127.0.0.1:1/login") });
    let failing = r#"{"status":"error","errorType":"internal","error":"disk <full>"}"#;
    let (bad, late) = (StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT);
    for (name, url, status, says) in [
        ("gone", gone, bad, "cannot be reached"),
        ("silent", raw(never).await, late, "did not answer within 1 s"),
        ("dripping", raw(dripping).await, late, "did not answer within 1 s"),
        ("hanging up", raw(hanging_up).await, bad, "cannot be reached"),
        ("cut off", raw(cut_off).await, bad, "http://127.0.0.1:"),
        ("another protocol", raw(no_http).await, bad, "http://127.0.0.1:"),
        (
            "HTML",
            fake::with_body(StatusCode::OK, "text/html", "<html><script>alert(1)</script>").await,
            bad,
            "does not speak the Prometheus API",
        ),
        ("nothing", with_json("").await, bad, "EOF while parsing"),
        (
            "half an answer",
            with_json(r#"{"status":"success","data":{"resultType":"ma"#).await,
            bad,
            "EOF while parsing",
        ),
        (
            "another type",
            with_json(r#"{"status":"success","data":{"resultType":"x","result":[]}}"#).await,
            bad,
            "unknown",
        ),
        ("a number", with_json("1").await, bad, "does not speak the Prometheus API"),
        ("null", with_json(r#"{"status":"success","data":null}"#).await, bad, "the answer has no data"),
        (
            "an error page",
            fake::with_body(StatusCode::INTERNAL_SERVER_ERROR, "text/html", "<h1>Oops</h1>").await,
            bad,
            "HTTP status 500",
        ),
        ("an empty error", fake::with_body(StatusCode::BAD_GATEWAY, "text/html", "").await, bad, "HTTP status 502"),
        (
            "its own error",
            fake::with_body(StatusCode::INTERNAL_SERVER_ERROR, "application/json", failing).await,
            bad,
            "disk",
        ),
        ("a redirection", fake::serve(elsewhere).await, bad, "307, a redirection to http://127.0.0.1:1/login"),
    ] {
        let app = dashboards_within(&url, limits());
        for (path, page) in all(&app, &PAGES).await {
            // Rows of SQL are another format: what is no answer in the API's is none there either, but may be told otherwise.
            let is_sql = path.contains("lang=sql");
            assert!(
                page.status == status || is_sql && page.status.is_server_error(),
                "{name}, {path}: {}",
                page.status
            );
            assert!(is_sql || page.body.contains(says), "{name}, {path}: no {says:?} in\n{}", page.body);
            page.does_not_say("secret");
            page.does_not_say("<h1>Oops");
            page.does_not_say("alert(1)</script>");
            // What leads elsewhere is there.
            page.says("<a class=\"brand\" href=\"/\">");
        }
        got(&app, "/add?host=web-3").await.says("targets: ['web-3:9956']");
        for (path, page) in all(&app, &CHARTS).await {
            assert_eq!((page.status, page.header(header::CACHE_CONTROL)), (status, "no-store"), "{name}, {path}");
            if !path.contains("png") {
                assert!(page.body.contains(says), "{name}, {path}: {}", page.body);
            }
            if path.contains("svg") {
                assert!(roxmltree::Document::parse(&page.body).is_ok(), "{name}: {}", page.body);
            }
        }
    }
}

/// Answers like [`fake::two_hosts`], but for what is asked about reads.
async fn bad_reads(State(bad): State<fn() -> Response>, asked: Form<Asked>) -> Response {
    if !asked.query.contains("read_bytes_total") {
        return fake::query(State(fake::two_hosts), asked).await;
    }
    let response = bad();
    if response.status() == StatusCode::CONTINUE {
        std::future::pending::<()>().await;
    }
    response
}

#[tokio::test]
async fn a_bad_answer_costs_its_part_of_the_page() {
    type Bad = fn() -> Response;
    let cases: [(&str, Bad, &str); 5] = [
        ("never", || StatusCode::CONTINUE.into_response(), "did not answer within 1 s"),
        ("HTML", || "<html>".into_response(), "does not speak the Prometheus API"),
        ("500", || (StatusCode::INTERNAL_SERVER_ERROR, "Oops").into_response(), "HTTP status 500: Oops"),
        ("too long", || "x".repeat(2 << 20).into_response(), "longer than 1 MiB"),
        (
            "no number",
            || {
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"many"]}]}}"#
                    .into_response()
            },
            "is no number",
        ),
    ];
    for (name, bad, says) in cases {
        let router = Router::new()
            .route("/api/v1/query", post(bad_reads))
            .route("/api/v1/query_range", post(bad_reads))
            .with_state(bad);
        let app = dashboards_within(&fake::serve(router).await, limits());
        for (path, rest) in [
            ("/host?instance=web-1:9956&from=-1h", "<h2>Storage writes</h2>"),
            ("/group?instance=web-1:9956&group=nginx&from=-1h", "<h2>Virtual memory</h2>"),
            ("/process?instance=web-1:9956&pid=42&from=-1h", "<h2>Virtual memory</h2>"),
        ] {
            let page = got(&app, path).await;
            assert_eq!(page.status, StatusCode::OK, "{name}, {path}");
            page.says(says);
            page.says(rest);
            page.says("<svg class=\"plot\"");
        }
    }
}

/// Everything has this value, at these times.
async fn strange(State((value, times)): State<(&'static str, &'static [f64])>, Form(asked): Form<Asked>) -> Response {
    let labels = |n: usize| {
        serde_json::json!({"instance": "web-1:9956", "job": "x", "group": format!("g{n}"), "pid": n.to_string(), "ppid": "0",
            "name": "n", "mode": "user", "state": "running", "kind": "major"})
    };
    let is_matrix = asked.step > 0.0 || asked.query.ends_with("[10m]");
    let series: Vec<_> = (1..4)
        .map(|n| match is_matrix {
            true => {
                let values: Vec<_> = times.iter().map(|at| serde_json::json!([at, value])).collect();
                serde_json::json!({"metric": labels(n), "values": values})
            }
            false => serde_json::json!({"metric": labels(n), "value": [times[0], value]}),
        })
        .collect();
    let kind = if is_matrix { "matrix" } else { "vector" };
    serde_json::json!({"status": "success", "data": {"resultType": kind, "result": series}}).to_string().into_response()
}

#[tokio::test]
async fn strange_numbers_and_times_are_shown() {
    const NOW: f64 = crate::NOW_MS as f64 / 1000.0;
    let usual: &[f64] = &[NOW - 60.0, NOW - 45.0, NOW - 30.0];
    for (value, times) in [
        ("NaN", usual),
        ("+Inf", usual),
        ("-Inf", usual),
        ("9223372036854775808", usual),
        ("-9223372036854775808", usual),
        ("1.7976931348623157e308", usual),
        ("5e-324", usual),
        ("0", usual),
        ("1", &[NOW]),
        // A clock that is hours off, the same moment again and again, times in no order, times before all history.
        ("1", &[NOW + 18_000.0, NOW + 18_015.0]),
        ("1", &[NOW - 18_000.0, NOW - 17_985.0]),
        ("1", &[NOW, NOW, NOW]),
        ("1", &[NOW, NOW - 600.0, NOW - 60.0]),
        ("1", &[-1e11, 0.0, 1e11]),
    ] {
        let router = Router::new()
            .route("/api/v1/query", post(strange))
            .route("/api/v1/query_range", post(strange))
            .with_state((value, times));
        let app = dashboards_within(&fake::serve(router).await, limits());
        for path in
            PAGES.iter().chain(&["/host?instance=web-1:9956&from=-6h&draw=lines", "/tree?instance=web-1:9956&root=1"])
        {
            let page = got(&app, path).await;
            let expected = if path.contains("lang=sql") { StatusCode::NOT_IMPLEMENTED } else { StatusCode::OK };
            assert_eq!(page.status, expected, "{value} at {times:?}: {path}\n{}", page.body);
        }
        for path in CHARTS
            .iter()
            // Pixels are made of the SVG.
            .filter(|path| !path.contains("png"))
            .chain(&["/chart.svg?query=up&kind=heatmap", "/chart.svg?query=up&kind=stack&axis=linear"])
        {
            let page = got(&app, path).await;
            assert_eq!(page.status, StatusCode::OK, "{value} at {times:?}: {path}\n{}", page.body);
        }
    }
}

#[tokio::test]
async fn a_million_points_are_a_chart_of_the_usual_size() {
    static MILLION: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let points: Vec<String> = (0..1_000_000)
            .map(|n| format!(r#"[{}.{:03},"{}"]"#, crate::NOW_MS / 1000 - 3600 + n / 300, n % 300, n % 977))
            .collect();
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#,
            points.join(",")
        )
    });
    let app =
        dashboards_within(&fake::with_body(StatusCode::OK, "application/json", &MILLION).await, Limits::default());
    let page = got(&app, "/chart.svg?query=many&from=-1h").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.bytes.len() < 100_000, "{} bytes", page.bytes.len());
    // The same as a card: no figure for each point is sent along.
    let million = || MILLION.as_str().into_response();
    let router = Router::new()
        .route("/api/v1/query", post(fake::query).with_state(fake::two_hosts as fake::Answer))
        .route("/api/v1/query_range", post(bad_reads).with_state(million as fn() -> Response));
    let app = dashboards_within(&fake::serve(router).await, Limits::default());
    let page = got(&app, "/host?instance=web-1:9956&from=-1h").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.bytes.len() < 1_000_000, "{} bytes", page.bytes.len());
}

#[tokio::test]
async fn another_content_type_is_no_reason_to_show_nothing() {
    let body = r#"{"data":{"result":[{"values":[[1795435000,"1"]],"metric":{}}],"resultType":"matrix"},"status":"success","warnings":["x"]}"#;
    for content_type in ["text/plain", "text/html", "image/png"] {
        let app = dashboards_within(&fake::with_body(StatusCode::OK, content_type, body).await, limits());
        let page = got(&app, "/chart.svg?query=up").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    }
}

#[tokio::test]
async fn a_clock_that_differs_by_hours_is_said_on_every_page() {
    let dated = Router::new()
        .route("/api/v1/query", post(fake::query))
        .route("/api/v1/query_range", post(fake::query))
        .with_state(fake::two_hosts as fake::Answer)
        .layer(axum::middleware::map_response(|mut response: Response| async {
            let date = http::HeaderValue::from_static("Sun, 22 Nov 2015 07:00:00 GMT");
            response.headers_mut().insert(header::DATE, date);
            response
        }));
    let app = dashboards_within(&fake::serve(dated).await, limits());
    for path in PAGES.iter().filter(|path| !path.contains("lang=sql")) {
        let page = got(&app, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        page.says(" behind the one of these pages");
    }
    assert_eq!(got(&app, CHARTS[0]).await.status, StatusCode::OK);
}
