//! `sum`, `topk` and the other aggregations.

mod count_values;
mod fold;
mod grouping;
mod limit_ratio;
mod rank;

pub(crate) use grouping::{Grouping, Signatures};

use crate::Error;
use crate::eval::{Column, Context, Grid, scalar};
use crate::expr::AggregateOp;
use crate::number::format_short;
use grouping::Groups;

/// Aggregates columns. Results stand in the order of their groups' first members.
pub(crate) fn aggregate(
    context: &Context<'_>,
    op: &AggregateOp,
    grouping: &Grouping,
    columns: Vec<Column>,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    match op {
        AggregateOp::Sum => each_group(context, grouping, &columns, fold::sum),
        AggregateOp::Avg => each_group(context, grouping, &columns, fold::avg),
        AggregateOp::Count => each_group(context, grouping, &columns, fold::count),
        AggregateOp::Group => each_group(context, grouping, &columns, fold::group),
        AggregateOp::Min => each_group(context, grouping, &columns, fold::min),
        AggregateOp::Max => each_group(context, grouping, &columns, fold::max),
        AggregateOp::Stdvar => each_group(context, grouping, &columns, fold::stdvar),
        AggregateOp::Stddev => each_group(context, grouping, &columns, fold::stddev),
        AggregateOp::Quantile(q) => {
            let q = scalar::evaluate(context, q, grid)?;
            q.iter().for_each(|q| crate::functions::quantile::warn_unless_valid(context, *q));
            each_group(context, grouping, &columns, |members, first, out| fold::quantile(members, &q, first, out))
        }
        AggregateOp::TopK(k) | AggregateOp::BottomK(k) | AggregateOp::LimitK(k) => {
            let k = scalar::evaluate(context, k, grid)?;
            match limits(&k)? {
                Some(k) => {
                    let groups = grouping.groups(&columns);
                    let choice = match op {
                        AggregateOp::TopK(_) => rank::Choice::Highest,
                        AggregateOp::BottomK(_) => rank::Choice::Lowest,
                        _ => rank::Choice::First,
                    };
                    rank::choose(context, choice, &k, &groups, columns, grid)
                }
                None => Ok(Vec::new()),
            }
        }
        AggregateOp::LimitRatio(ratio) => {
            let ratio = scalar::evaluate(context, ratio, grid)?;
            limit_ratio::choose(context, &ratio, columns)
        }
        AggregateOp::CountValues(label) => count_values::count_values(context, label, grouping, &columns, grid),
    }
}

/// The parameter of `topk` and its kin as counts, `None` where nothing is asked for at any step.
fn limits(k: &[f64]) -> Result<Option<Vec<usize>>, Error> {
    let fold = |f: fn(f64, f64) -> f64| k.iter().copied().fold(f64::NAN, f);
    let (min, max) = (fold(f64::min), fold(f64::max));
    if max < 1.0 {
        return Ok(None);
    }
    if k.iter().any(|k| k.is_nan()) {
        return Err(Error::Execution("Parameter value is NaN".to_owned()));
    }
    if min <= i64::MIN as f64 {
        return Err(Error::Execution(format!("Scalar value {} underflows int64", format_short(min))));
    }
    if max >= i64::MAX as f64 {
        return Err(Error::Execution(format!("Scalar value {} overflows int64", format_short(max))));
    }
    Ok(Some(k.iter().map(|k| (*k).max(0.0) as usize).collect()))
}

/// Folds the members of each group into one column. The function gets the members, the step of `out[0]`, and `out`
/// filled with absence.
fn each_group(
    context: &Context<'_>,
    grouping: &Grouping,
    columns: &[Column],
    mut fold: impl FnMut(&[&Column], usize, &mut [f64]),
) -> Result<Vec<Column>, Error> {
    let Groups { members, .. } = grouping.groups(columns);
    let mut results = Vec::with_capacity(members.len());
    let mut out = Vec::new();
    for members in &members {
        context.check()?;
        let members: Vec<&Column> = members.iter().map(|i| &columns[*i]).collect();
        let first = members.iter().map(|c| c.first()).min().unwrap_or(0);
        let end = members.iter().map(|c| c.end()).max().unwrap_or(0);
        out.clear();
        out.resize(end - first, crate::eval::ABSENT);
        fold(&members, first, &mut out);
        let labels = grouping.labels(&members[0].labels);
        let drop_name = members.iter().any(|c| c.drop_name);
        if let Some(column) = Column::starting_at(labels, drop_name, first, &out) {
            context.grow(column.len())?;
            results.push(column);
        }
    }
    Ok(results)
}
