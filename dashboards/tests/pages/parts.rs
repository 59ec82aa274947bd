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
    page.says("<h2>Groups across hosts</h2>");
    page.says("href=\"/groups?group=nginx\">nginx</a></th><td>1</td><td>0.75</td>");
    page.says("href=\"/process?instance=web-1:9956&amp;pid=42\">nginx</a>");
    // What needs a look comes first.
    assert!(page.body.find("instance=db-2").unwrap() < page.body.find("instance=web-1").unwrap());
}

#[tokio::test]
async fn charts_mark_what_happened_and_compare_with_a_time_before() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let process = get(&app, "/process?instance=web-1:9956&pid=42&from=-15m").await;
    process.says("<g class=\"es\"");
    process.says("<title>42 started</title>");
    let group = "/group?instance=web-1:9956&group=nginx&from=-15m";
    get(&app, group).await.says("<title>42 started</title>");
    let page = get(&app, &format!("{group}&compare=1w")).await;
    page.says("all, 1w before");
    page.says("title=\"Compare with the week before\" aria-current=\"true\"");
    page.says("&amp;compare=1w\" title=\"This chart as an image");
    let page = get(&app, "/groups?group=nginx&from=-15m&compare=1w").await;
    page.says("<span class=\"name\">web-1:9956, 1w before");
    // What was a week before is no host of its own.
    assert!(!page.body.contains("%2C%201w%20before"), "{}", page.body);
    let page = get(&app, "/host?instance=web-1:9956&from=-15m&compare=1w&draw=lines").await;
    page.says(", 1w before");
    assert!(!page.body.contains("%2C%201w%20before"), "{}", page.body);
    page.says("title=\"Compare with the week before\" aria-current=\"true\"");
    let wrong = get(&app, &format!("{group}&compare=soon")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    wrong.says("parameter compare: ");
}

#[tokio::test]
async fn an_empty_installation_says_what_to_do() {
    let page = get(&dashboards(&fake::with(fake::nothing).await), "/").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("No hosts yet");
    page.says("procession-exporter --web.listen-address");
    page.says("scrape_configs:");
    page.says("href=\"/add\"");
    // It appears by itself.
    page.says("<main data-every=");
}

#[tokio::test]
async fn a_new_host_is_told_how_and_when() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/add?host=web-3").await;
    page.says("procession-exporter --web.listen-address=:9956");
    page.says("echo &quot;- targets: ['web-3:9956']&quot; &gt; targets/web-3-9956.yml");
    page.says("The scraper does not know web-3:9956 yet");
    page.says("<main data-every=\"3\"");
    get(&app, "/add?host=web-1").await.says("href=\"/host?instance=web-1:9956\"");
    let failing = get(&app, "/add?host=db-2:9956").await;
    failing.says("connection refused &lt;i&gt;");
    failing.says("Nothing listens there. Is the exporter running");
    let bad = get(&app, "/add?host=a%3Brm").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    bad.says("parameter host: must be the name");
    // Nobody to ask: the commands are there all the same.
    let alone = get(&dashboards("http://127.0.0.1:1"), "/add?host=web-3").await;
    alone.says("targets: ['web-3:9956']");
    alone.says("cannot be reached");
}

#[tokio::test]
async fn a_clock_that_differs_is_said() {
    let body = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    for (date, says) in [
        ("Mon, 23 Nov 2015 12:00:00 GMT", " behind the one of these pages"),
        ("Fri, 23 Nov 2096 12:00:00 GMT", " ahead of the one of these pages"),
    ] {
        let url = fake::dated(date, body).await;
        get(&dashboards(&url), "/tree?instance=a").await.says(says);
    }
    let right = get(&dashboards(&fake::with(fake::two_hosts).await), "/host?instance=web-1:9956").await;
    right.does_not_say("The clock of the query server");
}

#[tokio::test]
async fn a_failing_host_says_why() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    for path in ["/", "/host?instance=db-2:9956"] {
        let page = get(&app, path).await;
        page.says("connection refused &lt;i&gt;");
        page.says("Nothing listens there. Is the exporter running");
    }
    get(&app, "/host?instance=web-1:9956").await.does_not_say("Nothing listens there");
}

#[tokio::test]
async fn sql_is_a_table_and_a_chart_where_the_server_has_it() {
    let app = dashboards(&fake::with(fake::two_hosts).await);
    let page = get(&app, "/explore?lang=sql&query=SELECT%201%20%27x%27&tz=UTC").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;</td>");
    page.says("<td>2.5</td>");
    page.says("<h2>Over time</h2>");
    page.says(r"/api/v1/sql' --data-urlencode 'query=SELECT 1 '\''x'\''' -d format=csv");
    let wrong = get(&app, "/explore?lang=sql&query=SELECT%0A%20%20bogus").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    wrong.says("<pre>  bogus\n  ^</pre>");
    wrong.says("at or near &lt;b&gt;");
    assert_eq!(get(&app, "/complete?of=sql&word=cpu").await.body, "[\"cpu_seconds\"]");
    assert_eq!(get(&app, "/explore?lang=cobol").await.status, StatusCode::BAD_REQUEST);
    // Plain Prometheus, which says 404 in words.
    let plain = fake::with_body(StatusCode::NOT_FOUND, "text/plain", "404 page not found").await;
    let missing = get(&dashboards(&plain), "/explore?lang=sql&query=SELECT%201").await;
    assert_eq!(missing.status, StatusCode::NOT_IMPLEMENTED);
    missing.says("There is no SQL here");
    missing.says("procession-scraper adds");
    missing.says("href=\"/explore\"");
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
