//! `and`, `or`, `unless`: which elements stay, by the match groups of the other side.

use crate::Error;
use crate::aggregate::{Grouping, Signatures};
use crate::eval::{ABSENT, Column, Grid, is_absent, merge};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOp {
    And,
    Or,
    Unless,
}

pub(crate) fn combine(
    op: SetOp,
    left: Vec<Column>,
    right: Vec<Column>,
    on: &Grouping,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    match op {
        SetOp::And => Ok(keep_where(left, &right, on, grid, true)),
        SetOp::Unless => Ok(keep_where(left, &right, on, grid, false)),
        SetOp::Or => {
            let added = keep_where(right, &left, on, grid, false);
            let mut all = left;
            all.extend(added);
            merge(all)
        }
    }
}

/// Keeps the values of steps at which the other side has (or has not) an element of the same match group.
fn keep_where(columns: Vec<Column>, other: &[Column], on: &Grouping, grid: &Grid, has: bool) -> Vec<Column> {
    let mut signatures = Signatures::new(on);
    let groups: Vec<usize> = columns.iter().map(|c| signatures.number(&c.labels)).collect();
    let known = signatures.len();
    // Only match groups that both sides have need their steps.
    let mut present: Vec<Option<Vec<bool>>> = vec![None; known];
    for column in other {
        let group = signatures.number(&column.labels);
        if group < known {
            let steps = present[group].get_or_insert_with(|| vec![false; grid.len()]);
            column.present().for_each(|(step, _)| steps[step] = true);
        }
    }
    let keep = |(mut column, group): (Column, usize)| match &present[group] {
        None => (!has).then_some(column),
        Some(steps) => {
            let first = column.first();
            for (i, value) in column.values_mut().iter_mut().enumerate() {
                if !is_absent(*value) && steps[first + i] != has {
                    *value = ABSENT;
                }
            }
            column.trimmed()
        }
    };
    columns.into_iter().zip(groups).filter_map(keep).collect()
}
