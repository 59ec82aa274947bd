//! Real exporters scraped by us and by a real Prometheus at once: the same series, and values that are equal wherever
//! the moments of the scrapes allow it. `ci/side-by-side [SECONDS]` lets it run for longer.

use crate::http::api;
use crate::peers::Peer;
use crate::services::{Scraper, job};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Raw samples of a job's series, by their labels: moment in seconds and value, ascending.
type Series = BTreeMap<String, Vec<(f64, f64)>>;

/// What was found.
#[derive(Debug, Default)]
struct Findings {
    /// Values that never changed, and are equal.
    constant: usize,
    /// Values that only rose: each of ours lies between those that Prometheus has from before and after it.
    rising: usize,
    /// Values that went up and down: only that both have them can be compared.
    moving: usize,
    /// Series of one or two scrapes that only one of both saw.
    blinked: usize,
    /// Everything that should not be, by series.
    wrong: BTreeMap<String, String>,
}

#[tokio::test]
async fn scrapes_what_prometheus_scrapes() {
    let seconds: u64 = std::env::var("SIDE_BY_SIDE_SECONDS").map_or(18, |text| text.parse().unwrap());
    let (node, process) = (Peer::node_exporter().await, Peer::process_exporter().await);
    let (alertmanager, victoria) = (Peer::alertmanager().await, Peer::victoria_metrics().await);
    // A Prometheus to be scraped, which is not the one that scrapes: that one is busy with our questions later.
    let idle = Peer::prometheus("").await;
    let targets = [&node, &process, &alertmanager, &victoria, &idle];
    // process-exporter needs its time on a busy machine.
    let every = |name| if name == "process" { 5 } else { 2 };
    let jobs = JOBS.iter().zip(targets).map(|(name, peer)| {
        format!("{0}  scrape_interval: {1}s\n  scrape_timeout: {1}s\n", job(name, &peer.url), every(*name))
    });
    let jobs: String = jobs.collect();
    let (prometheus, scraper) = (Peer::prometheus(&jobs).await, Scraper::start(&jobs).await);
    tokio::time::sleep(Duration::from_secs(seconds + 4)).await;

    let mut wrong = differences(&prometheus.url, &scraper.url, seconds).await;
    // On a busy machine a scrape now and then falls so that a value looks wrong by chance; what is wrong in truth is
    // wrong in every stretch of time.
    for _ in 0..2 {
        if wrong.is_empty() {
            break;
        }
        println!("looking again, for {} differences:\n{}", wrong.len(), first_of(&wrong));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let again = differences(&prometheus.url, &scraper.url, seconds).await;
        wrong.retain(|series, _| again.contains_key(series));
    }
    assert!(wrong.is_empty(), "{} differences that stay:\n{}", wrong.len(), first_of(&wrong));
}

/// The jobs, and what each of them is named.
const JOBS: [&str; 5] = ["node", "process", "alertmanager", "victoria", "prometheus"];

/// By series of each job, in words, what should not be in the last `seconds`; prints what was compared.
async fn differences(prometheus: &str, scraper: &str, seconds: u64) -> BTreeMap<String, String> {
    let mut report = String::new();
    let mut wrong = BTreeMap::new();
    for name in JOBS {
        // Both are asked for what is over: a moment in which nothing is on its way any more.
        let end = now() - 1.5;
        let query = [("query", format!("{{job=\"{name}\"}}[{seconds}s]")), ("time", format!("{end:.3}"))];
        let query = query.each_ref().map(|(key, value)| (*key, value.as_str()));
        let theirs = by_series(&api(prometheus, "query", &query).await["result"]);
        let ours = by_series(&api(scraper, "query", &query).await["result"]);
        let failed = failed_scrapes(&theirs) + failed_scrapes(&ours);
        let found = compare(&theirs, &ours, (end - seconds as f64 + 6.0, end - 6.0), failed > 0);
        writeln!(
            report,
            "{name}: {} series in {} scrapes of which {failed} failed: {} of constant value and equal, {} that rise and lie between their neighbours, {} that move, {} that one of both saw once or twice",
            ours.len(),
            ours.values().chain(theirs.values()).map(Vec::len).max().unwrap_or_default(),
            found.constant,
            found.rising,
            found.moving,
            found.blinked
        )
        .unwrap();
        // Five are made by the scrape itself.
        if failed == 0 && (ours.len() < 20 || found.constant < 5) {
            wrong.insert(name.to_owned(), format!("only {} series", ours.len()));
        }
        wrong.extend(found.wrong.into_iter().map(|(series, what)| (format!("{name}: {series}"), what)));
    }
    println!("{report}");
    wrong
}

fn first_of(wrong: &BTreeMap<String, String>) -> String {
    wrong.iter().take(50).map(|(series, what)| format!("{series}: {what}\n")).collect()
}

/// Holds the series of both against each other; `inner` is the stretch of time that both surely cover.
/// Where a scrape failed, because the machine was too busy for it, what only one of both has tells nothing.
fn compare(theirs: &Series, ours: &Series, inner: (f64, f64), any_failed: bool) -> Findings {
    let mut found = Findings::default();
    for (one, other, who) in [(theirs, ours, "Prometheus"), (ours, theirs, "Procession")] {
        for (series, samples) in one.iter().filter(|(series, _)| !other.contains_key(*series)) {
            // What lives shorter than an interval is seen by whoever comes by; what is new or ends at the edge, too.
            let inside = samples.iter().filter(|(time, _)| (inner.0..inner.1).contains(time)).count();
            match inside {
                _ if any_failed => found.blinked += 1,
                0..=2 => found.blinked += 1,
                _ => drop(found.wrong.insert(series.clone(), format!("only {who} has it: {samples:?}"))),
            }
        }
    }
    // A page is made some time between the moment of a scrape and its end.
    let slack = (longest_scrape(theirs), longest_scrape(ours));
    for (series, ours) in ours {
        let Some(theirs) = theirs.get(series) else { continue };
        if !any_failed && ours.len().abs_diff(theirs.len()) > 2 + theirs.len() / 20 {
            let what = format!("{} samples, Prometheus has {}", ours.len(), theirs.len());
            found.wrong.insert(series.clone(), what);
        }
        judge(series, theirs, ours, slack, &mut found);
    }
    found
}

/// How many scrapes failed.
fn failed_scrapes(series: &Series) -> usize {
    let up = series.iter().filter(|(name, _)| name.starts_with("up{"));
    up.flat_map(|(_, samples)| samples).filter(|(_, up)| *up == 0.0).count()
}

/// How long the longest scrape took, in seconds.
fn longest_scrape(series: &Series) -> f64 {
    let durations = series.iter().filter(|(name, _)| name.starts_with("scrape_duration_seconds"));
    durations.flat_map(|(_, samples)| samples).map(|(_, duration)| *duration).fold(0.0, f64::max)
}

/// Compares the values of one series.
fn judge(series: &str, theirs: &[(f64, f64)], ours: &[(f64, f64)], slack: (f64, f64), found: &mut Findings) {
    let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
    let first = theirs[0].1;
    let Findings { constant, rising, moving, wrong, .. } = found;
    let mut wrong = |what: String| drop(wrong.insert(series.to_owned(), what));
    // The values that Prometheus has from surely before and surely after a moment of ours.
    let neighbours = |time: f64| {
        let before = theirs.partition_point(|(t, _)| t + slack.0 < time);
        let after = theirs.partition_point(|(t, _)| *t <= time + slack.1);
        Some((theirs.get(before.checked_sub(1)?)?.1, theirs.get(after)?.1))
    };
    if !rises(theirs) || (!is_counter(series) && !rises(ours)) || OWN.iter().any(|own| series.starts_with(own)) {
        *moving += 1;
    } else if theirs.iter().all(|(_, v)| same(*v, first)) {
        match ours.iter().filter(|(time, v)| !same(*v, first) && neighbours(*time).is_some()).count() {
            0 => *constant += 1,
            // A gauge that moved there and back while Prometheus did not look.
            n if !is_counter(series) && n <= 1 + ours.len() / 4 => *moving += 1,
            n => wrong(format!("always {first} at Prometheus, {n} others here: {ours:?}")),
        }
    } else {
        let beside = |(time, v): &&(f64, f64)| neighbours(*time).is_some_and(|(least, most)| *v < least || *v > most);
        match ours.iter().filter(beside).count() {
            0 => *rising += 1,
            // By chance a gauge rose in both; a counter of process-exporter falls when processes leave a group.
            _ if !is_counter(series) || !rises(ours) => *moving += 1,
            n => wrong(format!("{n} beside their neighbours: {ours:?}, Prometheus: {theirs:?}")),
        }
    }
}

/// What is about a scrape itself: each has its own.
const OWN: [&str; 2] = ["scrape_duration_seconds", "scrape_series_added"];

/// Whether no value is less than the one before; NaN stays NaN.
fn rises(samples: &[(f64, f64)]) -> bool {
    samples.is_sorted_by(|(_, a), (_, b)| a <= b || (a.is_nan() && b.is_nan()))
}

/// Whether a series says by its name that it only rises.
fn is_counter(series: &str) -> bool {
    let name = series.split('{').next().unwrap_or_default();
    // process-exporter calls a gauge so.
    name != "namedprocess_namegroup_thread_count"
        && ["_total", "_count", "_bucket"].iter().any(|end| name.ends_with(end))
}

fn by_series(result: &serde_json::Value) -> Series {
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

fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
}
