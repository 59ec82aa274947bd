//! What the pages say.

use http::StatusCode;

use crate::{dashboards, fake, get};

#[tokio::test]
async fn the_first_page_shows_the_hosts() {
    let page = get(&dashboards(&fake::with(fake::two_hosts).await), "/").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("1 up");
    page.says("1 down");
    page.says("href=\"/host?instance=web-1:9956\"");
    page.says("connection refused &lt;i&gt;");
    page.says("5 s ago");
    // What needs a look comes first.
    assert!(page.body.find("instance=db-2").unwrap() < page.body.find("instance=web-1").unwrap());
}

#[tokio::test]
async fn an_empty_installation_says_what_to_do() {
    let page = get(&dashboards(&fake::with(fake::nothing).await), "/").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("No hosts yet");
    page.says("procession-exporter --web.listen-address");
    page.says("scrape_configs:");
}

#[tokio::test]
async fn a_query_server_that_is_gone_is_said_in_words() {
    let app = dashboards("http://127.0.0.1:1");
    for path in
        ["/", "/host?instance=web-1:9956", "/group?instance=a&group=b", "/process?instance=a&pid=1", "/tree?instance=a"]
    {
        let page = get(&app, path).await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{path}");
        page.says("The query server cannot be reached");
        page.says("http://127.0.0.1:1");
        page.says("--query.url");
    }
}

#[tokio::test]
async fn a_host_has_charts_and_tables() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/host?instance=web-1:9956&from=-6h").await;
    assert_eq!(page.status, StatusCode::OK);
    for title in ["CPU cores", "Resident memory", "Storage reads", "Storage writes"] {
        page.says(&format!("<h2>{title}</h2>"));
    }
    // 10 in all less 3 + 2 + 1 by name.
    page.says("<span class=\"name\">others</span></th><td>4.00</td>");
    page.says("nginx: worker");
    page.says("www-data");
    // Every link keeps the range.
    page.says("from=-6h&amp;sort=memory");
    page.says("from=-6h&amp;draw=lines");
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_said_to_be_so() {
    let page = get(&dashboards(&fake::with(fake::nothing).await), "/host?instance=nobody").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("Nothing is known of nobody in this range");
}

#[tokio::test]
async fn a_group_has_every_metric_and_its_processes() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/group?instance=web-1:9956&group=nginx&from=-6h").await;
    assert_eq!(page.status, StatusCode::OK);
    for title in ["CPU cores", "Memory", "Storage", "States", "Page faults", "Threads", "Open files", "Virtual memory"]
    {
        page.says(&format!("<h2>{title}</h2>"));
    }
    // Back to the host over the same range, and on to the process that began 100.25 s ago.
    page.says("href=\"/host?from=-6h&amp;instance=web-1:9956\"");
    page.says("href=\"/process?from=-6h&amp;instance=web-1:9956&amp;pid=42&amp;start=1795435099.75\"");
    page.says("<b>1</b> process at the end of the range");
    page.says("1 started");
    page.says("www-data");
}

#[tokio::test]
async fn a_process_is_a_pid_and_a_start() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/process?instance=web-1:9956&pid=42&start=1795435099.75&from=-6h").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("nginx: worker 42");
    page.says("/usr/sbin/nginx");
    page.says("href=\"/process?from=-6h&amp;instance=web-1:9956&amp;pid=1\">init</a>");
    page.says("href=\"/group?from=-6h&amp;instance=web-1:9956&amp;group=nginx\"");
    page.says("<h2>Context switches of main threads</h2>");
    // Another process of the same pid is not taken for it.
    let other = get(&app, "/process?instance=web-1:9956&pid=42&start=1000&from=-6h").await;
    other.says("No such process with the pid 42 was seen");
    other.says("Other processes had this pid: <a href=\"/process?from=-6h&amp;instance=web-1:9956&amp;pid=42&amp;start=1795435099.75\"");
    get(&app, "/process?instance=web-1:9956&pid=7").await.says("No such process with the pid 7");
}

#[tokio::test]
async fn names_on_a_host_lead_to_their_pages() {
    let page = get(&dashboards(&fake::with(fake::two_hosts).await), "/host?instance=web-1:9956&from=-6h").await;
    page.says("<a class=\"name\" href=\"/group?from=-6h&amp;instance=web-1:9956&amp;group=nginx\">nginx</a>");
    page.says("href=\"/process?from=-6h&amp;instance=web-1:9956&amp;pid=42&amp;start=1795435099.75\"");
}

#[tokio::test]
async fn hosts_are_sorted_and_found() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/?sort=cpu").await;
    assert!(page.body.find("instance=db-2").unwrap() > page.body.find("instance=web-1").unwrap());
    let found = get(&app, "/?filter=WEB&sort=name").await;
    found.says("instance=web-1");
    found.does_not_say("instance=db-2");
    found.says("1 host found");
    found.says("href=\"/?sort=name\"");
}

#[tokio::test]
async fn a_group_is_shown_across_hosts() {
    let page = get(&dashboards(&fake::with(fake::two_hosts).await), "/groups?group=nginx&from=-6h").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("nginx on all hosts");
    page.says("href=\"/group?from=-6h&amp;instance=web-1:9956&amp;group=nginx\"");
    page.says("<h2>Resident memory</h2>");
    let none = get(&dashboards(&fake::with(fake::nothing).await), "/groups?group=nginx").await;
    none.says("No host has the group nginx");
}

#[tokio::test]
async fn bad_links_are_refused_by_name() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    for (path, says) in [
        ("/host", "parameter instance: is missing"),
        ("/host?instance=a&from=yesterday", "parameter from: "),
        ("/host?instance=a&from=now&until=-1h", "parameter from: is not before until"),
        ("/host?instance=a&sort=beauty", "parameter sort: must be one of cpu, memory"),
        ("/host?instance=a&colour=red", "parameter colour: is unknown"),
        ("/group?instance=a", "parameter group: is missing"),
        ("/process?instance=a", "parameter pid: is missing"),
        ("/process?instance=a&pid=1&start=soon", "parameter start: must be Unix seconds"),
        ("/groups", "parameter group: is missing"),
        ("/?sort=beauty", "parameter sort: must be one of state, name"),
        ("/?x=1", "parameter x: is unknown"),
    ] {
        let page = get(&app, path).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}");
        page.says(says);
    }
    assert_eq!(get(&app, "/nowhere/%3Cscript%3E").await.status, StatusCode::NOT_FOUND);
}
