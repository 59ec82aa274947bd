//! Series that the store has forgotten since they were scraped last get new numbers, and their samples are handed in again.
//!
//! That is rare: a series is forgotten when it has ended and its samples are sealed, and a text that comes again after that
//! still has the old number in the cache.

use super::cache::SeriesCache;
use super::ingest::Samples;
use super::labels::stored_labels;
use super::worker::{Refused, Sink};
use crate::config::Job;
use procession_openmetrics::{Entry, Format, Labels, LabelsBuilder, Parser, is_stale};
use procession_store::Appended;
use std::collections::HashSet;
use std::hash::Hash;

/// How often it is tried: between naming a series and handing in its samples the store would have to seal and forget anew.
const MAX_TRIES: usize = 3;

/// Hands samples to the store. `rename` gives the forgotten series among them their new numbers.
pub(super) fn append<R: Copy + Eq + Hash>(
    mut samples: Samples<R>,
    sink: &Sink<R>,
    mut rename: impl FnMut(&HashSet<R>, &mut Samples<R>) -> Result<(), String>,
) -> Result<Appended, String> {
    for _ in 0..MAX_TRIES {
        match (sink.append)(samples) {
            Ok(appended) => return Ok(appended),
            Err(Refused::Other(reason)) => return Err(reason),
            Err(Refused::Forgotten { series, samples: refused }) => {
                samples = *refused;
                let forgotten: HashSet<R> = series.into_iter().collect();
                // Whose end is all there is to tell has ended long ago.
                samples.retain(|series, value| !(is_stale(value) && forgotten.contains(&series)));
                let needed = samples.series.iter().copied().filter(|series| forgotten.contains(series)).collect();
                rename(&needed, &mut samples)?;
            }
        }
    }
    Err("the store forgets series as soon as they are named".to_owned())
}

/// The number of a series by its text, under the rules of the job.
pub(super) fn intern<R>(text: &str, job: &Job, target: &Labels, sink: &Sink<R>) -> Result<R, String> {
    stored(text, job, target)
        .map(|labels| (sink.intern)(&labels))
        .ok_or_else(|| format!("the series {text} can no longer be named"))
}

fn stored(text: &str, job: &Job, target: &Labels) -> Option<Labels> {
    let line = format!("{text} 0\n");
    let Ok(Some(Entry::Sample(sample))) = Parser::new(line.as_bytes(), Format::Text).next_entry() else { return None };
    let mut builder = LabelsBuilder::default();
    sample.labels(&mut builder).ok()?;
    stored_labels(job, target, &mut builder).ok()?
}

impl<R: Copy + Eq + Hash> Samples<R> {
    /// Gives the samples of forgotten series their new numbers.
    pub(super) fn rename(
        &mut self,
        forgotten: &HashSet<R>,
        cache: &mut SeriesCache<R>,
        intern: impl FnMut(&str) -> Result<R, String>,
    ) -> Result<(), String> {
        let renewed = cache.renew(forgotten, intern)?;
        for series in &mut self.series {
            *series = renewed.get(series).copied().unwrap_or(*series);
        }
        let beside = self.starts.iter_mut().map(|(series, _)| series);
        for series in beside.chain(self.exemplars.iter_mut().map(|(series, _)| series)) {
            *series = renewed.get(series).copied().unwrap_or(*series);
        }
        Ok(())
    }

    fn retain(&mut self, keep: impl Fn(R, f64) -> bool) {
        let mut kept = Samples {
            starts: std::mem::take(&mut self.starts),
            exemplars: std::mem::take(&mut self.exemplars),
            families: std::mem::take(&mut self.families),
            ..Samples::default()
        };
        for ((series, timestamp_ms), value) in self.series.iter().zip(&self.timestamps_ms).zip(&self.values) {
            if keep(*series, *value) {
                kept.push(*series, *timestamp_ms, *value);
            }
        }
        *self = kept;
    }
}
