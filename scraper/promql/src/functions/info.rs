//! `info`: labels of info metrics (`target_info` and such) added to the series of the same target.

use crate::Error;
use crate::eval::{ABSENT, Column, Context, Grid, is_absent, merge};
use crate::expr::Info;
use hashbrown::HashMap;
use procession_openmetrics::{Labels, METRIC_NAME};
use std::collections::BTreeMap;

/// What says that two series are of one target.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// An info metric's series of one target: at each step at most the newest of them counts.
type Candidates<'a> = Vec<&'a Column>;

/// `times` are the info series, whose values are the times of their samples.
pub(crate) fn enrich(
    context: &Context<'_>,
    info: &Info,
    columns: Vec<Column>,
    times: &[Column],
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let is_info = |c: &Column| info.names.iter().all(|m| m.matches(c.labels.metric_name()));
    let times = of_targets(&columns, times, is_info);
    let mut by_target: HashMap<[&str; 2], Vec<Candidates<'_>>, foldhash::fast::RandomState> = HashMap::default();
    for column in &times {
        let metrics = by_target.entry(target(&column.labels)).or_default();
        let name = column.labels.metric_name();
        match metrics.iter_mut().find(|m| m[0].labels.metric_name() == name) {
            Some(series) => series.push(column),
            None => metrics.push(vec![column]),
        }
    }
    for series in by_target.values().flatten().filter(|s| s.len() > 1) {
        refuse_equally_new(series, grid)?;
    }
    let mut results = Vec::new();
    for column in columns {
        context.check()?;
        if is_info(&column) {
            results.push(column);
            continue;
        }
        let metrics = by_target.get(&target(&column.labels)).map_or(&[][..], Vec::as_slice);
        enrich_one(info, &column, metrics, &mut results)?;
    }
    merge(results)
}

fn target(labels: &Labels) -> [&str; 2] {
    IDENTIFYING.map(|name| labels.get(name).unwrap_or(""))
}

/// The info series whose identifying labels occur among the series to be enriched.
fn of_targets<'a>(columns: &[Column], times: &'a [Column], is_info: impl Fn(&Column) -> bool) -> Vec<&'a Column> {
    let mut kept: Vec<&Column> = times.iter().collect();
    let mut any = false;
    for name in IDENTIFYING {
        let values: Vec<&str> = columns.iter().filter(|c| !is_info(c)).filter_map(|c| c.labels.get(name)).collect();
        if !values.is_empty() {
            any = true;
            kept.retain(|c| c.labels.get(name).is_some_and(|v| values.contains(&v)));
        }
    }
    if any { kept } else { Vec::new() }
}

fn refuse_equally_new(series: &[&Column], grid: &Grid) -> Result<(), Error> {
    for step in 0..grid.len() {
        let mut newest: Option<(&Column, f64)> = None;
        for column in series {
            let time = column.at(step);
            match newest {
                _ if is_absent(time) => {}
                Some((other, newest)) if newest == time => {
                    let at = (time * 1000.0) as i64;
                    return Err(Error::Execution(format!(
                        "found duplicate series for info metric: existing {} @ {at}, new {} @ {at}",
                        other.labels, column.labels
                    )));
                }
                Some((_, newest)) if newest > time => {}
                _ => newest = Some((column, time)),
            }
        }
    }
    Ok(())
}

/// At each step the labels may come from other info series, and make another series.
fn enrich_one(
    info: &Info,
    column: &Column,
    metrics: &[Candidates<'_>],
    results: &mut Vec<Column>,
) -> Result<(), Error> {
    let newest = |series: &Candidates<'_>, step: usize| -> Option<usize> {
        let there = series.iter().enumerate().map(|(i, c)| (i, c.at(step))).filter(|(_, t)| !is_absent(*t));
        there.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
    };
    let mut made: BTreeMap<Vec<Option<usize>>, Vec<f64>> = BTreeMap::new();
    for (step, value) in column.present() {
        let chosen: Vec<Option<usize>> = metrics.iter().map(|series| newest(series, step)).collect();
        let values = made.entry(chosen).or_insert_with(|| vec![ABSENT; column.len()]);
        values[step - column.first()] = value;
    }
    for (chosen, values) in made {
        let found: Vec<&Labels> = metrics.iter().zip(&chosen).filter_map(|(m, c)| Some(&m[(*c)?].labels)).collect();
        if found.is_empty() && !info.data.iter().all(|m| m.matches("")) {
            continue;
        }
        let labels = added(info, &column.labels, &found)?;
        results.extend(Column::starting_at(labels, column.drop_name, column.first(), &values));
    }
    Ok(())
}

/// The series' labels and those of the info metrics that it does not have; the latter must not contradict each other.
fn added(info: &Info, labels: &Labels, found: &[&Labels]) -> Result<Labels, Error> {
    let mut builder = labels.to_builder();
    let wanted = |name: &str| info.data.is_empty() || info.data.iter().any(|m| m.name == name);
    for (name, value) in found.iter().flat_map(|l| l.iter()).filter(|(n, _)| *n != METRIC_NAME && wanted(n)) {
        if labels.get(name).is_some() {
            continue;
        }
        if builder.get(name).is_some_and(|other| other != value) {
            return Err(Error::Execution(format!("conflicting label: {name}")));
        }
        builder.set(name, value);
    }
    Ok(builder.build())
}
