//! A query whose client goes away stops.

use super::{history, scraper};
use crate::http::{api, client, eventually};
use std::time::Duration;

#[tokio::test]
async fn a_query_that_nobody_waits_for_stops() {
    let (folder, _) = history();
    let scraper = scraper(folder).await;
    // Hours of work: 3,000 sums of 3,000 samples for each of twelve series, at each of ten thousand steps.
    let query = "sum_over_time(stddev_over_time(memory_bytes[50m:1s])[50m:1s])";
    let parameters = [("query", query), ("start", "1700000000"), ("end", "1700005000"), ("step", "0.5")];
    let request = client().get(format!("{}/api/v1/query_range", scraper.url)).query(&parameters);
    let asking = tokio::spawn(request.send());
    let listed = eventually("a running query", || async {
        let active = api(&scraper.url, "status/active_queries", &[]).await;
        if active[0]["state"] == "running" { Ok(active) } else { Err(active.to_string()) }
    })
    .await;
    assert_eq!(listed[0]["query"], query);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!asking.is_finished(), "it was to take long: {:?}", asking.await);
    asking.abort();
    eventually("an end of the query", || async {
        let active = api(&scraper.url, "status/active_queries", &[]).await;
        if active.as_array().is_some_and(Vec::is_empty) { Ok(()) } else { Err(active.to_string()) }
    })
    .await;
}
