//! `sort` and `sort_by_label`: the order of an instant's answer. Over several steps it means nothing.

use super::natural_order;
use crate::eval::{Column, Context, Grid};
use crate::expr::SortBy;
use std::cmp::Ordering;

pub(crate) fn sort(
    context: &Context<'_>,
    mut columns: Vec<Column>,
    by: &SortBy,
    descending: bool,
    grid: &Grid,
) -> Vec<Column> {
    if grid.len() != 1 {
        context.warn(format_args!("sort is ineffective for range queries since results are always ordered by labels"));
        return columns;
    }
    match by {
        SortBy::Value => columns.sort_by(|a, b| by_value(a.at(0), b.at(0), descending)),
        SortBy::Labels(names) => columns.sort_by(|a, b| {
            let order = by_labels(names, a, b);
            if descending { order.reverse() } else { order }
        }),
    }
    columns
}

/// NaN last either way.
fn by_value(a: f64, b: f64, descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) if descending => b.partial_cmp(&a).unwrap_or(Ordering::Equal),
        (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    }
}

fn by_labels(names: &[String], a: &Column, b: &Column) -> Ordering {
    let value = |column: &Column, name: &str| column.labels.get(name).unwrap_or("").to_owned();
    names
        .iter()
        .map(|name| natural_order::compare(&value(a, name), &value(b, name)))
        .find(|order| *order != Ordering::Equal)
        .unwrap_or_else(|| a.labels.cmp(&b.labels))
}
