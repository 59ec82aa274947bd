//! The processes of a group: those at the end of the range, and those that were seen in it.

use std::collections::{BTreeMap, HashMap};

use super::GroupView;
use crate::chart::{Event, Happening};
use crate::pages::figure::known;
use crate::pages::lives::lives;
use crate::query::promql::any_of;
use crate::query::{Client, Error, QueriedSeries, Sample};
use crate::time::{Span, duration_text, ms_of};

/// One process of the group; NaN where a figure is not known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) pid: String,
    /// Unix seconds.
    pub(super) start: f64,
    /// Unix milliseconds of the last point that saw it; none where it is there at the end of the range.
    pub(super) gone_ms: Option<i64>,
    pub(super) user: String,
    pub(super) cpu: f64,
    pub(super) memory: f64,
}

/// The processes of a group.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Those that are there first, the busiest before others; then those that are gone, the last first.
    pub(super) rows: Vec<Member>,
    pub(super) alive: usize,
    /// Began in the range.
    pub(super) started: usize,
    /// Are no longer there at its end.
    pub(super) gone: usize,
    /// Distance of the moments that were looked at; an exit is known to be within one of them.
    pub(super) step_ms: i64,
    /// True where every scrape was looked at, false where processes between two moments may be missing.
    pub(super) complete: bool,
}

/// Processes that are listed.
pub(super) const ROWS: usize = 100;

/// Points that are asked for, over all processes together, and for one process at most.
const POINTS: i64 = 60_000;
const MOST_POINTS: i64 = 120;

/// Above this length a window over every scrape would read more samples than servers allow.
const EVERY_SCRAPE_MS: i64 = 2 * 86_400_000;

/// Asks for the processes of the group.
pub(super) async fn fetch(client: &Client, view: &GroupView) -> Result<Members, Error> {
    let (matcher, frame) = (view.matcher(), &view.frame);
    let at = frame.span.end_ms;
    let start = format!("proc_start_time_seconds{{{matcher}}}");
    let alive = client.instant(&start, at).await?;
    let points = (POINTS / (alive.len() as i64).max(1)).clamp(2, MOST_POINTS);
    let step_ms = (frame.span.length_ms() / points / 1000 * 1000).max(frame.interval_ms);
    let complete = frame.span.length_ms() <= EVERY_SCRAPE_MS;
    let seen = if complete {
        format!("max_over_time(proc_start_time_seconds{{{matcher}}}[{}])", duration_text(step_ms))
    } else {
        start
    };
    let cpu = format!("sum by (pid) (rate(proc_cpu_seconds_total{{{matcher}}}[{}]))", frame.recent());
    let memory = format!("sum by (pid) (proc_resident_memory_bytes{{{matcher}}})");
    let span = Span { start_ms: frame.span.start_ms + step_ms.min(frame.span.length_ms()), end_ms: at };
    let (seen, cpu, memory) =
        tokio::try_join!(client.range(&seen, span, step_ms), client.instant(&cpu, at), client.instant(&memory, at))?;
    let mut members = gathered(&alive, seen, &by_pid(&cpu), &by_pid(&memory), frame.span);
    (members.step_ms, members.complete) = (step_ms, complete);
    members.rows.truncate(ROWS);
    add_users(client, view, &mut members.rows).await?;
    Ok(members)
}

impl Members {
    /// Starts and exits in the range.
    pub(super) fn events(&self, span: Span) -> impl Iterator<Item = Event> {
        let event = |at_ms, pid: &str, what| {
            let title = format!("{pid} {}", if what == Happening::Start { "started" } else { "gone" });
            Event { at_ms, title, what }
        };
        self.rows.iter().flat_map(move |row| {
            let start_ms = Some(ms_of(row.start)).filter(|start_ms| *start_ms > span.start_ms);
            let start = start_ms.map(|start_ms| event(start_ms, &row.pid, Happening::Start));
            start.into_iter().chain(row.gone_ms.map(|gone_ms| event(gone_ms, &row.pid, Happening::Exit)))
        })
    }
}

fn by_pid(samples: &[Sample]) -> HashMap<&str, f64> {
    samples.iter().filter_map(|s| s.labels.get("pid").map(|pid| (pid.as_str(), s.point.value))).collect()
}

fn gathered(
    alive: &[Sample],
    seen: Vec<QueriedSeries>,
    cpu: &HashMap<&str, f64>,
    memory: &HashMap<&str, f64>,
    span: Span,
) -> Members {
    let alive = by_pid(alive);
    let figure = |figures: &HashMap<&str, f64>, pid: &str| figures.get(pid).copied().unwrap_or(f64::NAN);
    let mut rows: Vec<Member> = alive
        .iter()
        .map(|(pid, start)| Member {
            pid: (*pid).to_owned(),
            start: *start,
            gone_ms: None,
            user: String::new(),
            cpu: figure(cpu, pid),
            memory: figure(memory, pid),
        })
        .collect();
    let mut gone: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for mut series in seen {
        let pid = series.labels.remove("pid").unwrap_or_default();
        let is_there =
            |life: &crate::pages::lives::Life| alive.get(pid.as_str()).is_some_and(|start| life.began_at(*start));
        let ended = lives(&series.values).into_iter().filter(|life| !is_there(life));
        gone.entry(pid.clone()).or_default().extend(ended.map(|life| Member {
            pid: pid.clone(),
            start: life.start,
            gone_ms: Some(life.last_seen_ms),
            user: String::new(),
            cpu: f64::NAN,
            memory: f64::NAN,
        }));
    }
    let (there, gone_rows) = (rows.len(), gone.into_values().flatten());
    rows.extend(gone_rows);
    let started = rows.iter().filter(|row| row.start * 1000.0 >= span.start_ms as f64).count();
    rows.sort_by(|a, b| {
        let end = |row: &Member| row.gone_ms.unwrap_or(i64::MAX);
        end(b)
            .cmp(&end(a))
            .then(known(b.cpu).total_cmp(&known(a.cpu)))
            .then(known(b.memory).total_cmp(&known(a.memory)))
            .then_with(|| a.pid.cmp(&b.pid))
    });
    Members { alive: there, started, gone: rows.len() - there, rows, ..Members::default() }
}

async fn add_users(client: &Client, view: &GroupView, rows: &mut [Member]) -> Result<(), Error> {
    let there: Vec<&str> = rows.iter().filter(|row| row.gone_ms.is_none()).map(|row| row.pid.as_str()).collect();
    if there.is_empty() {
        return Ok(());
    }
    let query = format!("proc_info{{{},pid=~{}}}", view.matcher(), any_of(there));
    let infos = client.instant(&query, view.frame.span.end_ms).await?;
    let users: HashMap<&str, &str> = infos
        .iter()
        .filter_map(|info| Some((info.labels.get("pid")?.as_str(), info.labels.get("user")?.as_str())))
        .collect();
    for row in rows.iter_mut().filter(|row| row.gone_ms.is_none()) {
        row.user = users.get(row.pid.as_str()).copied().unwrap_or_default().to_owned();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Point;

    #[test]
    fn the_gone_follow_those_that_are_there() {
        let labels = |pid: &str| [("pid".to_owned(), pid.to_owned())].into();
        let sample = |pid: &str, value| Sample { labels: labels(pid), point: Point { at_ms: 9000, value } };
        let series = |pid: &str, values: &[(i64, f64)]| QueriedSeries {
            labels: labels(pid),
            values: values.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect(),
        };
        let alive = [sample("1", 0.5), sample("2", 6.0)];
        let seen = vec![
            series("1", &[(1000, 0.5), (9000, 0.5)]),
            // The pid of one that is gone was taken by another.
            series("2", &[(1000, 0.7), (2000, 0.7), (8000, 6.0)]),
            series("3", &[(3000, 3.0), (5000, 3.0)]),
        ];
        let (cpu, memory) = ([("2", 1.0)].into(), HashMap::new());
        let found = gathered(&alive, seen, &cpu, &memory, Span { start_ms: 2000, end_ms: 9000 });
        let rows: Vec<_> = found.rows.iter().map(|row| (row.pid.as_str(), row.start, row.gone_ms)).collect();
        assert_eq!(rows, [("2", 6.0, None), ("1", 0.5, None), ("3", 3.0, Some(5000)), ("2", 0.7, Some(2000))]);
        assert_eq!((found.alive, found.started, found.gone), (2, 2, 2));
    }
}
