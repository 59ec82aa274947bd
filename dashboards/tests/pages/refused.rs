//! Parameters out of range: each of every page is refused by its name, none is bent into what is allowed.

use http::{StatusCode, header};

use crate::{dashboards, fake, get};

/// What is wrong with a range, on every page that has one.
const RANGES: [(&str, &str); 14] = [
    ("from=yesterday", "parameter from: "),
    ("from=1e300", "parameter from: "),
    ("from=-99999999999", "parameter from: "),
    ("from=NaN", "parameter from: "),
    ("from=-11y", "parameter from: and until must be between a second and ten years apart"),
    ("from=now&until=-1h", "parameter from: is not before until"),
    ("from=now&until=now", "parameter from: is not before until"),
    ("from=1700000000.1&until=1700000000.2", "parameter from: and until must be between a second and ten years apart"),
    ("until=9223372036854775808", "parameter until: "),
    ("until=3000-01-01", "parameter until: "),
    ("from=-1h&from=-2h", "parameter from: is given more than once"),
    ("tz=Mars/Olympus", "parameter tz: no time zone is called"),
    ("tz=%ff", "parameter tz: is not UTF-8"),
    ("colour=red", "parameter colour: is unknown"),
];

const COMPARED: [(&str, &str); 3] = [
    ("compare=0s", "parameter compare: must be between a minute and ten years"),
    ("compare=-1w", "parameter compare: "),
    ("compare=soon", "parameter compare: "),
];

/// A page, whether it has a range and compares, and what is wrong with its own parameters.
type Refused = (&'static str, bool, bool, Vec<(String, &'static str)>);

#[tokio::test]
async fn each_parameter_of_each_page_is_refused_by_name() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let long = "x".repeat(1025);
    let many = vec!["1"; 201].join(",");
    let pages: [Refused; 9] = [
        (
            "/?",
            false,
            false,
            vec![
                ("sort=beauty".to_owned(), "parameter sort: must be one of state, name"),
                (format!("filter={long}"), "parameter filter: has more than 200 characters"),
                ("x=1".to_owned(), "parameter x: is unknown"),
            ],
        ),
        (
            "/host?instance=a",
            true,
            true,
            vec![
                ("sort=beauty".to_owned(), "parameter sort: must be one of cpu, memory"),
                ("draw=pie".to_owned(), "parameter draw: must be stack or lines"),
                ("rows=1000000".to_owned(), "parameter rows: must be all"),
                ("instance=b".to_owned(), "parameter instance: is given more than once"),
            ],
        ),
        ("/group?instance=a&group=b", true, true, vec![]),
        (
            "/process?instance=a&pid=1",
            true,
            true,
            vec![
                ("start=soon".to_owned(), "parameter start: must be Unix seconds"),
                ("start=1e300".to_owned(), "parameter start: must be Unix seconds"),
                ("start=NaN".to_owned(), "parameter start: must be Unix seconds"),
            ],
        ),
        (
            "/groups?group=b",
            true,
            false,
            vec![("sort=beauty".to_owned(), "parameter sort: must be one of cpu, memory")],
        ),
        (
            "/changes?instance=a",
            true,
            false,
            vec![
                ("from=-3d".to_owned(), "parameter from: is too far from until: two days"),
                ("sort=beauty".to_owned(), "parameter sort: must be one of"),
            ],
        ),
        (
            "/tree?instance=a",
            false,
            false,
            vec![
                ("at=noon".to_owned(), "parameter at: "),
                ("at=1e300".to_owned(), "parameter at: "),
                ("tz=Mars".to_owned(), "parameter tz: no time zone is called"),
                ("sort=beauty".to_owned(), "parameter sort: must be one of cpu, memory"),
                (format!("root={long}"), "parameter root: has more than 1024 characters"),
                (format!("filter={long}"), "parameter filter: has more than 200 characters"),
                (format!("open={many}"), "parameter open: names more than 200 processes"),
                (format!("closed={many}"), "parameter closed: names more than 200 processes"),
                ("depth=9".to_owned(), "parameter depth: is unknown"),
            ],
        ),
        (
            "/explore?query=up",
            true,
            true,
            vec![
                ("lang=cobol".to_owned(), "parameter lang: must be promql or sql"),
                ("unit=parsec".to_owned(), "parameter unit: must be one of"),
                ("draw=pie".to_owned(), "parameter draw: must be stack or lines"),
            ],
        ),
        (
            "/add?",
            false,
            false,
            vec![
                ("host=a%3Brm".to_owned(), "parameter host: must be the name"),
                ("host=a:0".to_owned(), "parameter host: must be the name"),
                ("host=a:65536".to_owned(), "parameter host: must be the name"),
                ("x=1".to_owned(), "parameter x: is unknown"),
            ],
        ),
    ];
    for (page, has_range, compares, own) in pages {
        let ranges = RANGES.iter().filter(|_| has_range).chain(COMPARED.iter().filter(|_| compares));
        for (query, says) in ranges.map(|(query, says)| ((*query).to_owned(), *says)).chain(own) {
            let path = format!("{page}&{query}");
            let answer = get(&app, &path).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
            answer.says(says);
        }
        assert_ne!(get(&app, page).await.status, StatusCode::BAD_REQUEST, "{page} by itself");
    }
    for (path, says) in [
        ("/host", "parameter instance: is missing"),
        ("/group?instance=a", "parameter group: is missing"),
        ("/process?instance=a", "parameter pid: is missing"),
        ("/groups", "parameter group: is missing"),
        ("/changes?instance=", "parameter instance: is missing"),
        ("/tree", "parameter instance: is missing"),
        (&format!("/host?instance={long}"), "parameter instance: has more than 1024 characters"),
        (&format!("/groups?group={long}"), "parameter group: has more than 1024 characters"),
        (&format!("/process?instance=a&pid={long}"), "parameter pid: has more than 1024 characters"),
        (&format!("/explore?query={}", "x".repeat(8193)), "parameter query: is longer than 8192 bytes"),
    ] {
        let answer = get(&app, path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        answer.says(says);
    }
    assert_eq!(get(&app, "/nowhere/%3Cscript%3E").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_parameter_of_a_chart_is_refused_in_each_form() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    for (query, says) in [
        ("w=119", "parameter w: must be a whole number from 120 to 4000"),
        ("w=4001", "parameter w: must be a whole number"),
        ("h=59", "parameter h: must be a whole number from 60 to 2400"),
        ("h=2401", "parameter h: must be a whole number"),
        ("w=1e3", "parameter w: must be a whole number"),
        ("scale=5", "parameter scale: must be a whole number from 1 to 4"),
        ("limit=101", "parameter limit: must be a whole number from 1 to 100"),
        ("limit=201&kind=heatmap", "parameter limit: must be a whole number from 1 to 200"),
        ("step=999ms", "parameter step: must be at least one second"),
        ("step=1s&from=-1d", "parameter step: gives more than 11000 points"),
        ("min=1e301", "parameter min: must be a number"),
        ("max=NaN", "parameter max: must be a number"),
        ("kind=pie", "parameter kind: must be one of"),
        ("band=maybe", "parameter band: must be one of auto, on or off"),
        ("fit=maybe", "parameter fit: must be on or off"),
        ("from=-11y", "parameter from: and until must be between"),
        ("compare=11y", "parameter compare: must be between a minute and ten years"),
        ("threshold=inf", "parameter threshold: must be a number"),
    ] {
        for ending in ["svg", "png", "csv", "json"] {
            let path = format!("/chart.{ending}?query=up&{query}");
            let answer = get(&app, &path).await;
            assert_eq!(
                (answer.status, answer.header(header::CACHE_CONTROL)),
                (StatusCode::BAD_REQUEST, "no-store"),
                "{path}"
            );
            if ending != "png" {
                answer.says(says);
            }
        }
    }
}
