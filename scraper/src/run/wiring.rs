//! Where the parts meet: what the loops hand over, as the store takes it, and what they know, as the API asks for it.

use super::{Current, Options};
use crate::api::{self, ApiState};
use crate::config::format_duration;
use crate::discovery::Errors;
use crate::scrape::{Refused, Samples, Sink, Targets};
use crate::target::status::TargetsSnapshot;
use parking_lot::Mutex;
use procession_store::{Batch, Error, Family, SeriesRef, Store};
use std::sync::Arc;

/// The loops' way into the store.
pub(crate) fn sink(store: Store) -> Sink<SeriesRef> {
    let interning = store.clone();
    Sink {
        intern: Box::new(move |labels| interning.series_ref(labels)),
        append: Box::new(move |mut samples: Samples<SeriesRef>| {
            // Whatever becomes of the samples.
            if !samples.families.is_empty() {
                let told = std::mem::take(&mut samples.families).into_iter();
                store.note_families(told.map(|(name, m)| Family { name, kind: m.kind, help: m.help, unit: m.unit }));
            }
            if !samples.starts.is_empty() {
                let mut zeros = Batch::default();
                samples.starts.iter().for_each(|(series, start_ms)| zeros.push(*series, *start_ms, 0.0));
                match store.append_starts(zeros) {
                    Ok(_) => {}
                    Err(Error::Forgotten(refused)) => {
                        return Err(Refused::Forgotten { series: refused.series, samples: Box::new(samples) });
                    }
                    Err(other) => return Err(Refused::Other(other.to_string())),
                }
            }
            let Samples { series, timestamps_ms, values, starts, exemplars, families } = samples;
            match store.append(Batch { series, timestamps_ms, values }) {
                Ok(appended) => {
                    if !exemplars.is_empty() {
                        store.append_exemplars(exemplars);
                    }
                    Ok(appended)
                }
                Err(Error::Forgotten(refused)) => {
                    let Batch { series, timestamps_ms, values } = refused.batch;
                    let samples = Samples { series, timestamps_ms, values, starts, exemplars, families };
                    Err(Refused::Forgotten { series: refused.series, samples: Box::new(samples) })
                }
                Err(other) => Err(Refused::Other(other.to_string())),
            }
        }),
    }
}

/// What the loops, discovery and the configuration have to tell.
pub(super) struct Shown {
    pub(super) targets: Targets,
    pub(super) discovery: Errors,
    pub(super) current: Arc<Mutex<Current>>,
}

/// What the API asks of them.
pub(super) fn api_state(store: &Store, options: &Options, shown: Shown) -> ApiState {
    let Shown { targets, discovery, current } = shown;
    let (of_metadata, of_jobs, of_reload) = (targets.clone(), targets.clone(), current.clone());
    ApiState {
        targets: Arc::new(move || TargetsSnapshot { discovery_errors: discovery.list(), ..targets.snapshot() }),
        job: Arc::new(move |name| of_jobs.job(name)),
        metadata: Arc::new(move || metadata(&of_metadata)),
        config: Arc::new(move || current.lock().yaml.clone()),
        reload: Arc::new(move || of_reload.lock().reloaded),
        flags: Arc::new(options.flags.clone()),
        cors: options.cors.clone(),
        retention: options.storage.retention.map(format_duration).unwrap_or_default(),
        admin_api: options.admin_api,
        ..ApiState::new(store.clone(), options.queries.clone())
    }
}

fn metadata(targets: &Targets) -> Vec<api::Metadata> {
    let described = targets.metadata().into_iter();
    described
        .map(|(target, family, m)| api::Metadata { target, family, kind: m.kind.as_str(), help: m.help, unit: m.unit })
        .collect()
}
