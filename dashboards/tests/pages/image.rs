//! `/chart.svg` over HTTP.

use http::{StatusCode, header};
use roxmltree::Document;

use crate::{dashboards, fake, get};

#[tokio::test]
async fn a_chart_is_an_image() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/chart.svg?query=up&from=-6h&w=640&h=200&title=Up&tz=UTC").await;
    assert_eq!((page.status, page.header(header::CONTENT_TYPE)), (StatusCode::OK, "image/svg+xml"));
    let document = Document::parse(&page.body).unwrap();
    let root = document.root_element();
    assert_eq!(
        (root.attribute("width"), root.attribute("height"), root.attribute("role")),
        (Some("640"), Some("200"), Some("img"))
    );
    assert!(root.children().any(|node| node.has_tag_name("title") && node.text() == Some("Up")));
    assert!(root.children().any(|node| node.has_tag_name("desc") && node.text().unwrap().contains("2 series")));
    page.says("prefers-color-scheme:dark");
    page.says("web-1:9956");
    assert_eq!(page.header(header::CACHE_CONTROL), "private, max-age=60");
    let past = get(&app, "/chart.svg?query=up&from=1700000000&until=1700003600").await;
    assert_eq!(past.header(header::CACHE_CONTROL), "private, max-age=86400");
}

#[tokio::test]
async fn a_chart_is_compared_with_a_time_before() {
    fn weeks(asked: &fake::Asked) -> Vec<(serde_json::Value, f64)> {
        let ago_s = crate::NOW_MS as f64 / 1000.0 - asked.end;
        vec![(serde_json::json!({"__name__": "load"}), if ago_s > 600_000.0 { 7.0 } else { 1.0 })]
    }
    let app = dashboards(&fake::with(weeks).await);
    let json = get(&app, "/chart.json?query=load&from=-1h&step=60&compare=1w").await;
    let document: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    let [now, before] = [0, 1].map(|index| &document["series"][index]);
    assert_eq!((&now["name"], &before["name"]), (&"load".into(), &"load, 1w before".into()));
    assert_eq!(before["points"][3][1], 7.0);
    assert_eq!(now["points"][3][0], before["points"][3][0], "moved to the time of the chart");
    for kind in ["lines", "stack"] {
        let page = get(&app, &format!("/chart.svg?query=load&from=-1h&compare=1w&kind={kind}")).await;
        page.says(if kind == "lines" { "<path class=\"p0\"" } else { "<path class=\"p12\"" });
    }
}

#[tokio::test]
async fn a_chart_shows_what_matters_and_what_happened() {
    fn deployed(asked: &fake::Asked) -> Vec<(serde_json::Value, f64)> {
        match asked.query.as_str() {
            "zero" => vec![(serde_json::json!({}), 0.0)],
            // A range that begins later: the series begins within the chart.
            "deploy_info" => vec![(serde_json::json!({"version": "</title><script>"}), 1.0)],
            _ => vec![(serde_json::json!({"a": "b"}), 1.0)],
        }
    }
    let app = dashboards(&fake::with(deployed).await);
    let page = get(&app, "/chart.svg?query=up&from=-1h&threshold=4,all%20cores&threshold=2&axis=log").await;
    Document::parse(&page.body).unwrap();
    page.says(">all cores</text>");
    page.says("Threshold all cores at 4.");
    assert_eq!(page.body.matches("<path class=\"th\"").count(), 1, "both lines are one path");
    let page = get(&app, "/chart.svg?query=zero&axis=log&from=-1h&step=60").await;
    page.says("61 points at or below zero are not on this axis");
    // What was there at the beginning of the range did not happen in it.
    let page = get(&app, "/chart.svg?query=up&from=-1h&event=deploy_info&event_title=deployed%20{{version}}").await;
    assert!(!page.body.contains("class=\"ev\""));
}

#[tokio::test]
async fn a_heat_map_has_a_row_for_each_series() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/chart.svg?query=up&kind=heatmap&from=-1h").await;
    let document = Document::parse(&page.body).unwrap();
    // Up is the darkest shade, down the lightest, a rectangle each; the key has both once more.
    for class in ["q0", "q7"] {
        let paths = document.descendants().filter(|node| node.attribute("class") == Some(class));
        let cells: Vec<usize> = paths.map(|path| path.attribute("d").unwrap().matches('M').count()).collect();
        assert_eq!(cells, [1, 1], "{class}");
    }
    page.says("web-1:9956");
    let height = document.root_element().attribute("height").unwrap().parse::<u32>().unwrap();
    assert!(height < 160, "two rows are {height} px high");
    let wrong = get(&app, "/chart.svg?query=up&kind=heatmap&stack=on").await;
    wrong.says("parameter stack: says something else than kind");
}

#[tokio::test]
async fn a_point_that_stands_for_many_has_a_band() {
    fn bounds(asked: &fake::Asked) -> Vec<(serde_json::Value, f64)> {
        let value = if asked.query.starts_with("min_") { 1.0 } else { 3.0 };
        let mut labels = serde_json::json!({"instance": "a", "__name__": "load"});
        if asked.query.contains("_over_time(") {
            labels.as_object_mut().unwrap().remove("__name__");
        }
        vec![(labels, value)]
    }
    let app = dashboards(&fake::with(bounds).await);
    for (query, path, has) in [
        ("load&from=-6h", "svg", true),
        ("load&from=-6h&band=off", "svg", false),
        ("load&from=-6h&kind=stack", "svg", false),
        ("load&from=-10m&step=15", "svg", false),
        ("rate(load[1m])&from=-6h", "svg", false),
        ("rate(load[1m])&from=-6h&band=on", "svg", true),
    ] {
        let page = get(&app, &format!("/chart.{path}?query={query}")).await;
        assert_eq!(page.body.contains("<path class=\"b0\""), has, "{query}");
    }
    let json = get(&app, "/chart.json?query=load&from=-6h&step=1h").await;
    let document: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(document["series"][0]["band"][0].as_array().unwrap()[1..], [1.0, 3.0]);
}

#[tokio::test]
async fn what_is_wrong_is_named_in_an_image() {
    let url = fake::with(fake::two_hosts).await;
    let app = dashboards(&url);
    for (path, status, says) in [
        ("/chart.svg", StatusCode::BAD_REQUEST, "parameter query: is missing"),
        ("/chart.svg?query=up&w=99999", StatusCode::BAD_REQUEST, "parameter w: must be a whole number"),
        ("/chart.svg?query=up&from=now&until=-1h", StatusCode::BAD_REQUEST, "parameter from: is not before until"),
        (
            "/chart.svg?query=up&from=-30d&step=1",
            StatusCode::BAD_REQUEST,
            "parameter step: gives more than 11000 points",
        ),
        ("/chart.svg?query=up&%3Cb%3E=1", StatusCode::BAD_REQUEST, "parameter &lt;b&gt;: is unknown"),
        (
            "/chart.svg?query=bogus(",
            StatusCode::BAD_REQUEST,
            "bad_data: 1:6: parse error: &lt;b&gt;unexpected&lt;/b&gt;",
        ),
    ] {
        let page = get(&app, path).await;
        assert_eq!((page.status, page.header(header::CONTENT_TYPE)), (status, "image/svg+xml"), "{path}");
        assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
        assert!(Document::parse(&page.body).is_ok(), "{}", page.body);
        page.says(says);
    }
}

#[tokio::test]
async fn a_chart_has_other_forms() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let png = get(&app, "/chart.png?query=up&from=-6h&w=320&h=120&scale=2").await;
    assert_eq!((png.status, png.header(header::CONTENT_TYPE)), (StatusCode::OK, "image/png"));
    assert_eq!(png.header(header::CACHE_CONTROL), "private, max-age=120");
    // Width and height of the header: twice the px that were asked for.
    assert_eq!((&png.bytes[..4], &png.bytes[16..24]), (&b"\x89PNG"[..], &[0, 0, 2, 128, 0, 0, 0, 240][..]));
    let csv = get(&app, "/chart.csv?query=up&from=-6h").await;
    assert_eq!(csv.header(header::CONTENT_TYPE), "text/csv; charset=utf-8; header=present");
    assert_eq!(csv.body.lines().next(), Some("time,web-1:9956,db-2:9956"));
    let json = get(&app, "/chart.json?query=up&from=-6h&unit=bytes").await;
    let document: serde_json::Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(document["unit"], "bytes");
    assert_eq!(document["series"].as_array().map(Vec::len), Some(2));

    let unknown = get(&app, "/chart.gif?query=up").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    unknown.says("chart.svg, chart.png, chart.csv or chart.json");
    for (path, content_type) in
        [("/chart.png", "image/png"), ("/chart.csv", "text/plain; charset=utf-8"), ("/chart.json", "application/json")]
    {
        let page = get(&app, &format!("{path}?query=up&w=9")).await;
        assert_eq!((page.status, page.header(header::CONTENT_TYPE)), (StatusCode::BAD_REQUEST, content_type), "{path}");
        if path != "/chart.png" {
            page.says("parameter w: must be a whole number from 120 to 4000");
        }
    }
}

#[tokio::test]
async fn a_server_that_fails_is_told_in_an_image() {
    for (url, status, says) in [
        // Port 1 is nobody's.
        ("http://127.0.0.1:1".to_owned(), StatusCode::BAD_GATEWAY, "cannot be reached"),
        (
            fake::with_body(StatusCode::OK, "text/html", "<html>hello</html>").await,
            StatusCode::BAD_GATEWAY,
            "does not speak the Prometheus API",
        ),
        (
            fake::with_body(StatusCode::NOT_FOUND, "text/plain", "404 page not found").await,
            StatusCode::BAD_GATEWAY,
            "HTTP status 404",
        ),
        (
            fake::with_body(
                StatusCode::UNPROCESSABLE_ENTITY,
                "application/json",
                r#"{"status":"error","errorType":"execution","error":"too many samples"}"#,
            )
            .await,
            StatusCode::UNPROCESSABLE_ENTITY,
            "execution: too many samples",
        ),
    ] {
        let page = get(&dashboards(&url), "/chart.svg?query=up").await;
        assert_eq!(page.status, status, "{says}");
        assert!(Document::parse(&page.body).is_ok(), "{}", page.body);
        let text: String = Document::parse(&page.body)
            .unwrap()
            .descendants()
            .filter(|n| n.has_tag_name("desc"))
            .filter_map(|n| n.text())
            .collect();
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    static LONG: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "x".repeat(3 << 20));
    let url = fake::with_body(StatusCode::OK, "application/json", &LONG).await;
    let page = get(&dashboards(&url), "/chart.svg?query=up").await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    page.says("longer than 1 MiB");
}
