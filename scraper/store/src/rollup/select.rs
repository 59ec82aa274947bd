//! Queries from rows where there are any, and from samples elsewhere.

use super::days::Day;
use super::fold::{Row, decode};
use super::{WIDTHS_MS, cost};
use crate::head::Shared;
use crate::query::{self, Parts, assemble};
use crate::{Error, Options};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use procession_openmetrics::Labels;
use procession_promql::{Selection, SeriesSet, Windows};

/// How many parts a row has at most, beside those that are counted as samples.
const PARTS: usize = 11;

/// What is asked for, where rows can answer some of it.
pub(crate) fn select_windows(
    shared: &Shared,
    selection: &Selection,
    windows: &Windows,
    options: &Options,
) -> Result<Option<SeriesSet>, Error> {
    let (limit, threads) = (options.max_selected_samples, options.read_threads);
    let wide_ms = windows.width_ms();
    let Some(at) = WIDTHS_MS.iter().position(|width| wide_ms > 0 && wide_ms % width == 0) else { return Ok(None) };
    let within = |(a, b): &(i64, i64)| {
        let (a, b) = ((*a).max(selection.start_ms), (*b).min(selection.end_ms));
        (a < b).then_some((a, b))
    };
    let stretches = |is_wanted: &dyn Fn(&Day) -> bool| -> Vec<(i64, i64)> {
        let hot = shared.queue.lock().times.hot_days();
        let stretches = shared.rollups.days.read().stretches(|day, about| !hot.has(day) && is_wanted(about));
        stretches.iter().filter_map(within).collect()
    };
    let mut used = stretches(&|_| true);
    let (Some(first), Some(last)) = (used.first(), used.last()) else { return Ok(None) };
    // A row lies at the beginning of its stretch, which may be before what is asked for.
    let hull = |first_ms: i64, last_ms: i64| Selection {
        start_ms: first_ms.div_euclid(WIDTHS_MS[at]) * WIDTHS_MS[at],
        end_ms: last_ms,
        ..selection.clone()
    };
    let of_rows = hull(first.0, last.1);

    let rows = resolve(shared, &of_rows, at).and_then(|(parts, labels)| {
        let has_all = shared.rollups.has_all_samples && shared.blocks.count_set_aside() == 0;
        let share = cost::share_of_samples(&shared.rollups, at, &parts, &shared.blocks, &used);
        if has_all && share > options.rollup_share {
            used = stretches(&|day| day.samples_gone);
            if used.is_empty() {
                return Ok(None);
            }
        }
        let of_rows = used.first().zip(used.last()).map_or(of_rows.clone(), |(first, last)| hull(first.0, last.1));
        let all = parts.read(&of_rows, limit.saturating_mul(PARTS), threads)?;
        Ok(Some(assemble(all, labels)))
    });
    let rows = match rows {
        Ok(Some(rows)) => rows,
        Ok(None) => return Ok(None),
        Err(Error::Block { number, message, damaged: true, .. }) => {
            // From now on the samples answer, as far as they are there.
            shared.rollups.set_aside(at, number, &message);
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut sets: Vec<SeriesSet> = Vec::new();
    let mut left = limit.saturating_sub(rows.sample_count() / PARTS);
    for gap in gaps((selection.start_ms, selection.end_ms), &used) {
        let selection = Selection { start_ms: gap.0, end_ms: gap.1, ..selection.clone() };
        let set = query::select(shared, &selection, left, threads)?;
        left = left.saturating_sub(set.sample_count());
        sets.push(set);
    }
    Ok(Some(join(&rows, &used, &sets, WIDTHS_MS[at], windows)))
}

/// Where the rows of the series are, and the labels of the series.
fn resolve(shared: &Shared, selection: &Selection, at: usize) -> Result<(Parts, Vec<Labels>), Error> {
    let blocks = &shared.rollups.blocks[at];
    let mut labels = Vec::new();
    let parts = Parts::resolve(blocks, &blocks.list(), selection, &mut labels)?;
    Ok((parts, labels))
}

/// What the stretches leave of `(start, end]`; they ascend and lie within.
fn gaps((start_ms, end_ms): (i64, i64), stretches: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut gaps = Vec::new();
    let mut at = start_ms;
    for &(a, b) in stretches {
        if at < a {
            gaps.push((at, a));
        }
        at = b;
    }
    if at < end_ms {
        gaps.push((at, end_ms));
    }
    gaps
}

/// One thing of a series, by its time.
enum Piece<'a> {
    Row(Row),
    Samples(&'a [i64], &'a [f64]),
}

fn join(rows: &SeriesSet, stretches: &[(i64, i64)], sets: &[SeriesSet], width_ms: i64, windows: &Windows) -> SeriesSet {
    let mut places: HashMap<&Labels, usize, RandomState> = HashMap::default();
    let mut all: Vec<(&Labels, Vec<(i64, Piece<'_>)>)> = Vec::new();
    let mut place = |labels, all: &mut Vec<(_, Vec<_>)>| {
        *places.entry(labels).or_insert_with(|| {
            all.push((labels, Vec::new()));
            all.len() - 1
        })
    };
    for series in rows.iter() {
        let at = place(series.labels, &mut all);
        for row in decode(series.timestamps, series.values, width_ms) {
            let is_used = stretches.iter().any(|(a, b)| row.end_ms > *a && row.end_ms <= *b);
            if is_used && is_looked_at(row.end_ms, windows) {
                all[at].1.push((row.end_ms, Piece::Row(row)));
            }
        }
    }
    for series in sets.iter().flat_map(SeriesSet::iter) {
        let at = place(series.labels, &mut all);
        if let Some(&first) = series.timestamps.first() {
            all[at].1.push((first, Piece::Samples(series.timestamps, series.values)));
        }
    }
    let mut set = SeriesSet::default();
    for (labels, mut pieces) in all {
        pieces.sort_by_key(|(at, _)| *at);
        for (_, piece) in pieces {
            match piece {
                Piece::Row(row) => {
                    let (newest_ms, value) = row.newest();
                    if windows.newest {
                        set.push_sample(newest_ms, value);
                    } else {
                        set.push_fold(newest_ms, value, row.fold);
                    }
                }
                Piece::Samples(timestamps, values) => set.push_samples(timestamps, values),
            }
        }
        set.finish_series(labels.clone());
    }
    set
}

/// Whether a stretch that ends here is in one of the windows.
fn is_looked_at(end_ms: i64, windows: &Windows) -> bool {
    windows.spaced.is_none_or(|spaced| (spaced.end_ms - end_ms).rem_euclid(spaced.step_ms) < spaced.range_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use procession_promql::Spaced;

    #[test]
    fn what_is_left_is_read_from_samples() {
        assert_eq!(gaps((0, 10), &[]), [(0, 10)]);
        assert_eq!(gaps((0, 10), &[(0, 10)]), []);
        assert_eq!(gaps((0, 10), &[(2, 4), (6, 10)]), [(0, 2), (4, 6)]);
    }

    #[test]
    fn windows_far_apart_need_few_rows() {
        let spaced = Some(Spaced { end_ms: 100, step_ms: 60, range_ms: 10 });
        let windows = Windows { align_ms: 5, spaced, newest: false };
        let used: Vec<i64> = (0..=32).map(|n| n * 5).filter(|end| is_looked_at(*end, &windows)).collect();
        assert_eq!(used, [35, 40, 95, 100, 155, 160]);
    }
}
