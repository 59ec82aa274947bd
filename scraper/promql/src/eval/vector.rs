//! Instant vectors: a column per series.

use super::selector::{self, Take};
use super::{Column, Context, Grid, is_absent, merge, scalar};
use crate::Error;
use crate::aggregate::aggregate;
use crate::binary;
use crate::expr::Vector;
use crate::functions::{absent, histogram, info, label, range, sort};
use procession_openmetrics::Labels;

pub(crate) fn evaluate(context: &Context<'_>, expr: &Vector, grid: &Grid) -> Result<Vec<Column>, Error> {
    context.node(
        || expr.name(),
        || node(context, expr, grid),
        |columns| (columns.len(), columns.iter().map(Column::len).sum()),
    )
}

fn node(context: &Context<'_>, expr: &Vector, grid: &Grid) -> Result<Vec<Column>, Error> {
    if grid.len() == 0 {
        return Ok(Vec::new());
    }
    match expr {
        Vector::Selector(s) => selector::evaluate(context, s, Take::Value, grid),
        Vector::FromScalar(s) => {
            let values = scalar::evaluate(context, s, grid)?;
            Ok(Column::starting_at(Labels::empty(), false, 0, &values).into_iter().collect())
        }
        Vector::Negate(inner) => map(evaluate(context, inner, grid)?, |v| -v),
        Vector::Map { function, argument } => map(evaluate(context, argument, grid)?, function),
        Vector::Timestamp(argument) => match &**argument {
            Vector::Selector(s) => map(selector::evaluate(context, s, Take::Timestamp, grid)?, |v| v),
            other => with_steps(evaluate(context, other, grid)?, |step, _| grid.time(step) as f64 / 1000.0),
        },
        Vector::Clamp { argument, min, max } => {
            let (min, max) = (scalar::evaluate(context, min, grid)?, scalar::evaluate(context, max, grid)?);
            with_steps(evaluate(context, argument, grid)?, |step, v| clamp(v, min[step], max[step]))
        }
        Vector::Round { argument, to_nearest } => {
            let to_nearest = scalar::evaluate(context, to_nearest, grid)?;
            with_steps(evaluate(context, argument, grid)?, |step, v| {
                // The inverse, as Prometheus does it: it rounds 0.1s better.
                let inverse = 1.0 / to_nearest[step];
                (v * inverse + 0.5).floor() / inverse
            })
        }
        Vector::OverRange { function, range } => range::over_range(context, function, range, grid),
        Vector::Absent { argument, labels } => Ok(absent::absent(&evaluate(context, argument, grid)?, labels, grid)),
        Vector::AbsentOverTime { range, labels } => absent::absent_over_time(context, range, labels, grid),
        Vector::Info(info) => {
            let columns = evaluate(context, &info.argument, grid)?;
            let times = selector::evaluate(context, &info.selector, Take::Timestamp, grid)?;
            info::enrich(context, info, columns, &times, grid)
        }
        Vector::LabelReplace(replace) => merge(label::replace(replace, evaluate(context, &replace.argument, grid)?)),
        Vector::LabelJoin(join) => merge(label::join(join, evaluate(context, &join.argument, grid)?)),
        Vector::Sort { argument, by, descending } => {
            Ok(sort::sort(context, evaluate(context, argument, grid)?, by, *descending, grid))
        }
        Vector::HistogramQuantile { quantile, argument } => {
            let q = scalar::evaluate(context, quantile, grid)?;
            histogram::quantile(context, &q, evaluate(context, argument, grid)?, grid)
        }
        Vector::HistogramQuantiles { quantiles, label, argument } => {
            let q = quantiles.iter().map(|q| scalar::evaluate(context, q, grid)).collect::<Result<Vec<_>, _>>()?;
            histogram::quantiles(context, &q, label, evaluate(context, argument, grid)?, grid)
        }
        Vector::HistogramFraction { lower, upper, argument } => {
            let (lower, upper) = (scalar::evaluate(context, lower, grid)?, scalar::evaluate(context, upper, grid)?);
            histogram::fraction(context, [&lower, &upper], evaluate(context, argument, grid)?, grid)
        }
        Vector::Aggregate { op, grouping, argument } => {
            aggregate(context, op, grouping, evaluate(context, argument, grid)?, grid)
        }
        Vector::WithScalar(with) => {
            let scalar = scalar::evaluate(context, &with.scalar, grid)?;
            Ok(binary::with_scalar(with, evaluate(context, &with.vector, grid)?, &scalar))
        }
        Vector::Binary(b) => {
            let sides = [evaluate(context, &b.left, grid)?, evaluate(context, &b.right, grid)?];
            binary::match_vectors(context, b.op, &b.matching, b.return_bool, sides, grid)
        }
        Vector::Set(s) => {
            let (left, right) = (evaluate(context, &s.left, grid)?, evaluate(context, &s.right, grid)?);
            binary::combine(s.op, left, right, &s.on, grid)
        }
    }
}

fn map(columns: Vec<Column>, f: impl Fn(f64) -> f64) -> Result<Vec<Column>, Error> {
    Ok(columns.into_iter().map(|c| c.map(&f)).collect())
}

/// Like `map` with the step; absent results are left out.
fn with_steps(columns: Vec<Column>, f: impl Fn(usize, f64) -> f64) -> Result<Vec<Column>, Error> {
    let change = |mut column: Column| {
        column.drop_name = true;
        let first = column.first();
        for (i, value) in column.values_mut().iter_mut().enumerate().filter(|(_, v)| !is_absent(**v)) {
            *value = f(first + i, *value);
        }
        column.trimmed()
    };
    Ok(columns.into_iter().filter_map(change).collect())
}

/// NaN where any of them is, nothing where the bounds cross.
fn clamp(value: f64, min: f64, max: f64) -> f64 {
    if max < min {
        super::ABSENT
    } else if value.is_nan() || min.is_nan() || max.is_nan() {
        f64::NAN
    } else {
        greater(min, less(max, value))
    }
}

/// Of two zeros the positive one, as Go's `math.Max`.
fn greater(a: f64, b: f64) -> f64 {
    if a > b || (a == b && b.is_sign_negative()) { a } else { b }
}

/// Of two zeros the negative one, as Go's `math.Min`.
fn less(a: f64, b: f64) -> f64 {
    if a < b || (a == b && a.is_sign_negative()) { a } else { b }
}
