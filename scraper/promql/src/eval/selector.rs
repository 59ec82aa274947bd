//! Instant selectors: the newest sample of each series that is not too old, at every step.

use super::grid::{Grid, Window};
use super::{ABSENT, Column, Context, parallel};
use crate::Error;
use crate::expr::Selector;
use crate::select::SeriesView;
use procession_openmetrics::is_stale;

/// What a step takes from its sample.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    Value,
    /// The sample's own time in seconds.
    Timestamp,
}

pub(super) fn evaluate(
    context: &Context<'_>,
    selector: &Selector,
    take: Take,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let window = Window::new(selector.shift, context.options.lookback_ms, &context.asked);
    let series: Vec<SeriesView<'_>> = context.fetched.series(selector).collect();
    let samples = series.iter().map(|s| s.values.len().max(grid.len())).sum();
    let threads = parallel::threads(context.options.threads, samples, series.len());
    let columns = parallel::map(threads, series.len(), |out: &mut Vec<f64>, i| {
        context.check()?;
        let series = &series[i];
        out.clear();
        out.resize(grid.len(), ABSENT);
        if window.is_fixed() {
            let found = newest(series, &window, take, &grid.first(), &mut out[..grid.len().min(1)]);
            context.look_at(found * grid.len() as u64);
            if let Some(first) = out.first().copied() {
                out.fill(first);
            }
        } else {
            context.look_at(newest(series, &window, take, grid, out));
        }
        let column = Column::starting_at(series.labels.clone(), false, 0, out);
        context.grow(column.as_ref().map_or(0, Column::len))?;
        Ok(column)
    })?;
    Ok(columns.into_iter().flatten().collect())
}

/// Gives back how many steps have a sample.
fn newest(series: &SeriesView<'_>, window: &Window, take: Take, grid: &Grid, out: &mut [f64]) -> u64 {
    let mut found = 0;
    let times = series.timestamps;
    // The number of samples up to the step.
    let mut seen = times.partition_point(|t| *t <= window.end(grid.start_ms()));
    for (time, out) in grid.times().zip(out) {
        let end = window.end(time);
        while seen < times.len() && times[seen] <= end {
            seen += 1;
        }
        if seen > 0 && times[seen - 1] > end - window.range_ms && !is_stale(series.values[seen - 1]) {
            *out = match take {
                Take::Value => series.values[seen - 1],
                Take::Timestamp => times[seen - 1] as f64 / 1000.0,
            };
            found += 1;
        }
    }
    found
}
