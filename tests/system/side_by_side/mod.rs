//! Real exporters scraped by us and by a real Prometheus at once: the same series, and values that are equal wherever
//! the moments of the scrapes allow it. `ci/side-by-side [SECONDS]` lets it run for longer.

mod comparison;

use crate::http::{api, eventually};
use crate::peers::Peer;
use crate::services::{Scraper, job};
use comparison::{Comparison, Series};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The jobs, and what each of them is named.
const JOBS: [&str; 5] = ["node", "process", "alertmanager", "victoria", "prometheus"];

/// For how long both are looked at, and how often they scrape.
struct Stretch {
    seconds: f64,
    /// From one scrape to the next.
    every_seconds: f64,
    /// The same of process-exporter, which needs its time on a busy machine.
    every_of_process: f64,
}

impl Stretch {
    fn of(seconds: Option<f64>) -> Self {
        match seconds {
            None => Stretch { seconds: 6.5, every_seconds: 0.5, every_of_process: 1.0 },
            Some(seconds) => Stretch { seconds, every_seconds: 2.0, every_of_process: 5.0 },
        }
    }

    fn every(&self, job: &str) -> f64 {
        if job == "process" { self.every_of_process } else { self.every_seconds }
    }
}

#[tokio::test]
async fn scrapes_what_prometheus_scrapes() {
    let stretch = Stretch::of(std::env::var("SIDE_BY_SIDE_SECONDS").ok().map(|text| text.parse().unwrap()));
    // The Prometheus to be scraped is not the one that scrapes: that one is busy with our questions later.
    let (node, process, alertmanager, victoria, idle) = tokio::join!(
        Peer::node_exporter(),
        Peer::process_exporter(),
        Peer::alertmanager(),
        Peer::victoria_metrics(),
        Peer::prometheus("")
    );
    let jobs = JOBS.iter().zip([&node, &process, &alertmanager, &victoria, &idle]).map(|(name, peer)| {
        let every = stretch.every(name) * 1000.0;
        format!("{}  scrape_interval: {every}ms\n  scrape_timeout: {every}ms\n", job(name, &peer.url))
    });
    let jobs: String = jobs.collect();
    let (prometheus, scraper) = tokio::join!(Peer::prometheus(&jobs), Scraper::start(&jobs));
    // Prometheus begins seconds after its start.
    eventually("scrapes of every job by both", || async {
        for url in [&prometheus.url, &scraper.url] {
            let up = api(url, "query", &[("query", "up")]).await;
            let jobs = up["result"].as_array().unwrap().len();
            if jobs < JOBS.len() {
                return Err(format!("{url}: {jobs} jobs"));
            }
        }
        Ok(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs_f64(stretch.seconds + stretch.every_seconds)).await;

    let mut wrong = differences(&prometheus.url, &scraper.url, &stretch).await;
    // On a busy machine a scrape now and then falls so that a value looks wrong by chance; what is wrong in truth is
    // wrong in every stretch of time.
    for _ in 0..2 {
        if wrong.is_empty() {
            break;
        }
        println!("looking again, for {} differences:\n{}", wrong.len(), first_of(&wrong));
        tokio::time::sleep(Duration::from_secs_f64(stretch.seconds)).await;
        let again = differences(&prometheus.url, &scraper.url, &stretch).await;
        wrong.retain(|series, _| again.contains_key(series));
    }
    assert!(wrong.is_empty(), "{} differences that stay:\n{}", wrong.len(), first_of(&wrong));
}

/// By series of each job, in words, what should not be; prints what was compared.
async fn differences(prometheus: &str, scraper: &str, stretch: &Stretch) -> BTreeMap<String, String> {
    let mut wrong = BTreeMap::new();
    let mut total = Comparison::default();
    for name in JOBS {
        let every = stretch.every(name);
        // Both are asked for what is over: a moment in which nothing is on its way any more.
        let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - every.min(1.5);
        let range_ms = (stretch.seconds * 1000.0).round();
        let query = [("query", format!("{{job=\"{name}\"}}[{range_ms}ms]")), ("time", format!("{end:.3}"))];
        let query = query.each_ref().map(|(key, value)| (*key, value.as_str()));
        let theirs = by_series(&api(prometheus, "query", &query).await["result"]);
        let ours = by_series(&api(scraper, "query", &query).await["result"]);
        let surely = (end - stretch.seconds + 3.0 * every)..(end - 3.0 * every);
        let found = Comparison::new(&theirs, &ours, &surely);
        println!("{name}: {found}");
        // Five are made by the scrape itself.
        if found.failed == 0 && (ours.len() < 20 || found.constant.series < 5) {
            wrong.insert(name.to_owned(), format!("only {} series", ours.len()));
        }
        wrong.extend(found.wrong.iter().map(|(series, what)| (format!("{name}: {series}"), what.clone())));
        total.add(found);
    }
    println!("all jobs: {total}\n");
    wrong
}

fn first_of(wrong: &BTreeMap<String, String>) -> String {
    wrong.iter().take(50).map(|(series, what)| format!("{series}: {what}\n")).collect()
}

fn by_series(result: &Value) -> Series {
    let series = result.as_array().unwrap().iter().map(|series| {
        let labels = series["metric"].as_object().unwrap();
        let name = labels["__name__"].as_str().unwrap();
        let pairs: BTreeMap<_, _> = labels.iter().filter(|(name, _)| *name != "__name__").collect();
        let samples = series["values"].as_array().unwrap().iter();
        let samples = samples.map(|point| (point[0].as_f64().unwrap(), point[1].as_str().unwrap().parse().unwrap()));
        (format!("{name}{pairs:?}"), samples.collect())
    });
    series.collect()
}
