//! What the first page knows of each host.

use std::collections::{BTreeMap, BTreeSet};

use super::fleet::{self, Fleet};
use crate::chart::Point;
use crate::pages::scrapes;
use crate::pages::whole::{self, Whole};
use crate::query::{Client, Error, QueriedSeries};
use crate::time::{Span, duration_text};

/// One host: an `instance` that is scraped, or that has groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Host {
    pub(super) instance: String,
    /// Jobs that scrape it.
    pub(super) jobs: Vec<String>,
    /// What the last scrape of each job found; `None` without any.
    pub(super) up: Option<bool>,
    /// Unix milliseconds of the last scrape.
    pub(super) last_scrape_ms: Option<i64>,
    /// Distance of its scrapes.
    pub(super) interval_ms: i64,
    /// Since when it has been up or down, where that changed within [`HISTORY_MS`].
    pub(super) since_ms: Option<i64>,
    /// The oldest scrape within [`HISTORY_MS`].
    pub(super) known_since_ms: Option<i64>,
    /// Why the last scrape failed, in the words of the scraper.
    pub(super) reason: String,
    /// Processes now.
    pub(super) processes: Option<f64>,
    /// CPU cores in use now.
    pub(super) cpu_now: Option<f64>,
    /// Resident memory now, in bytes.
    pub(super) memory_now: Option<f64>,
    /// Its load and its memory.
    pub(super) whole: Whole,
    /// CPU cores in use over [`TREND_MS`].
    pub(super) cpu: Vec<Point>,
    /// Resident memory in bytes over [`TREND_MS`].
    pub(super) memory: Vec<Point>,
}

/// All hosts, and what could not be found out.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) hosts: Vec<Host>,
    /// Targets that have no processes and no job in common with those that have: not hosts, the scraper itself perhaps.
    pub(super) others: usize,
    /// What all hosts do together.
    pub(super) fleet: Fleet,
    pub(super) trend: Span,
    pub(super) step_ms: i64,
    /// Queries that failed beside the first one.
    pub(super) failures: Vec<Error>,
}

/// How far the sparklines reach.
pub(super) const TREND_MS: i64 = 3_600_000;
/// How far back a change of state is looked for.
pub(super) const HISTORY_MS: i64 = 86_400_000;
const HISTORY_STEP_MS: i64 = 300_000;
const TREND_STEP_MS: i64 = 60_000;

/// Asks for everything; an error only where the query server answers nothing at all.
pub(super) async fn fetch(client: &Client, now_ms: i64) -> Result<Overview, Error> {
    let ups = client.raw("up[10m]", now_ms).await?;
    let interval_ms = scrapes::slowest_interval_ms(ups.iter().map(|series| series.values.as_slice()));
    let step_ms = TREND_STEP_MS.max(interval_ms);
    let trend = Span { start_ms: now_ms - TREND_MS, end_ms: now_ms };
    let history = Span { start_ms: now_ms - HISTORY_MS, end_ms: now_ms }.aligned(HISTORY_STEP_MS);
    let window = duration_text(scrapes::rate_window_ms(step_ms, interval_ms));
    let cpu = |window: &str| format!("sum by (instance) (rate(proc_group_cpu_seconds_total[{window}]))");
    let (cpu_trend, cpu_now) = (cpu(&window), cpu(&duration_text(4 * interval_ms)));
    let memory = "sum by (instance) (proc_group_resident_memory_bytes)";
    let processes = "sum by (instance) (proc_group_processes)";
    // The trends end now, not at a multiple of the step: a host of ten seconds already has a point.
    let recent = duration_text(4 * interval_ms);
    let whole = whole::query("");
    let (cpu, memory, cpu_now, memory_now, processes, wholes, history, targets, fleet) = tokio::join!(
        client.range(&cpu_trend, trend, step_ms),
        client.range(memory, trend, step_ms),
        client.instant(&cpu_now, now_ms),
        client.instant(memory, now_ms),
        client.instant(processes, now_ms),
        client.instant(&whole, now_ms),
        client.range("up", history, HISTORY_STEP_MS),
        client.targets(),
        fleet::fetch(client, now_ms, &recent),
    );
    let mut failures = Vec::new();
    let mut hosts: BTreeMap<String, Host> = BTreeMap::new();
    add_states(&mut hosts, ups);
    for series in kept(processes, &mut failures) {
        host(&mut hosts, series.labels.get("instance")).processes = Some(series.point.value);
    }
    for series in kept(cpu_now, &mut failures) {
        host(&mut hosts, series.labels.get("instance")).cpu_now = Some(series.point.value);
    }
    for series in kept(memory_now, &mut failures) {
        host(&mut hosts, series.labels.get("instance")).memory_now = Some(series.point.value);
    }
    for (instance, whole) in whole::by_instance(kept(wholes, &mut failures)) {
        host(&mut hosts, Some(&instance)).whole = whole;
    }
    for series in kept(cpu, &mut failures) {
        host(&mut hosts, series.labels.get("instance")).cpu = series.values;
    }
    for series in kept(memory, &mut failures) {
        host(&mut hosts, series.labels.get("instance")).memory = series.values;
    }
    add_history(&mut hosts, &kept(history, &mut failures));
    // Not every server scrapes, so that targets are missing is no failure.
    for target in targets.unwrap_or_default() {
        if let Some(host) = target.labels.get("instance").and_then(|instance| hosts.get_mut(instance))
            && !target.last_error.is_empty()
        {
            host.reason = target.last_error;
        }
    }
    let (hosts, others) = with_processes(hosts.into_values().collect());
    let fleet = fleet.unwrap_or_else(|error| {
        failures.push(error);
        Fleet::default()
    });
    Ok(Overview { hosts, others, fleet, trend, step_ms, failures })
}

/// The hosts among the targets, and how many others there are. A host that is down has no processes now, but its job has
/// other hosts; where nothing has processes, all are shown, since whoever looks wants to know why.
fn with_processes(all: Vec<Host>) -> (Vec<Host>, usize) {
    let jobs: BTreeSet<String> =
        all.iter().filter(|host| host.processes.is_some()).flat_map(|host| host.jobs.iter().cloned()).collect();
    let count = all.len();
    let is_host = |host: &Host| host.jobs.is_empty() || host.jobs.iter().any(|job| jobs.contains(job));
    let hosts: Vec<Host> = match jobs.is_empty() {
        true => all,
        false => all.into_iter().filter(|host| host.processes.is_some() || is_host(host)).collect(),
    };
    let others = count - hosts.len();
    (hosts, others)
}

fn kept<T>(answer: Result<Vec<T>, Error>, failures: &mut Vec<Error>) -> Vec<T> {
    answer.unwrap_or_else(|error| {
        failures.push(error);
        Vec::new()
    })
}

fn host<'a>(hosts: &'a mut BTreeMap<String, Host>, instance: Option<&String>) -> &'a mut Host {
    let instance = instance.cloned().unwrap_or_default();
    hosts.entry(instance.clone()).or_insert_with(|| Host { instance, ..Host::default() })
}

/// A host is down if any of its jobs is, and as fresh as the freshest.
fn add_states(hosts: &mut BTreeMap<String, Host>, ups: Vec<QueriedSeries>) {
    for series in ups {
        let host = host(hosts, series.labels.get("instance"));
        let interval_ms = scrapes::slowest_interval_ms([series.values.as_slice()]);
        host.interval_ms = host.interval_ms.max(interval_ms);
        host.jobs.extend(series.labels.get("job").cloned());
        if let Some(last) = series.values.last() {
            host.up = Some(host.up.unwrap_or(true) && last.value != 0.0);
            host.last_scrape_ms = host.last_scrape_ms.max(Some(last.at_ms));
            host.known_since_ms = earliest(host.known_since_ms, &series.values);
            // Raw samples tell a recent change to the scrape.
            host.since_ms = host.since_ms.max(scrapes::since_ms(&series.values));
        }
    }
}

fn add_history(hosts: &mut BTreeMap<String, Host>, history: &[QueriedSeries]) {
    for series in history {
        let host = host(hosts, series.labels.get("instance"));
        host.known_since_ms = earliest(host.known_since_ms, &series.values);
        if host.since_ms.is_none() && host.up.is_some() {
            host.since_ms = scrapes::since_ms(&series.values);
        }
        if host.last_scrape_ms.is_none() {
            // It stopped being scraped; the last point is right to a step.
            host.last_scrape_ms = series.values.last().map(|point| point.at_ms);
        }
    }
}

fn earliest(known_ms: Option<i64>, values: &[Point]) -> Option<i64> {
    known_ms.into_iter().chain(values.first().map(|point| point.at_ms)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_without_processes_are_no_hosts() {
        let target = |name: &str, job: &str, processes: Option<f64>| Host {
            instance: name.to_owned(),
            jobs: vec![job.to_owned()],
            processes,
            ..Host::default()
        };
        let names = |all: Vec<Host>| {
            let (hosts, others) = with_processes(all);
            (hosts.into_iter().map(|host| host.instance).collect::<Vec<_>>(), others)
        };
        let (up, down) = (target("up", "procession", Some(3.0)), target("down", "procession", None));
        let scraper = target("scraper", "self", None);
        assert_eq!(names(vec![up, down, scraper.clone()]), (vec!["up".to_owned(), "down".to_owned()], 1));
        assert_eq!(names(vec![scraper]), (vec!["scraper".to_owned()], 0));
    }

    fn up(instance: &str, job: &str, values: &[(i64, f64)]) -> QueriedSeries {
        let labels = [("instance", instance), ("job", job)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let values = values.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect();
        QueriedSeries { labels: labels.into(), values }
    }

    #[test]
    fn a_host_is_down_if_one_of_its_jobs_is() {
        let mut hosts = BTreeMap::new();
        add_states(
            &mut hosts,
            vec![up("a", "x", &[(0, 1.0), (15_000, 1.0)]), up("a", "y", &[(0, 1.0), (15_000, 0.0)])],
        );
        let host = &hosts["a"];
        assert_eq!((host.up, host.last_scrape_ms, host.since_ms), (Some(false), Some(15_000), Some(15_000)));
        assert_eq!(host.jobs, ["x", "y"]);
    }

    #[test]
    fn a_host_that_is_no_longer_scraped_stays_on_the_page() {
        let mut hosts = BTreeMap::new();
        add_history(&mut hosts, &[up("gone", "x", &[(0, 1.0), (300_000, 1.0)])]);
        assert_eq!((hosts["gone"].up, hosts["gone"].last_scrape_ms), (None, Some(300_000)));
    }
}
