//! `absent` and `absent_over_time`: one where there is nothing.

use crate::eval::range::{Series, Windows, window};
use crate::eval::{ABSENT, Column, Context, Grid};
use crate::expr::{Range, Selector, Vector};
use crate::{Error, MatchOp};
use procession_openmetrics::{Labels, LabelsBuilder, METRIC_NAME};
use std::cell::Cell;

/// The labels of `absent`'s result: what the selector asks for by equality, of anything else none.
pub(crate) fn labels_of_vector(argument: &Vector) -> Labels {
    match argument {
        Vector::Selector(s) => labels_of(s),
        _ => Labels::empty(),
    }
}

/// The same of `absent_over_time`.
pub(crate) fn labels_of_range(argument: &Range) -> Labels {
    match argument {
        Range::Selector { selector, .. } => labels_of(selector),
        Range::Subquery(_) => Labels::empty(),
    }
}

/// A label that is asked for twice is left out.
fn labels_of(selector: &Selector) -> Labels {
    let mut builder = LabelsBuilder::default();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in selector.matchers.iter().filter(|m| m.name != METRIC_NAME) {
        match &matcher.op {
            MatchOp::Equal(value) if !seen.contains(&matcher.name.as_str()) => {
                builder.set(&matcher.name, value);
                seen.push(&matcher.name);
            }
            _ => {
                builder.remove(&matcher.name);
            }
        }
    }
    builder.build()
}

pub(crate) fn absent(columns: &[Column], labels: &Labels, grid: &Grid) -> Vec<Column> {
    let mut out = vec![1.0; grid.len()];
    for (step, _) in columns.iter().flat_map(Column::present) {
        out[step] = ABSENT;
    }
    Column::starting_at(labels.clone(), false, 0, &out).into_iter().collect()
}

pub(crate) fn absent_over_time(
    context: &Context<'_>,
    range: &Range,
    labels: &Labels,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let mut out = vec![1.0; grid.len()];
    let window = window(context, range);
    let series = Series::of(context, range, grid)?;
    for samples in (0..series.len()).map(|i| series.samples(i)) {
        context.check()?;
        let windows = Windows {
            timestamps: &samples.timestamps,
            values: &samples.values,
            window,
            grid: *grid,
            seen: Cell::default(),
        };
        windows.each(|slice| out[slice.step] = ABSENT);
        context.look_at(windows.seen.get());
    }
    Ok(Column::starting_at(labels.clone(), true, 0, &out).into_iter().collect())
}
