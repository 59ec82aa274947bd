//! Scalars: one number per step.

use super::{Context, Grid, is_absent, vector};
use crate::Error;
use crate::expr::{QueryTime, Scalar};

pub(crate) fn evaluate(context: &Context<'_>, expr: &Scalar, grid: &Grid) -> Result<Vec<f64>, Error> {
    context.node(|| expr.name(), || node(context, expr, grid), |values| (1, values.len()))
}

fn node(context: &Context<'_>, expr: &Scalar, grid: &Grid) -> Result<Vec<f64>, Error> {
    Ok(match expr {
        Scalar::Number(value) => vec![*value; grid.len()],
        Scalar::Time => grid.times().map(|ms| ms as f64 / 1000.0).collect(),
        Scalar::OfQuery(time) => vec![of_query(context, *time); grid.len()],
        Scalar::Negate(inner) => {
            let mut values = evaluate(context, inner, grid)?;
            values.iter_mut().for_each(|v| *v = -*v);
            values
        }
        Scalar::Binary { op, left, right } => {
            let right = evaluate(context, right, grid)?;
            zip(evaluate(context, left, grid)?, &right, |a, b| op.apply(a, b))
        }
        Scalar::Extreme { max, left, right } => {
            let right = evaluate(context, right, grid)?;
            zip(evaluate(context, left, grid)?, &right, |a, b| extreme(*max, a, b))
        }
        Scalar::FromVector(inner) => {
            let columns = vector::evaluate(context, inner, grid)?;
            let mut values = vec![f64::NAN; grid.len()];
            let mut found = vec![false; grid.len()];
            for column in &columns {
                for (step, value) in column.present() {
                    debug_assert!(!is_absent(value));
                    values[step] = if std::mem::replace(&mut found[step], true) { f64::NAN } else { value };
                }
            }
            values
        }
    })
}

fn zip(mut left: Vec<f64>, right: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    left.iter_mut().zip(right).for_each(|(a, b)| *a = f(*a, *b));
    left
}

/// NaN where either is, as Go's `math.Max`.
fn extreme(max: bool, a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if max {
        a.max(b)
    } else {
        a.min(b)
    }
}

fn of_query(context: &Context<'_>, time: QueryTime) -> f64 {
    let asked = &context.asked;
    let ms = match time {
        QueryTime::Start => asked.start_ms,
        QueryTime::End => asked.end_ms,
        QueryTime::Range => asked.end_ms - asked.start_ms,
        QueryTime::Step => asked.step_ms,
    };
    ms as f64 / 1000.0
}
