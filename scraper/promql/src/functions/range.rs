//! Functions of a range vector: one value per series and step from the samples of a window.

use super::rate::{self, Extrapolation};
use super::{folded, over_time, quantile, regression};
use crate::Error;
use crate::eval::range::{Windows, map_series, window};
use crate::eval::{ABSENT, Column, Context, Grid, is_absent, scalar};
use crate::expr::{Range, Scalar};
use std::cell::Cell;

/// Which function, with its parameters.
#[derive(Clone, Debug)]
pub(crate) enum RangeFunction {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Deriv,
    Changes,
    Resets,
    Avg,
    Sum,
    Min,
    Max,
    Count,
    First,
    Last,
    Present,
    Stddev,
    Stdvar,
    Mad,
    TimeOfFirst,
    TimeOfLast,
    TimeOfMin,
    TimeOfMax,
    Quantile(Box<Scalar>),
    PredictLinear(Box<Scalar>),
    Smoothing { smoothing: Box<Scalar>, trend: Box<Scalar> },
}

impl RangeFunction {
    /// First and last values are still the metric's own.
    fn keeps_name(&self) -> bool {
        matches!(self, RangeFunction::First | RangeFunction::Last)
    }

    /// Whether equal windows give equal results at all steps.
    fn depends_on_window_alone(&self) -> bool {
        !matches!(self, RangeFunction::Quantile(_) | RangeFunction::PredictLinear(_) | RangeFunction::Smoothing { .. })
    }

    /// Whether what a [`Fold`](crate::Fold) holds of samples is enough.
    pub(crate) fn takes_folds(&self) -> bool {
        matches!(
            self,
            RangeFunction::Rate
                | RangeFunction::Increase
                | RangeFunction::Delta
                | RangeFunction::Avg
                | RangeFunction::Sum
                | RangeFunction::Min
                | RangeFunction::Max
                | RangeFunction::Count
                | RangeFunction::First
                | RangeFunction::Last
                | RangeFunction::TimeOfFirst
                | RangeFunction::TimeOfLast
                | RangeFunction::Present
        )
    }

    fn expects_counter(&self) -> bool {
        matches!(self, RangeFunction::Rate | RangeFunction::Increase)
    }
}

/// Evaluates a function at every step.
pub(crate) fn over_range(
    context: &Context<'_>,
    function: &RangeFunction,
    range: &Range,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let window = window(context, range);
    let parameters = Parameters::of(context, function, grid)?;
    // With `@` all windows are the same.
    let once = window.is_fixed() && function.depends_on_window_alone();
    let steps = grid.len();
    let columns = map_series(context, range, grid, |out, samples| {
        out.clear();
        out.resize(grid.len(), ABSENT);
        let grid = if once { grid.first() } else { *grid };
        let windows =
            Windows { timestamps: &samples.timestamps, values: &samples.values, window, grid, seen: Cell::default() };
        match &samples.folded {
            Some(view) => folded::run(function, view, &windows, &mut out[..grid.len()]),
            None => run(function, &parameters, &windows, &mut out[..grid.len()])?,
        }
        context.look_at(windows.seen.get() * if once { steps as u64 } else { 1 });
        if once && let Some(value) = out.first().copied() {
            out.fill(value);
        }
        let drop_name = samples.drop_name || !function.keeps_name();
        let column = Column::starting_at(samples.labels.clone(), drop_name, 0, out);
        if let Some(column) = &column
            && function.expects_counter()
            // What has lost its name is no metric that could have a better one.
            && !samples.drop_name
        {
            inform_unless_counter(context, column);
        }
        Ok(column)
    })?;
    if matches!(function, RangeFunction::Quantile(_)) {
        // Only what is used can be wrong.
        let asked = |step: &usize| columns.iter().any(|c| !is_absent(c.at(*step)));
        let wrong = |step: &usize| !(0.0..=1.0).contains(&parameters.0[*step]);
        let used = (0..grid.len()).filter(wrong).filter(asked);
        used.for_each(|step| quantile::warn_unless_valid(context, parameters.0[step]));
    }
    Ok(columns)
}

/// The values of the parameters, one per step.
#[derive(Default)]
struct Parameters(Vec<f64>, Vec<f64>);

impl Parameters {
    fn of(context: &Context<'_>, function: &RangeFunction, grid: &Grid) -> Result<Self, Error> {
        Ok(match function {
            RangeFunction::Quantile(q) => Parameters(scalar::evaluate(context, q, grid)?, Vec::new()),
            RangeFunction::PredictLinear(seconds) => Parameters(scalar::evaluate(context, seconds, grid)?, Vec::new()),
            RangeFunction::Smoothing { smoothing, trend } => {
                Parameters(scalar::evaluate(context, smoothing, grid)?, scalar::evaluate(context, trend, grid)?)
            }
            _ => Parameters::default(),
        })
    }
}

fn run(function: &RangeFunction, parameters: &Parameters, windows: &Windows<'_>, out: &mut [f64]) -> Result<(), Error> {
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let extrapolation = |counter, per_second| Extrapolation { counter, per_second };
    match function {
        RangeFunction::Rate => rate::extrapolated(windows, extrapolation(true, true), out),
        RangeFunction::Increase => rate::extrapolated(windows, extrapolation(true, false), out),
        RangeFunction::Delta => rate::extrapolated(windows, extrapolation(false, false), out),
        RangeFunction::Irate => rate::instantaneous(windows, true, out),
        RangeFunction::Idelta => rate::instantaneous(windows, false, out),
        RangeFunction::Changes => rate::changes(windows, out),
        RangeFunction::Resets => rate::resets(windows, out),
        RangeFunction::Deriv => regression::deriv(windows, out),
        RangeFunction::PredictLinear(_) => regression::predict_linear(windows, &parameters.0, out),
        RangeFunction::Smoothing { .. } => regression::smoothing(windows, &parameters.0, &parameters.1, out)?,
        RangeFunction::Avg => over_time::avg(windows, out),
        RangeFunction::Sum => over_time::sum(windows, out),
        RangeFunction::Min => over_time::min(windows, out),
        RangeFunction::Max => over_time::max(windows, out),
        RangeFunction::Count => over_time::count(windows, out),
        RangeFunction::Stddev => over_time::stddev(windows, out),
        RangeFunction::Stdvar => over_time::stdvar(windows, out),
        RangeFunction::Mad => over_time::mad(windows, out),
        RangeFunction::Quantile(_) => over_time::quantile(windows, &parameters.0, out),
        RangeFunction::Present => windows.each(|s| out[s.step] = 1.0),
        RangeFunction::First => windows.each(|s| out[s.step] = windows.values[s.first]),
        RangeFunction::Last => windows.each(|s| out[s.step] = windows.values[s.end - 1]),
        RangeFunction::TimeOfFirst => windows.each(|s| out[s.step] = seconds(windows.timestamps[s.first])),
        RangeFunction::TimeOfLast => windows.each(|s| out[s.step] = seconds(windows.timestamps[s.end - 1])),
        RangeFunction::TimeOfMin => over_time::time_of_extreme(windows, out, f64::le),
        RangeFunction::TimeOfMax => over_time::time_of_extreme(windows, out, f64::ge),
    }
    Ok(())
}

fn inform_unless_counter(context: &Context<'_>, column: &Column) {
    let name = column.labels.metric_name();
    if !name.is_empty() && !["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| name.ends_with(suffix)) {
        context.inform(format_args!(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name:?}"
        ));
    }
}
