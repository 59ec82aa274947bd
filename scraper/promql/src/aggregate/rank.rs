//! `topk`, `bottomk`, `limitk`: at most k members of each group stay, at each step others.

use super::grouping::Groups;
use crate::Error;
use crate::eval::{ABSENT, Column, Context, Grid, is_absent};
use std::cmp::Ordering;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Highest,
    Lowest,
    /// In the order of the columns.
    First,
}

/// Highest (or lowest) first, NaN last, equal ones in the order of the columns.
fn order(choice: Choice, a: &(f64, usize), b: &(f64, usize)) -> Ordering {
    let by_value = match choice {
        Choice::First => Ordering::Equal,
        _ if a.0.is_nan() || b.0.is_nan() => a.0.is_nan().cmp(&b.0.is_nan()),
        Choice::Highest => b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal),
        Choice::Lowest => a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal),
    };
    by_value.then(a.1.cmp(&b.1))
}

/// At one step the chosen columns come out ranked, group by group; over several the order means nothing.
pub(super) fn choose(
    context: &Context<'_>,
    choice: Choice,
    k: &[usize],
    groups: &Groups,
    columns: Vec<Column>,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let mut kept: Vec<Vec<f64>> = columns.iter().map(|c| vec![ABSENT; c.len()]).collect();
    context.grow(kept.iter().map(Vec::len).sum())?;
    let mut ranked = Vec::new();
    let mut candidates: Vec<(f64, usize)> = Vec::new();
    for members in &groups.members {
        for (step, &k) in k.iter().enumerate() {
            context.check_now_and_then(step)?;
            candidates.clear();
            candidates.extend(members.iter().map(|i| (columns[*i].at(step), *i)).filter(|(v, _)| !is_absent(*v)));
            let k = k.min(candidates.len());
            if k == 0 {
                continue;
            }
            if k < candidates.len() {
                candidates.select_nth_unstable_by(k - 1, |a, b| order(choice, a, b));
                candidates.truncate(k);
            }
            for &(value, i) in &candidates {
                kept[i][step - columns[i].first()] = value;
            }
            if grid.len() == 1 {
                candidates.sort_unstable_by(|a, b| order(choice, a, b));
                ranked.extend(candidates.iter().map(|(_, i)| *i));
            }
        }
    }
    let mut chosen: Vec<Option<Column>> = columns
        .into_iter()
        .zip(&kept)
        .map(|(c, kept)| Column::starting_at(c.labels.clone(), c.drop_name, c.first(), kept))
        .collect();
    if grid.len() == 1 {
        return Ok(ranked.into_iter().filter_map(|i| chosen[i].take()).collect());
    }
    Ok(chosen.into_iter().flatten().collect())
}
