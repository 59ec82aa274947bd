//! The process tree of a host.

use http::StatusCode;
use serde_json::{Value, json};

use crate::fake::{self, Asked};
use crate::{dashboards, dashboards_reading, get};

/// 1 is the parent of 9,500 processes; from 10,001 on each is the parent of the next, 500 generations deep.
fn deep_and_wide(asked: &Asked) -> Vec<(Value, f64)> {
    if asked.query.starts_with("up") {
        return vec![(json!({"instance": "big:9956", "job": "procession"}), 1.0)];
    }
    let wide = (2..9_502).map(|pid| (pid, 1));
    let deep = (10_001..10_501).map(|pid| (pid, if pid == 10_001 { 1 } else { pid - 1 }));
    let labels = |(pid, ppid): (i32, i32)| json!({"pid": pid.to_string(), "ppid": ppid.to_string(), "name": format!("p{pid}"), "group": "p", "user": "root"});
    let value = |pid: i32| if pid > 10_000 { 0.5 } else { 0.001 };
    std::iter::once((1, 0)).chain(wide).chain(deep).map(|both| (labels(both), value(both.0))).collect()
}

#[tokio::test]
async fn ten_thousand_processes_give_a_short_page() {
    let app = dashboards_reading(&fake::with(deep_and_wide).await, 64 << 20);
    for (query, says) in [
        ("", "10001</span>"),
        // Nothing is out of reach: the deep end is found, and opens by itself.
        ("&filter=p10490", "1 found for"),
        ("&root=10490", ">p10500<"),
        ("&root=1&sort=pid", "more under p1</a>"),
    ] {
        let page = get(&app, &format!("/tree?instance=big:9956{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        page.says(says);
        page.says("role=\"treegrid\"");
        assert!(page.body.len() < 400_000, "{query}: {} bytes", page.body.len());
    }
    // A closed subtree is a line, and opens again in place; the open end of a deep one is a link.
    let closed = get(&app, "/tree?instance=big:9956&closed=1").await;
    assert_eq!(closed.body.matches("<tr data-pid").count(), 1);
    closed.says("open=1\"");
    let opened = get(&app, "/tree?instance=big:9956&open=10100").await;
    opened.says(">p10101<");
    opened.says("closed=10100\"");
    assert_eq!(get(&app, "/tree?instance=big:9956&open=,").await.status, StatusCode::OK);
    let lineage = get(&app, "/tree?instance=big:9956&root=10400").await;
    lineage.says("\u{203a} \u{2026} \u{203a} ");
    lineage.says("root=10399");
}

#[tokio::test]
async fn a_tree_says_what_is_missing() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let tree = get(&app, "/tree?instance=web-1:9956&at=2026-11-23T11:00:00Z&tz=UTC").await;
    tree.says("nginx: worker");
    tree.says("aria-level=\"1\"");
    // Half an hour on both sides of the moment.
    tree.says("from=2026-11-23T10:30:00Z&amp;until=2026-11-23T11:30:00Z&amp;instance=web-1:9956&amp;pid=42");
    tree.says("at=2026-11-23T10:00:00Z");
    get(&app, "/tree?instance=web-1:9956&root=4711").await.says("No process had the pid 4711");
    get(&app, "/tree?instance=web-1:9956&filter=nobody").await.says("No process matches");
    get(&app, "/tree?instance=nobody").await.says("No process of nobody is known at this moment");
    let bad = get(&app, "/tree?instance=a&sort=beauty").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    bad.says("parameter sort: must be one of cpu, memory, io, name, pid");
}
