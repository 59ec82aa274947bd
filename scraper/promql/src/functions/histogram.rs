//! Classic histograms: `histogram_quantile`, `histogram_quantiles`, `histogram_fraction` over series with the label `le`.

mod buckets;

use crate::Error;
use crate::aggregate::Signatures;
use crate::eval::{ABSENT, Column, Context, Grid, is_absent};
use crate::functions::quantile::warn_unless_valid;
use crate::number::{format_short, parse_float};
use buckets::{Bucket, Corrected};
use procession_openmetrics::Labels;
use std::collections::BTreeSet;

const BUCKET_LABEL: &str = "le";

/// `q` has one value per step.
pub(crate) fn quantile(
    context: &Context<'_>,
    q: &[f64],
    columns: Vec<Column>,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    q.iter().for_each(|q| warn_unless_valid(context, *q));
    let mut results = Vec::new();
    for histogram in histograms(context, columns) {
        results.extend(histogram.quantile(context, q, grid, histogram.labels.clone())?);
    }
    Ok(results)
}

/// Several quantiles at once, told apart by a label.
pub(crate) fn quantiles(
    context: &Context<'_>,
    quantiles: &[Vec<f64>],
    label: &str,
    columns: Vec<Column>,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    quantiles.iter().flatten().for_each(|q| warn_unless_valid(context, *q));
    let histograms = histograms(context, columns);
    let mut results = Vec::new();
    for q in quantiles {
        for histogram in &histograms {
            // A quantile that changes from step to step is another series each time.
            let distinct: BTreeSet<u64> = q.iter().map(|q| q.to_bits()).collect();
            for value in distinct.into_iter().map(f64::from_bits) {
                let mut labels = histogram.labels.to_builder();
                labels.set(label, &open_metrics_float(value));
                let at = q.iter().map(|q| if q.to_bits() == value.to_bits() { *q } else { ABSENT }).collect::<Vec<_>>();
                results.extend(histogram.quantile(context, &at, grid, labels.build())?);
            }
        }
    }
    crate::eval::merge(results)
}

/// The share of observations between two bounds, which have one value per step.
pub(crate) fn fraction(
    context: &Context<'_>,
    bounds: [&[f64]; 2],
    columns: Vec<Column>,
    grid: &Grid,
) -> Result<Vec<Column>, Error> {
    let mut results = Vec::new();
    for histogram in histograms(context, columns) {
        results.extend(histogram.each_step(context, grid, histogram.labels.clone(), |step, buckets| {
            buckets::fraction(bounds[0][step], bounds[1][step], buckets)
        })?);
    }
    Ok(results)
}

/// As OpenMetrics writes it: with a fraction always.
fn open_metrics_float(value: f64) -> String {
    let text = format_short(value);
    if value.is_finite() && !text.contains(['.', 'e']) { format!("{text}.0") } else { text }
}

struct Histogram {
    /// Without `le`.
    labels: Labels,
    /// By ascending upper bound.
    buckets: Vec<(f64, Column)>,
}

/// Puts the buckets of each histogram together; series whose `le` is no number are left out, with a warning.
fn histograms(context: &Context<'_>, columns: Vec<Column>) -> Vec<Histogram> {
    let whole = crate::aggregate::Grouping::by_all_but(BUCKET_LABEL);
    let mut signatures = Signatures::new(&whole);
    let mut histograms: Vec<Histogram> = Vec::new();
    for column in columns {
        let bound = column.labels.get(BUCKET_LABEL).unwrap_or("");
        let Some(upper) = parse_float(bound) else {
            let name = column.labels.metric_name();
            let name = if name.is_empty() { String::new() } else { format!(" for metric name {name:?}") };
            context.warn(format_args!("bucket label \"le\" is missing or has a malformed value of {bound:?}{name}"));
            continue;
        };
        let number = signatures.number(&column.labels);
        if number == histograms.len() {
            let mut labels = column.labels.to_builder();
            labels.remove(BUCKET_LABEL);
            histograms.push(Histogram { labels: labels.build(), buckets: Vec::new() });
        }
        histograms[number].buckets.push((upper, column));
    }
    for histogram in &mut histograms {
        histogram.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    histograms
}

impl Histogram {
    fn quantile(&self, context: &Context<'_>, q: &[f64], grid: &Grid, labels: Labels) -> Result<Option<Column>, Error> {
        let mut corrected: Option<(Corrected, usize, [i64; 2])> = None;
        let column = self.each_step(context, grid, labels, |step, buckets| {
            if is_absent(q[step]) {
                return ABSENT;
            }
            let (value, fixed) = buckets::quantile(q[step], buckets);
            if let Some(fixed) = fixed {
                let time = grid.time(step);
                let (all, count, [_, last]) = corrected.get_or_insert((fixed, 0, [time; 2]));
                *all = all.and(fixed);
                *count += 1;
                *last = time;
            }
            value
        })?;
        if let Some((corrected, count, times)) = corrected {
            self.inform_corrected(context, &corrected, count, times);
        }
        Ok(column)
    }

    fn inform_corrected(&self, context: &Context<'_>, corrected: &Corrected, count: usize, [from, to]: [i64; 2]) {
        let name = self.labels.metric_name();
        context.inform(format_args!(
            "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}, \
             from buckets {} to {}, with a max diff of {}, over {count} samples from {} to {}",
            if name.is_empty() { String::new() } else { format!(" for metric name {name:?}") },
            format_short(corrected.min_bound),
            format_short(corrected.max_bound),
            format_short(corrected.max_difference),
            super::date::rfc_3339(from),
            super::date::rfc_3339(to),
        ));
    }

    /// Calls a function with the buckets that are there at each step.
    fn each_step(
        &self,
        context: &Context<'_>,
        grid: &Grid,
        labels: Labels,
        mut f: impl FnMut(usize, &mut Vec<Bucket>) -> f64,
    ) -> Result<Option<Column>, Error> {
        let mut out = vec![ABSENT; grid.len()];
        let mut buckets = Vec::with_capacity(self.buckets.len());
        for (step, out) in out.iter_mut().enumerate() {
            context.check_now_and_then(step)?;
            buckets.clear();
            buckets.extend(self.buckets.iter().filter_map(|(upper, column)| {
                let count = column.at(step);
                (!is_absent(count)).then_some(Bucket { upper: *upper, count })
            }));
            if !buckets.is_empty() {
                *out = f(step, &mut buckets);
            }
        }
        context.grow(out.len())?;
        Ok(Column::starting_at(labels, true, 0, &out))
    }
}
