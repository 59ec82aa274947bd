//! The scraper's own metrics, in one table: everything is named and described here.

use crate::scrape::{Budget, BudgetState, Outcome, Targets};
use crate::target::status::LeftOut;
use procession_store::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

mod store;

type Label = [(&'static str, &'static str); 1];

/// What the loops count. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    scrapes: Family<Label, Counter>,
    /// Due moments that passed without a scrape.
    pub(crate) missed: Counter,
    scraped: Counter,
    left_out: Family<Label, Counter>,
    body_bytes: Counter,
    lateness: Histogram,
    duration: Histogram,
    reloads: Family<Label, Counter>,
    discoveries: Family<Label, Counter>,
    backups: Family<Label, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let scrapes: Family<Label, Counter> = Family::default();
        let left_out: Family<Label, Counter> = Family::default();
        let reloads: Family<Label, Counter> = Family::default();
        let discoveries: Family<Label, Counter> = Family::default();
        let backups: Family<Label, Counter> = Family::default();
        // What can happen stands there from the start, with 0.
        for result in ["success", "failure"] {
            drop(scrapes.get_or_create(&[("result", result)]));
            drop(reloads.get_or_create(&[("result", result)]));
            drop(discoveries.get_or_create(&[("result", result)]));
            drop(backups.get_or_create(&[("result", result)]));
        }
        for (reason, ..) in LeftOut::default().reasons() {
            drop(left_out.get_or_create(&[("reason", reason)]));
        }
        Metrics {
            scrapes,
            missed: Counter::default(),
            scraped: Counter::default(),
            left_out,
            body_bytes: Counter::default(),
            lateness: Histogram::new([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0]),
            duration: Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0]),
            reloads,
            discoveries,
            backups,
        }
    }
}

impl Metrics {
    /// Counts a scrape.
    pub(crate) fn observe(&self, outcome: &Outcome) {
        let result = if outcome.last.error.is_empty() { "success" } else { "failure" };
        self.scrapes.get_or_create(&[("result", result)]).inc();
        self.scraped.inc_by(outcome.counts.scraped as u64);
        self.body_bytes.inc_by(outcome.body_bytes as u64);
        self.duration.observe(outcome.last.duration.as_secs_f64());
        for (reason, _, samples) in outcome.last.left_out.reasons() {
            if samples > 0 {
                self.left_out.get_or_create(&[("reason", reason)]).inc_by(samples as u64);
            }
        }
    }

    /// Notes by how much a scrape began after its due moment.
    pub(crate) fn observe_lateness(&self, lateness: Duration) {
        self.lateness.observe(lateness.as_secs_f64());
    }

    /// Counts a reading of the configuration.
    pub(crate) fn count_reload(&self, succeeded: bool) {
        let result = if succeeded { "success" } else { "failure" };
        self.reloads.get_or_create(&[("result", result)]).inc();
    }

    /// Counts a question to a source of targets.
    pub(crate) fn count_discovery(&self, succeeded: bool) {
        let result = if succeeded { "success" } else { "failure" };
        self.discoveries.get_or_create(&[("result", result)]).inc();
    }

    /// Counts a backup of the schedule.
    pub(crate) fn count_backup(&self, succeeded: bool) {
        let result = if succeeded { "success" } else { "failure" };
        self.backups.get_or_create(&[("result", result)]).inc();
    }

    /// Everything that the service says about itself.
    pub(crate) fn registry(&self, store: Store, targets: Targets, budget: Arc<Budget>) -> Registry {
        let mut registry = Registry::default();
        procession_web::exposition::register_process(&mut registry, "procession_scraper");
        let r = registry.sub_registry_with_prefix("procession_scraper");
        r.register("scrapes", "Scrapes by their result", self.scrapes.clone());
        r.register("missed_scrapes", "Due moments that passed without a scrape", self.missed.clone());
        r.register("scraped_samples", "Sample lines that were read", self.scraped.clone());
        r.register("left_out_samples", "Samples that were read and not stored", self.left_out.clone());
        r.register_with_unit("scraped_body", "Bodies that were read, unpacked", Unit::Bytes, self.body_bytes.clone());
        r.register_with_unit(
            "scrape_lateness",
            "How long after its due moment a scrape began",
            Unit::Seconds,
            self.lateness.clone(),
        );
        r.register_with_unit("scrape_duration", "How long scrapes took", Unit::Seconds, self.duration.clone());
        r.register("reloads", "Readings of the configuration by their result", self.reloads.clone());
        r.register("discoveries", "Questions to files, servers and names for targets", self.discoveries.clone());
        r.register("backups", "Backups of the schedule by their result", self.backups.clone());
        registry.register_collector(Box::new(Asked { store, targets, budget }));
        registry
    }
}

/// What is asked for when somebody asks.
struct Asked {
    store: Store,
    targets: Targets,
    budget: Arc<Budget>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.store.stats();
        let all = self.budget.state();
        let unit: Option<&Unit> = None;
        for (name, help, value) in [
            ("scraper_targets", "Targets that are scraped", self.targets.len() as f64),
            ("scraper_series", "Series that the last good pages of all targets had", all.used as f64),
            ("scraper_series_limit", "How many there may be, 0 for any number", all.limit as f64),
        ] {
            let metric = ConstGauge::new(value);
            let name = format!("procession_{name}");
            metric.encode(encoder.encode_descriptor(&name, help, unit, metric.metric_type())?)?;
        }
        store::encode(&stats, &mut encoder)?;
        self.encode_budgets(&mut encoder)
    }
}

impl Asked {
    fn encode_budgets(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let jobs = self.targets.budgets();
        for (name, help, value) in [
            (
                "procession_scraper_job_series",
                "Series that the last good pages of a job's targets had",
                (|job: &BudgetState| job.used as f64) as fn(&BudgetState) -> f64,
            ),
            ("procession_scraper_job_series_limit", "How many there may be, 0 for any number", |job| job.limit as f64),
        ] {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (job, state) in &jobs {
                ConstGauge::new(value(state)).encode(family.encode_family(&[("job", job.as_str())])?)?;
            }
        }
        let (name, help) = ("procession_scraper_job_series_left_out", "Samples of new series past the job's limit");
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (job, state) in &jobs {
            ConstCounter::new(state.left_out).encode(family.encode_family(&[("job", job.as_str())])?)?;
        }
        Ok(())
    }
}
