//! Range vectors: the samples of a window of time, sliding over the steps.

use super::grid::{Grid, Window};
use super::{Column, Context, parallel, vector};
use crate::Error;
use crate::expr::{Range, Subquery};
use crate::select::SeriesView;
use procession_openmetrics::{Labels, is_stale};
use std::borrow::Cow;
use std::cell::Cell;

/// The samples of one series that windows slide over; no staleness markers among them.
pub(crate) struct Samples<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) drop_name: bool,
    pub(crate) timestamps: Cow<'a, [i64]>,
    pub(crate) values: Cow<'a, [f64]>,
    /// Where samples stand for many: these columns with what they stand for, and the markers.
    pub(crate) folded: Option<SeriesView<'a>>,
}

/// The windows of a grid's steps over one series.
pub(crate) struct Windows<'a> {
    pub(crate) timestamps: &'a [i64],
    pub(crate) values: &'a [f64],
    pub(crate) window: Window,
    pub(crate) grid: Grid,
    /// How many samples the last look at all windows saw, each once in every window.
    pub(crate) seen: Cell<u64>,
}

/// The samples `first..end` of a series and the bounds `(start_ms, end_ms]` between which they lie.
#[derive(Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) step: usize,
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

impl Windows<'_> {
    /// Calls the function for each step whose window has samples. Both ends of the window only ever move forward.
    #[inline]
    pub(crate) fn each(&self, mut f: impl FnMut(Slice)) {
        let mut seen = 0;
        let Some(first_time) = self.grid.times().next() else { return };
        let times = self.timestamps;
        let start = self.window.end(first_time);
        let mut end = times.partition_point(|t| *t <= start);
        let mut first = times.partition_point(|t| *t <= start - self.window.range_ms);
        for (step, time) in self.grid.times().enumerate() {
            let end_ms = self.window.end(time);
            let start_ms = end_ms - self.window.range_ms;
            while end < times.len() && times[end] <= end_ms {
                end += 1;
            }
            while first < end && times[first] <= start_ms {
                first += 1;
            }
            if first < end {
                seen += (end - first) as u64;
                f(Slice { step, first, end, start_ms, end_ms });
            }
        }
        self.seen.set(seen);
    }
}

/// The window of a range vector.
pub(crate) fn window(context: &Context<'_>, range: &Range) -> Window {
    let (shift, range_ms) = match range {
        Range::Selector { selector, range_ms } => (selector.shift, *range_ms),
        Range::Subquery(s) => (s.shift, s.range_ms),
    };
    Window::new(shift, range_ms, &context.asked)
}

/// The series of a range vector. Those of a subquery all have to be in memory, those of a selector are never copied.
pub(crate) enum Series<'a> {
    Fetched(Vec<SeriesView<'a>>),
    Computed(Vec<Column>, Grid),
}

impl<'a> Series<'a> {
    /// Evaluates what has to be, so that all windows of the grid's steps are covered.
    pub(crate) fn of(context: &'a Context<'_>, range: &Range, grid: &Grid) -> Result<Self, Error> {
        Ok(match range {
            Range::Selector { selector, .. } => Series::Fetched(context.fetched.series(selector).collect()),
            Range::Subquery(subquery) => {
                let (columns, inner) = evaluate_subquery(context, subquery, grid)?;
                Series::Computed(columns, inner)
            }
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Series::Fetched(views) => views.len(),
            Series::Computed(columns, _) => columns.len(),
        }
    }

    fn sample_count(&self) -> usize {
        match self {
            Series::Fetched(views) => views.iter().map(|v| v.values.len()).sum(),
            Series::Computed(columns, _) => columns.iter().map(Column::len).sum(),
        }
    }

    pub(crate) fn samples(&self, index: usize) -> Samples<'_> {
        match self {
            Series::Fetched(views) => without_markers(&views[index]),
            Series::Computed(columns, grid) => samples_of(&columns[index], grid),
        }
    }
}

fn without_markers<'a>(series: &SeriesView<'a>) -> Samples<'a> {
    let (mut timestamps, mut values) = (Cow::Borrowed(series.timestamps), Cow::Borrowed(series.values));
    if series.is_folded() {
        // What stands for many may end in a marker.
        return Samples { labels: series.labels, drop_name: false, timestamps, values, folded: Some(*series) };
    }
    if has_markers(series.values) {
        let live = || series.timestamps.iter().zip(series.values).filter(|(_, v)| !is_stale(**v));
        timestamps = live().map(|(t, _)| *t).collect();
        values = live().map(|(_, v)| *v).collect();
    }
    Samples { labels: series.labels, drop_name: false, timestamps, values, folded: None }
}

/// Looks at many values at once, which is several times quicker than to ask after each whether it was the one.
fn has_markers(values: &[f64]) -> bool {
    values.chunks(256).any(|some| some.iter().fold(false, |found, v| found | is_stale(*v)))
}

/// Makes a column of each series of a range vector, on several threads where there is much to do. The function may use
/// a buffer with one place for each step, which holds what the last call left there.
pub(crate) fn map_series(
    context: &Context<'_>,
    range: &Range,
    grid: &Grid,
    f: impl Fn(&mut Vec<f64>, Samples<'_>) -> Result<Option<Column>, Error> + Sync,
) -> Result<Vec<Column>, Error> {
    let series = Series::of(context, range, grid)?;
    let threads = parallel::threads(context.options.threads, series.sample_count(), series.len());
    let columns = parallel::map(threads, series.len(), |buffer, i| {
        context.check()?;
        let column = f(buffer, series.samples(i))?;
        context.grow(column.as_ref().map_or(0, Column::len))?;
        Ok(column)
    })?;
    Ok(columns.into_iter().flatten().collect())
}

/// The columns of a subquery, with its own grid.
pub(crate) fn evaluate_subquery(
    context: &Context<'_>,
    subquery: &Subquery,
    grid: &Grid,
) -> Result<(Vec<Column>, Grid), Error> {
    let window = Window::new(subquery.shift, subquery.range_ms, &context.asked);
    let step_ms = subquery.step_ms.unwrap_or(context.options.subquery_step_ms);
    let inner = grid.of_windows(window, step_ms, context.options.max_samples)?;
    let columns = vector::evaluate(context, &subquery.inner, &inner)?;
    Ok((columns, inner))
}

fn samples_of<'a>(column: &'a Column, grid: &Grid) -> Samples<'a> {
    let timestamps: Vec<i64> = column.present().map(|(step, _)| grid.time(step)).collect();
    let values: Vec<f64> = column.present().map(|(_, value)| value).collect();
    Samples {
        labels: &column.labels,
        drop_name: column.drop_name,
        timestamps: Cow::Owned(timestamps),
        values: Cow::Owned(values),
        folded: None,
    }
}
