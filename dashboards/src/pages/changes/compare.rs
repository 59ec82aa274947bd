//! Two ranges of one length, side by side.

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;

use super::{ChangesView, SORTS, Sort};
use crate::query::{Client, Error, Labels, Sample};
use crate::time::duration_text;

/// Mean CPU (cores), mean resident memory (bytes), storage reads and writes (bytes a second); zero where nothing is known.
pub(super) type Figures = [f64; SORTS.len()];

/// What became of a row between the two ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// There in the later range only.
    New,
    /// There before, and not at the end.
    Gone,
    /// There before, and all that is there now began since.
    Restarted,
    /// Began after the earlier range and ended before the end of the later one.
    Passed,
}

/// What became of a row that has a start where it was there at the end of the earlier range (`was`) and of the later (`is`).
fn mark(row: &Row, was: Option<f64>, is: Option<f64>, same: impl Fn(f64, f64) -> bool) -> Option<Mark> {
    let used = |figures: &Figures| figures.iter().any(|figure| *figure > 0.0);
    match (was, is) {
        (None, Some(_)) if !used(&row.before) => Some(Mark::New),
        (None, None) if !used(&row.before) => Some(Mark::Passed),
        (_, None) => Some(Mark::Gone),
        (Some(was), Some(is)) if !same(was, is) => Some(Mark::Restarted),
        (None | Some(_), Some(_)) => None,
    }
}

/// A group or a process in both ranges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The group; for a process, the group that it is in.
    pub(super) group: String,
    /// The pid of a process.
    pub(super) pid: Option<String>,
    /// What a process is called.
    pub(super) name: String,
    /// The start of a process in Unix seconds.
    pub(super) start: Option<f64>,
    pub(super) mark: Option<Mark>,
    pub(super) before: Figures,
    pub(super) now: Figures,
}

impl Row {
    /// How much a figure went up or down.
    pub(super) fn change(&self, figure: usize) -> f64 {
        self.now[figure] - self.before[figure]
    }
}

/// Rows that are shown of each table.
pub(super) const ROWS: usize = 40;

/// Puts the largest differences first and leaves out what did nothing.
fn ranked(mut rows: Vec<Row>, sort: Sort) -> Vec<Row> {
    let figure = SORTS.iter().position(|(_, other)| *other == sort).unwrap_or(0);
    rows.retain(|row| row.mark.is_some() || (0..SORTS.len()).any(|figure| row.change(figure) != 0.0));
    rows.sort_by(|a, b| {
        b.change(figure)
            .abs()
            .total_cmp(&a.change(figure).abs())
            .then_with(|| a.group.cmp(&b.group))
            .then_with(|| a.pid.cmp(&b.pid))
    });
    rows
}

/// Asks the same of the end of the range and of its beginning, where the time before ends.
async fn both(client: &Client, view: &ChangesView, queries: &[String]) -> Result<[Vec<Vec<Sample>>; 2], Error> {
    let span = view.frame.span;
    let at = |moment| try_join_all(queries.iter().map(move |query| client.instant(query, moment)));
    let (before, now) = tokio::try_join!(at(span.start_ms), at(span.end_ms))?;
    Ok([before, now])
}

/// The three figures of a family, by labels.
fn figures(view: &ChangesView, prefix: &str, by: &str) -> [String; 3] {
    let (matcher, window) = (view.matcher(), duration_text(view.frame.span.length_ms()));
    let over =
        |function: &str, metric: &str| format!("sum by ({by}) ({function}({prefix}_{metric}{{{matcher}}}[{window}]))");
    let (reads, writes) = (over("rate", "read_bytes_total"), over("rate", "written_bytes_total"));
    [over("rate", "cpu_seconds_total"), over("avg_over_time", "resident_memory_bytes"), format!("{reads} + {writes}")]
}

/// The groups of the host, the largest difference first.
pub(super) async fn groups(client: &Client, view: &ChangesView) -> Result<Vec<Row>, Error> {
    let mut queries: Vec<String> = figures(view, "proc_group", "group").into();
    queries.push(format!("max by (group) (proc_group_oldest_start_time_seconds{{{}}})", view.matcher()));
    let [mut before, mut now] = both(client, view, &queries).await?;
    let (was, is) = (before.pop().unwrap_or_default(), now.pop().unwrap_or_default());
    let group = |labels: &Labels| labels.get("group").cloned().unwrap_or_default();
    let oldest = |samples: Vec<Sample>| -> HashMap<String, f64> {
        samples.into_iter().map(|sample| (group(&sample.labels), sample.point.value)).collect()
    };
    let (was, is) = (oldest(was), oldest(is));
    let rows = joined(before, now, group, |group| Row { group: group.clone(), ..nobody() });
    let rows = rows.into_iter().map(|(name, row)| {
        let began_before = |_, start: f64| start * 1000.0 <= view.frame.span.start_ms as f64;
        let mark = mark(&row, was.get(&name).copied(), is.get(&name).copied(), began_before);
        Row { mark, ..row }
    });
    Ok(ranked(rows.collect(), view.sort))
}

/// The processes of the host, the largest difference first.
pub(super) async fn processes(client: &Client, view: &ChangesView) -> Result<Vec<Row>, Error> {
    let mut queries: Vec<String> = figures(view, "proc", "pid, group").into();
    queries.push(format!("proc_start_time_seconds{{{}}}", view.matcher()));
    let [mut before, mut now] = both(client, view, &queries).await?;
    let (was, is) = (before.pop().unwrap_or_default(), now.pop().unwrap_or_default());
    let key = |labels: &Labels| {
        let label = |name| labels.get(name).cloned().unwrap_or_default();
        (label("group"), label("pid"))
    };
    let starts = |samples: Vec<Sample>| -> HashMap<(String, String), f64> {
        samples.into_iter().map(|sample| (key(&sample.labels), sample.point.value)).collect()
    };
    let (was, is) = (starts(was), starts(is));
    let rows = joined(before, now, key, |(group, pid)| Row {
        group: group.clone(),
        pid: Some(pid.clone()),
        name: group.clone(),
        ..nobody()
    });
    let rows = rows.into_iter().map(|(key, row)| {
        // A pid that was used again is another process, in the same row.
        let same = |was: f64, is: f64| (was - is).abs() < 2.0;
        let mark = mark(&row, was.get(&key).copied(), is.get(&key).copied(), same);
        Row { mark, start: is.get(&key).or(was.get(&key)).copied(), ..row }
    });
    let mut rows = ranked(rows.collect(), view.sort);
    rows.truncate(ROWS);
    name(client, view, &mut rows).await?;
    Ok(rows)
}

/// Adds the names that `proc_info` has for these processes, at the end of the range or where they ended.
async fn name(client: &Client, view: &ChangesView, rows: &mut [Row]) -> Result<(), Error> {
    let pids: Vec<&str> = rows.iter().filter_map(|row| row.pid.as_deref()).collect();
    if pids.is_empty() {
        return Ok(());
    }
    let these = crate::query::promql::any_of(pids);
    let window = duration_text(view.frame.span.length_ms());
    let query = format!("last_over_time(proc_info{{{},pid=~{these}}}[{window}])", view.matcher());
    let [before, now] = both(client, view, std::slice::from_ref(&query)).await?;
    for sample in before.into_iter().chain(now).flatten() {
        let label = |name: &str| sample.labels.get(name).map_or("", String::as_str);
        for row in rows.iter_mut().filter(|row| row.pid.as_deref() == Some(label("pid")) && row.group == label("group"))
        {
            label("name").clone_into(&mut row.name);
        }
    }
    Ok(())
}

fn nobody() -> Row {
    Row {
        group: String::new(),
        pid: None,
        name: String::new(),
        start: None,
        mark: None,
        before: Figures::default(),
        now: Figures::default(),
    }
}

/// One row for each key that has a figure in either range.
fn joined<K: Ord>(
    before: Vec<Vec<Sample>>,
    now: Vec<Vec<Sample>>,
    key: impl Fn(&Labels) -> K,
    row: impl Fn(&K) -> Row,
) -> BTreeMap<K, Row> {
    let mut rows: BTreeMap<K, Row> = BTreeMap::new();
    let mut add = |answers: Vec<Vec<Sample>>, side: fn(&mut Row) -> &mut Figures| {
        for (figure, samples) in answers.into_iter().enumerate() {
            for sample in samples.into_iter().filter(|sample| sample.point.value.is_finite()) {
                let key = key(&sample.labels);
                let new = row(&key);
                side(rows.entry(key).or_insert(new))[figure] = sample.point.value;
            }
        }
    };
    add(before, |row| &mut row.before);
    add(now, |row| &mut row.now);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Point;

    #[test]
    fn rows_say_what_became_of_them() {
        let row = |before: f64| Row { before: [before, 0.0, 0.0], ..nobody() };
        let same = |was: f64, is: f64| was == is;
        for (before, was, is, expected) in [
            (0.0, None, Some(1.0), Some(Mark::New)),
            (0.0, None, None, Some(Mark::Passed)),
            (1.0, Some(1.0), None, Some(Mark::Gone)),
            (1.0, None, None, Some(Mark::Gone)),
            (1.0, Some(1.0), Some(2.0), Some(Mark::Restarted)),
            (1.0, Some(1.0), Some(1.0), None),
            (1.0, None, Some(1.0), None),
        ] {
            assert_eq!(mark(&row(before), was, is, same), expected, "{before} {was:?} {is:?}");
        }
    }

    #[test]
    fn the_largest_difference_is_first() {
        let sample = |group: &str, value| Sample {
            labels: [("group".to_owned(), group.to_owned())].into(),
            point: Point { at_ms: 0, value },
        };
        let before = vec![vec![sample("a", 1.0), sample("b", 2.0), sample("c", 5.0)], vec![sample("b", 10.0)], vec![]];
        let now = vec![vec![sample("a", 1.5), sample("c", 5.0), sample("d", f64::NAN)], vec![sample("a", 3.0)], vec![]];
        let rows =
            joined(before, now, |labels| labels["group"].clone(), |group| Row { group: group.clone(), ..nobody() });
        let rows: Vec<Row> = rows.into_values().collect();
        let names = |rows: Vec<Row>| rows.into_iter().map(|row| row.group).collect::<Vec<_>>().concat();
        // c did the same as before, and d is not known.
        assert_eq!(names(ranked(rows.clone(), Sort::Cpu)), "ba");
        assert_eq!(names(ranked(rows.clone(), Sort::Memory)), "ba");
        let b = &ranked(rows, Sort::Cpu)[0];
        assert_eq!((b.change(0), b.change(1), b.change(2)), (-2.0, -10.0, 0.0));
    }
}
