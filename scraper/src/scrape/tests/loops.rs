//! Loops and pools on a clock that the test moves: what is scraped when, and what a reload changes.

use super::fake_target::{Answer, FakeTarget, TEXT, ok};
use super::recorder::Recorder;
use crate::config::Config;
use crate::discovery::Found;
use crate::metrics::Metrics;
use crate::scrape::{Clock, Pools, Shared};
use crate::target::status::Health;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// A clock that stands still until it is set.
#[derive(Clone, Default)]
pub(super) struct FakeClock(Arc<(Mutex<i128>, Notify)>);

impl FakeClock {
    fn clock(&self) -> Clock {
        let (now, sleeping) = (self.clone(), self.clone());
        Clock {
            now_ns: Box::new(move || *now.0.0.lock()),
            sleep: Box::new(move |duration| {
                let clock = sleeping.clone();
                let until = *clock.0.0.lock() + duration.as_nanos() as i128;
                Box::pin(async move {
                    loop {
                        let moved = clock.0.1.notified();
                        tokio::pin!(moved);
                        moved.as_mut().enable();
                        if *clock.0.0.lock() >= until {
                            return;
                        }
                        moved.await;
                    }
                })
            }),
        }
    }

    fn advance(&self, duration: Duration) {
        *self.0.0.lock() += duration.as_nanos() as i128;
        self.0.1.notify_waiters();
    }
}

pub(super) struct Fleet {
    pub(super) clock: FakeClock,
    pub(super) recorder: Recorder,
    pub(super) pools: Pools<usize>,
    metrics: Metrics,
}

impl Fleet {
    pub(super) fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (clock, recorder, metrics) = (FakeClock::default(), Recorder::default(), Metrics::default());
        clock.advance(Duration::from_secs(1_000_000));
        let shared = Shared::new(tokio::runtime::Handle::current(), clock.clock(), recorder.sink(), metrics.clone());
        Fleet { clock, recorder, pools: Pools::new(Arc::new(shared)), metrics }
    }

    async fn apply(&mut self, config: &str) -> Result<(), String> {
        let config = Config::parse(&format!("global: {{scrape_interval: 10s}}\n{config}"), "test").unwrap();
        self.pools.apply(&config, &Found::default()).await
    }

    /// Lets one interval pass and waits until every target was scraped in it.
    pub(super) async fn interval(&self) -> Vec<String> {
        let scraped = || self.pools.targets().snapshot().active.iter().map(|t| t.last.began_ms).collect::<Vec<_>>();
        let before = scraped();
        self.clock.advance(Duration::from_secs(10));
        let all = async {
            while scraped().iter().zip(&before).any(|(now, before)| now == before) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("every target is scraped in an interval");
        self.recorder.take()
    }

    fn health(&self) -> Vec<(Health, String)> {
        self.pools.targets().snapshot().active.into_iter().map(|t| (t.last.health, t.last.error)).collect()
    }
}

/// Lines of these metrics, values only where they matter.
fn of<'a>(lines: &'a [String], metric: &str) -> Vec<&'a str> {
    lines.iter().filter(|l| l.starts_with(metric)).map(|l| l.rsplit_once(" @").unwrap().0).collect()
}

#[tokio::test]
async fn a_bad_target_does_not_disturb_a_good_one() {
    let good = FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\n"))).await;
    let bad = FakeTarget::new(Answer::Bytes(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec())).await;
    let silent = FakeTarget::new(Answer::Silence(Vec::new())).await;
    let mut fleet = Fleet::new();
    let config = format!(
        "scrape_configs:\n- {{job_name: good, static_configs: [{{targets: ['{}']}}]}}\n- {{job_name: bad, static_configs: [{{targets: ['{}']}}]}}\n- {{job_name: silent, scrape_timeout: 50ms, static_configs: [{{targets: ['{}']}}]}}\n",
        good.address, bad.address, silent.address
    );
    fleet.apply(&config).await.unwrap();
    assert_eq!(fleet.health(), vec![(Health::Unknown, String::new()); 3]);
    let lines = fleet.interval().await;
    let mut up = of(&lines, "up{");
    up.sort_unstable();
    let labels = |address, job| format!("up{{instance=\"{address}\",job=\"{job}\"}}");
    let mut want = [
        labels(bad.address, "bad") + " 0",
        labels(good.address, "good") + " 1",
        labels(silent.address, "silent") + " 0",
    ];
    want.sort_unstable();
    assert_eq!(up, want);
    assert_eq!(
        fleet.health(),
        [
            (Health::Up, String::new()),
            (Health::Down, "server returned HTTP status 500 Internal Server Error".to_owned()),
            (Health::Down, "no whole answer within the scrape timeout of 50ms".to_owned()),
        ]
    );
    fleet.pools.stop().await;
}

#[tokio::test]
async fn moments_are_an_interval_apart_and_a_long_sleep_is_counted() {
    let target = FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\n"))).await;
    let mut fleet = Fleet::new();
    let config = format!("scrape_configs:\n- {{job_name: j, static_configs: [{{targets: ['{}']}}]}}\n", target.address);
    fleet.apply(&config).await.unwrap();
    let mut moments = Vec::new();
    for _ in 0..3 {
        let lines = fleet.interval().await;
        moments.push(lines[0].rsplit_once('@').unwrap().1.parse::<i64>().unwrap());
    }
    assert_eq!([moments[1] - moments[0], moments[2] - moments[1]], [10_000, 10_000]);
    assert_eq!(fleet.metrics.missed.get(), 0);
    // The machine slept for a minute.
    fleet.clock.advance(Duration::from_secs(60));
    fleet.interval().await;
    assert!((5..=6).contains(&fleet.metrics.missed.get()), "{}", fleet.metrics.missed.get());
    fleet.pools.stop().await;
}

#[tokio::test]
async fn a_reload_changes_what_it_changes() {
    let [kept, changed, removed] = [
        FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\nb 1\n"))).await,
        FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\nb 1\n"))).await,
        FakeTarget::new(Answer::Bytes(ok(TEXT, "a 1\nb 1\n"))).await,
    ];
    let mut fleet = Fleet::new();
    let before = format!(
        "scrape_configs:\n- {{job_name: k, static_configs: [{{targets: ['{}', '{}']}}]}}\n- {{job_name: c, static_configs: [{{targets: ['{}']}}]}}\n",
        kept.address, removed.address, changed.address
    );
    fleet.apply(&before).await.unwrap();
    fleet.interval().await;
    let statuses = fleet.pools.targets().snapshot();
    assert_eq!(statuses.active.iter().map(|t| t.last.samples).collect::<Vec<_>>(), [2, 2, 2]);

    // A reload that fails changes nothing.
    let broken = before.clone() + "- {job_name: x, tls_config: {ca_file: /nowhere/ca.pem}}\n";
    assert_eq!(
        fleet.apply(&broken).await,
        Err("job \"x\": /nowhere/ca.pem: No such file or directory (os error 2)".to_owned())
    );
    assert_eq!(fleet.pools.targets().len(), 3);

    let after = format!(
        "scrape_configs:\n- {{job_name: k, static_configs: [{{targets: ['{}']}}]}}\n- {{job_name: c, static_configs: [{{targets: ['{}']}}], metric_relabel_configs: [{{source_labels: [__name__], regex: b, action: drop}}]}}\n",
        kept.address, changed.address
    );
    fleet.apply(&after).await.unwrap();
    // The series of the target that is gone are ended at once, those about its scrapes too.
    let ended = fleet.recorder.take();
    assert_eq!(ended.len(), 7, "{ended:?}");
    assert!(ended.iter().all(|l| l.contains(&removed.address.to_string()) && l.contains(" stale @")), "{ended:?}");
    // The others are still known, and what the new rule drops is ended by the next scrape.
    assert!(fleet.pools.targets().snapshot().active.iter().all(|t| t.last.health == Health::Up));
    let lines = fleet.interval().await;
    let name = |metric, target: &FakeTarget, job| format!("{metric}{{instance=\"{}\",job=\"{job}\"}}", target.address);
    assert_eq!(of(&lines, &name("a", &kept, "k")).len(), 1);
    assert_eq!(of(&lines, &name("b", &changed, "c")), [name("b", &changed, "c") + " stale"]);
    assert_eq!(of(&lines, &name("a", &changed, "c")), [name("a", &changed, "c") + " 1"]);
    // The kept target's loop went on: its series are not new.
    assert_eq!(of(&lines, &name("scrape_series_added", &kept, "k")), [name("scrape_series_added", &kept, "k") + " 0"]);
    fleet.pools.stop().await;
    assert_eq!(fleet.recorder.take(), Vec::<String>::new(), "a shutdown ends no series");
}

#[tokio::test]
async fn more_targets_than_allowed_fail_as_a_whole() {
    let mut fleet = Fleet::new();
    let config = "scrape_configs:\n- {job_name: j, target_limit: 1, static_configs: [{targets: ['127.0.0.1:1', '127.0.0.1:2']}]}\n";
    fleet.apply(config).await.unwrap();
    fleet.interval().await;
    let reason = "target_limit exceeded: the job has 2 targets, the limit is 1";
    assert_eq!(fleet.health(), vec![(Health::Down, reason.to_owned()); 2]);
    fleet.pools.stop().await;
}
