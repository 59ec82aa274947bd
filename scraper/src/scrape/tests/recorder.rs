//! A sink that remembers what it was given.

use crate::scrape::{Refused, Samples, Sink};
use parking_lot::Mutex;
use procession_openmetrics::{Labels, is_stale};
use procession_store::{Appended, Exemplar};
use std::collections::HashSet;
use std::sync::Arc;

/// Batches in the order in which they came, series by number.
#[derive(Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    series: Vec<Labels>,
    batches: Vec<Samples<usize>>,
    /// Numbers that are no longer known.
    forgotten: HashSet<usize>,
    /// What the sink says instead of taking a batch.
    refusal: Option<String>,
}

impl Recorder {
    pub(super) fn sink(&self) -> Sink<usize> {
        let (interning, appending) = (self.clone(), self.clone());
        Sink {
            intern: Box::new(move |labels| {
                let mut recorded = interning.0.lock();
                let known = recorded.series.iter().rposition(|l| l == labels);
                known.filter(|number| !recorded.forgotten.contains(number)).unwrap_or_else(|| {
                    recorded.series.push(labels.clone());
                    recorded.series.len() - 1
                })
            }),
            append: Box::new(move |samples| {
                let mut recorded = appending.0.lock();
                if let Some(reason) = &recorded.refusal {
                    return Err(Refused::Other(reason.clone()));
                }
                let gone: Vec<usize> =
                    samples.series.iter().copied().filter(|s| recorded.forgotten.contains(s)).collect();
                if !gone.is_empty() {
                    return Err(Refused::Forgotten { series: gone, samples: Box::new(samples) });
                }
                let stored = samples.values.len();
                recorded.batches.push(samples);
                Ok(Appended { stored, ..Appended::default() })
            }),
        }
    }

    /// Forgets every series so far.
    pub(super) fn forget(&self) {
        let mut recorded = self.0.lock();
        recorded.forgotten = (0..recorded.series.len()).collect();
    }

    pub(super) fn refuse(&self, reason: &str) {
        self.0.lock().refusal = Some(reason.to_owned());
    }

    pub(super) fn accept(&self) {
        self.0.lock().refusal = None;
    }

    /// What came since it was last asked: a line for each sample, `name{labels} value @timestamp`, without the time that
    /// a scrape took, which is never the same.
    pub(super) fn take(&self) -> Vec<String> {
        let mut recorded = self.0.lock();
        let batches = std::mem::take(&mut recorded.batches);
        let mut lines = Vec::new();
        for batch in &batches {
            for (series, start) in &batch.starts {
                lines.push(format!("{} began @{start}", recorded.series[*series]));
            }
            for (series, exemplar) in &batch.exemplars {
                let Exemplar { labels, value, timestamp_ms } = exemplar;
                lines.push(format!("{} # {labels} {value} @{timestamp_ms}", recorded.series[*series]));
            }
            for ((series, timestamp), value) in batch.series.iter().zip(&batch.timestamps_ms).zip(&batch.values) {
                let labels = &recorded.series[*series];
                if labels.metric_name() == "scrape_duration_seconds" && !is_stale(*value) {
                    continue;
                }
                let value = if is_stale(*value) { "stale".to_owned() } else { value.to_string() };
                lines.push(format!("{labels} {value} @{timestamp}"));
            }
        }
        lines
    }
}
