//! Evaluation: a checked query, fetched columns, a grid of instants.

mod column;
mod context;
mod grid;
mod parallel;
pub(crate) mod range;
pub(crate) mod scalar;
mod selector;
mod vector;

pub(crate) use column::{ABSENT, Column, drop_metadata, is_absent, merge};
pub(crate) use context::{Context, check, check_series};
pub(crate) use grid::{Asked, Grid, Window, too_many_samples};

use crate::expr::{Expr, Range};
use crate::plan::{Fetched, Plan};
use crate::{Error, Options, Outcome, Point, Query, Select, SeriesSet, Value};
use procession_openmetrics::Labels;
use std::cell::Cell;
use std::time::Instant;

/// Evaluates a query at one instant.
///
/// # Errors
/// What [`Error`] lists but the first two kinds.
pub fn instant(query: &Query, at_ms: i64, source: &dyn Select, options: &Options) -> Result<Outcome, Error> {
    let asked = Asked { start_ms: at_ms, end_ms: at_ms, step_ms: 0 };
    run(query, Grid::instant(at_ms), asked, source, options)
}

/// Evaluates a query at `start_ms`, `start_ms + step_ms` and so on up to `end_ms`. The answer is a matrix.
///
/// # Errors
/// What [`Error`] lists; [`Error::Parse`] for a query whose type has no range and for a step that is not positive.
pub fn range(
    query: &Query,
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
    source: &dyn Select,
    options: &Options,
) -> Result<Outcome, Error> {
    let refuse = |message: String| Err(Error::Parse { message, position: None });
    if step_ms <= 0 {
        return refuse("zero or negative query resolution step widths are not accepted".to_owned());
    }
    if matches!(query.expr, Expr::Range(_) | Expr::String(_)) {
        let got = query.result_type().documented();
        return refuse(format!("invalid expression type {got:?} for range query, must be Scalar or instant Vector"));
    }
    refuse_far(start_ms, end_ms)?;
    let grid = Grid::range(start_ms, end_ms, step_ms, options.max_samples)?;
    run(query, grid, Asked { start_ms, end_ms, step_ms }, source, options)
}

/// No time of a query lies further from the epoch, in milliseconds, so that sums with offsets and ranges never overflow.
const FURTHEST_MS: i64 = i64::MAX / 8;

fn refuse_far(start_ms: i64, end_ms: i64) -> Result<(), Error> {
    if [start_ms, end_ms].iter().any(|ms| ms.unsigned_abs() > FURTHEST_MS as u64) {
        return Err(Error::Execution("the time is out of range".to_owned()));
    }
    Ok(())
}

fn run(query: &Query, grid: Grid, asked: Asked, source: &dyn Select, options: &Options) -> Result<Outcome, Error> {
    refuse_far(asked.start_ms, asked.end_ms)?;
    let began = Instant::now();
    let plan = Plan::new(query, &grid, &asked, options)?;
    let planning = began.elapsed();
    let fetched = Fetched::fetch(&plan, source, options)?;
    let context = Context::new(options, &fetched, asked);
    let value = evaluate(&context, &query.expr, &grid)?;
    Ok(context.outcome(value, planning))
}

fn is_instant(context: &Context<'_>) -> bool {
    context.asked.step_ms == 0
}

fn evaluate(context: &Context<'_>, expr: &Expr, grid: &Grid) -> Result<Value, Error> {
    let timestamp_ms = grid.start_ms();
    match expr {
        Expr::String(value) => Ok(Value::String { timestamp_ms, value: value.clone() }),
        Expr::Scalar(s) => {
            let values = scalar::evaluate(context, s, grid)?;
            match values.first() {
                Some(value) if is_instant(context) => Ok(Value::Scalar { timestamp_ms, value: *value }),
                _ => Ok(Value::Matrix(matrix(
                    Column::starting_at(Labels::empty(), false, 0, &values).into_iter().collect(),
                    grid,
                ))),
            }
        }
        Expr::Vector(v) => {
            let columns: Vec<Column> = vector::evaluate(context, v, grid)?.into_iter().map(Column::finished).collect();
            let columns = merge(columns)?;
            if !is_instant(context) {
                return Ok(Value::Matrix(matrix(columns, grid)));
            }
            let point = |c: Column| Point { value: c.at(0), labels: c.labels, timestamp_ms };
            Ok(Value::Vector(columns.into_iter().map(point).collect()))
        }
        Expr::Range(Range::Subquery(subquery)) => {
            let (columns, inner) = range::evaluate_subquery(context, subquery, grid)?;
            let columns = merge(columns.into_iter().map(Column::finished).collect())?;
            Ok(Value::Matrix(matrix(columns, &inner)))
        }
        Expr::Range(range) => raw_samples(context, range, grid).map(Value::Matrix),
    }
}

/// The samples of a range selector as they were stored.
fn raw_samples(context: &Context<'_>, range: &Range, grid: &Grid) -> Result<SeriesSet, Error> {
    let mut set = SeriesSet::default();
    let window = range::window(context, range);
    let series = range::Series::of(context, range, grid)?;
    for samples in (0..series.len()).map(|i| series.samples(i)) {
        context.check()?;
        let windows = range::Windows {
            timestamps: &samples.timestamps,
            values: &samples.values,
            window,
            grid: *grid,
            seen: Cell::default(),
        };
        let mut count = 0;
        windows.each(|slice| {
            let samples = slice.first..slice.end;
            count += samples.len();
            set.push_samples(&windows.timestamps[samples.clone()], &windows.values[samples]);
        });
        context.grow(count)?;
        context.look_at(windows.seen.get());
        set.finish_series(samples.labels.clone());
    }
    Ok(set)
}

/// Sorted by labels, as Prometheus answers range queries.
fn matrix(mut columns: Vec<Column>, grid: &Grid) -> SeriesSet {
    columns.sort_by(|a, b| a.labels.cmp(&b.labels));
    let mut set = SeriesSet::default();
    set.reserve(columns.iter().map(|c| c.present().count()).sum());
    for column in columns {
        for (step, value) in column.present() {
            set.push_sample(grid.time(step), value);
        }
        set.finish_series(column.labels);
    }
    set
}
