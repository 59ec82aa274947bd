//! What a reload must put in order: a target that moves, and labels of the scraper that change.

use super::fake_target::{Answer, FakeTarget, TEXT, ok};
use super::loops::Fleet;
use crate::config::Config;
use crate::discovery::Found;
use crate::target::seed;

async fn apply(fleet: &mut Fleet, global: &str, job: &str) {
    let text = format!("global: {{scrape_interval: 10s{global}}}\nscrape_configs:\n- {{job_name: j, {job}}}\n");
    let config = Config::parse(&text, "test").unwrap_or_else(|e| panic!("{e}\n{text}"));
    fleet.pools.apply(&config, &Found::default()).await.unwrap();
}

#[tokio::test]
async fn a_target_that_moved_ends_before_it_goes_on() {
    let (first, second) = (
        FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\nb 1\n"))).await,
        FakeTarget::new(Answer::Bytes(ok(TEXT, "a 2\n"))).await,
    );
    let mut fleet = Fleet::new();
    let at = |target: &FakeTarget| {
        format!("static_configs: [{{targets: ['{}'], labels: {{instance: same}}}}]", target.address)
    };
    apply(&mut fleet, "", &at(&first)).await;
    fleet.interval().await;
    apply(&mut fleet, "", &at(&second)).await;
    // All that was is ended by now, and nothing of the new place is there yet.
    let ended = fleet.recorder.take();
    assert_eq!(ended.len(), 7, "{ended:?}");
    assert!(ended.iter().all(|line| line.contains(" stale @")), "{ended:?}");
    let moment = |line: &str| line.rsplit_once('@').unwrap().1.parse::<i64>().unwrap();
    let went_on = fleet.interval().await;
    assert!(went_on.iter().any(|line| line.starts_with("a{instance=\"same\",job=\"j\"} 2 @")), "{went_on:?}");
    let last_end = ended.iter().map(|line| moment(line)).max().unwrap();
    assert!(went_on.iter().all(|line| moment(line) > last_end), "{ended:?} {went_on:?}");
}

#[tokio::test]
async fn changed_labels_of_the_scraper_shift_its_moments() {
    let target = FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\n"))).await;
    let mut fleet = Fleet::new();
    let job = format!("static_configs: [{{targets: ['{}']}}]", target.address);
    for (global, labels) in [("", None), (", external_labels: {replica: b}", Some("b")), ("", None)] {
        apply(&mut fleet, global, &job).await;
        let labels = procession_openmetrics::Labels::from_pairs(labels.map(|replica| ("replica", replica)));
        assert_eq!(fleet.pools.seeds(), [seed(&labels)], "{global}");
        // The series goes on under its new moments.
        let lines = fleet.interval().await;
        assert!(
            lines.iter().any(|line| line.starts_with("a{")) && !lines.iter().any(|l| l.contains("stale")),
            "{lines:?}"
        );
    }
}
