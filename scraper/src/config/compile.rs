//! From the file as written to what the scraper runs on.

use super::discovery;
use super::folder::Folder;
use super::http;
use super::job::{CreatedTimestamps, DEFAULT_BODY_SIZE_LIMIT, Job, Limits, TargetGroup};
use super::names::{self, Schemes};
use super::position::Path;
use super::problem::Problem;
use super::protocol::{self, ScrapeProtocol};
use super::raw::{RawConfig, RawGlobal, RawGroup, RawJob, Scheme};
use super::relabel::RawRule;
use super::size::ConfigSize;
use crate::relabel::Rule;
use procession_openmetrics::Labels;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The jobs and the external labels.
pub(super) fn compile(raw: RawConfig, folder: &Folder<'_>) -> Result<(Vec<Arc<Job>>, Labels), Problem> {
    let root = Path::default();
    let defaults = Defaults::compile(&root.key("global"), raw.global.unwrap_or_default())?;
    let mut jobs = Vec::new();
    let mut seen = HashMap::new();
    for (i, job) in raw.scrape_configs.unwrap_or_default().into_iter().enumerate() {
        let at = root.key("scrape_configs").item(i);
        let job = compile_job(&at, folder, job, &defaults)?;
        if let Some(first) = seen.insert(job.name.clone(), i) {
            let message =
                format!("the job {:?} stands in scrape_configs[{first}] already: expected a name of its own", job.name);
            return Err(Problem::new(&at.key("job_name"), message));
        }
        jobs.push(Arc::new(job));
    }
    Ok((jobs, defaults.external_labels))
}

/// What `global` says, completed.
struct Defaults {
    interval: Duration,
    timeout: Duration,
    protocols: Vec<ScrapeProtocol>,
    external_labels: Labels,
    body_size: u64,
    samples: u64,
    soft_samples: u64,
    series: u64,
    created: CreatedTimestamps,
    targets: u64,
    labels: u64,
    label_name_length: u64,
    label_value_length: u64,
    keep_dropped_targets: u64,
    schemes: Schemes,
}

impl Defaults {
    fn compile(at: &Path, raw: RawGlobal) -> Result<Self, Problem> {
        // Prometheus reads a zero as "not set".
        let interval = set(raw.scrape_interval.map(|d| d.0)).unwrap_or(DEFAULT_INTERVAL);
        let timeout = set(raw.scrape_timeout.map(|d| d.0));
        timeout_fits(at, timeout, interval)?;
        for name in raw.external_labels.keys() {
            label_name(&at.key("external_labels"), name)?;
        }
        Ok(Defaults {
            interval,
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT.min(interval)),
            protocols: protocols(at, raw.scrape_protocols)?.unwrap_or_else(|| protocol::DEFAULT.to_vec()),
            external_labels: Labels::from_pairs(raw.external_labels),
            body_size: raw.body_size_limit.map_or(0, |s| s.0),
            samples: raw.sample_limit,
            soft_samples: raw.soft_sample_limit,
            series: raw.series_limit,
            created: raw.created_timestamps.unwrap_or_default(),
            targets: raw.target_limit,
            labels: raw.label_limit,
            label_name_length: raw.label_name_length_limit,
            label_value_length: raw.label_value_length_limit,
            keep_dropped_targets: raw.keep_dropped_targets,
            schemes: (raw.metric_name_validation_scheme, raw.metric_name_escaping_scheme),
        })
    }
}

fn compile_job(at: &Path, folder: &Folder<'_>, raw: RawJob, defaults: &Defaults) -> Result<Job, Problem> {
    if raw.job_name.is_empty() {
        return Err(Problem::new(&at.key("job_name"), "expected a name for the job"));
    }
    let interval = set(raw.scrape_interval.map(|d| d.0)).unwrap_or(defaults.interval);
    let timeout = set(raw.scrape_timeout.map(|d| d.0));
    timeout_fits(at, timeout, interval)?;
    let either = |own: u64, global: u64| usize::try_from(if own == 0 { global } else { own }).unwrap_or(usize::MAX);
    let body_size = match raw.body_size_limit {
        Some(ConfigSize(own)) if own > 0 => own,
        _ => defaults.body_size,
    };
    let protocols = protocols(at, raw.scrape_protocols)?.unwrap_or_else(|| defaults.protocols.clone());
    let schemes = (raw.metric_name_validation_scheme, raw.metric_name_escaping_scheme);
    let (names, escaping) = names::schemes(at, schemes, defaults.schemes)?;
    let discovery = discovery::compile(
        at,
        folder,
        raw.file_sd_configs.unwrap_or_default(),
        raw.http_sd_configs.unwrap_or_default(),
        raw.dns_sd_configs.unwrap_or_default(),
    )?;
    #[cfg(feature = "kubernetes")]
    let discovery = {
        let entries = raw.kubernetes_sd_configs.unwrap_or_default();
        let kubernetes = super::kubernetes::compile(&at.key("kubernetes_sd_configs"), folder, entries)?;
        [discovery, kubernetes].concat()
    };
    Ok(Job {
        interval,
        timeout: timeout.unwrap_or(defaults.timeout.min(interval)),
        scheme: match raw.scheme.unwrap_or_default() {
            Scheme::Http => "http",
            Scheme::Https => "https",
        },
        metrics_path: raw.metrics_path.filter(|p| !p.is_empty()).unwrap_or_else(|| "/metrics".to_owned()),
        params: raw.params,
        honor_labels: raw.honor_labels,
        honor_timestamps: raw.honor_timestamps.0,
        track_timestamps_staleness: raw.track_timestamps_staleness,
        created: raw.created_timestamps.unwrap_or(defaults.created),
        groups: groups(&at.key("static_configs"), raw.static_configs.unwrap_or_default())?,
        discovery,
        relabel: rules(&at.key("relabel_configs"), raw.relabel_configs)?,
        metric_relabel: rules(&at.key("metric_relabel_configs"), raw.metric_relabel_configs)?,
        names,
        limits: Limits {
            body_size: if body_size == 0 { DEFAULT_BODY_SIZE_LIMIT } else { body_size },
            samples: either(raw.sample_limit, defaults.samples),
            soft_samples: either(raw.soft_sample_limit, defaults.soft_samples),
            series: either(raw.series_limit, defaults.series),
            labels: either(raw.label_limit, defaults.labels),
            label_name_length: either(raw.label_name_length_limit, defaults.label_name_length),
            label_value_length: either(raw.label_value_length_limit, defaults.label_value_length),
        },
        accept: protocol::accept_header(&protocols, escaping),
        fallback: raw.fallback_scrape_protocol,
        compression: raw.enable_compression.0,
        http: http::client(at, folder, http::raw_client!(raw))?,
        target_limit: either(raw.target_limit, defaults.targets),
        keep_dropped_targets: either(raw.keep_dropped_targets, defaults.keep_dropped_targets),
        name: raw.job_name,
    })
}

fn set(duration: Option<Duration>) -> Option<Duration> {
    duration.filter(|d| !d.is_zero())
}

fn timeout_fits(at: &Path, timeout: Option<Duration>, interval: Duration) -> Result<(), Problem> {
    match timeout {
        Some(timeout) if timeout > interval => {
            let (timeout, interval) = (super::format_duration(timeout), super::format_duration(interval));
            let message = format!("{timeout} is longer than the scrape interval of {interval}: expected at most that");
            Err(Problem::new(&at.key("scrape_timeout"), message))
        }
        _ => Ok(()),
    }
}

fn protocols(at: &Path, raw: Option<Vec<ScrapeProtocol>>) -> Result<Option<Vec<ScrapeProtocol>>, Problem> {
    let Some(protocols) = raw else { return Ok(None) };
    let at = at.key("scrape_protocols");
    if protocols.is_empty() {
        return Err(Problem::new(&at, "expected at least one protocol"));
    }
    match (1..protocols.len()).find(|i| protocols[..*i].contains(&protocols[*i])) {
        Some(i) => Err(Problem::new(&at.item(i), "this protocol stands here twice")),
        None => Ok(Some(protocols)),
    }
}

fn rules(at: &Path, raw: Option<Vec<RawRule>>) -> Result<Vec<Rule>, Problem> {
    let compile = |(i, rule): (usize, RawRule)| rule.compile(&at.item(i));
    raw.unwrap_or_default().into_iter().enumerate().map(compile).collect()
}

fn groups(at: &Path, raw: Vec<RawGroup>) -> Result<Vec<TargetGroup>, Problem> {
    raw.into_iter().enumerate().map(|(i, group)| target_group(&at.item(i), group)).collect()
}

/// Checks one group of targets, from the configuration or from discovery.
pub(super) fn target_group(at: &Path, group: RawGroup) -> Result<TargetGroup, Problem> {
    for name in group.labels.keys() {
        label_name(&at.key("labels"), name)?;
    }
    if group.targets.is_none() && group.labels.is_empty() {
        return Err(Problem::new(at, "nothing stands here: expected `targets`"));
    }
    let targets = group.targets.unwrap_or_default();
    for (t, target) in targets.iter().enumerate() {
        check_address(target).map_err(|message| Problem::new(&at.key("targets").item(t), message))?;
    }
    Ok(TargetGroup { targets, labels: group.labels.into_iter().collect() })
}

/// A target is `host` or `host:port`, never a URL.
pub(crate) fn check_address(address: &str) -> Result<(), String> {
    if address.contains('/') {
        return Err(format!(
            "{address:?} is not an address: expected host:port, with the rest in `scheme`, `metrics_path` and `params`"
        ));
    }
    Ok(())
}

fn label_name(at: &Path, name: &str) -> Result<(), Problem> {
    match name {
        "" => Err(Problem::new(at, "a label has no name")),
        "__name__" => Err(Problem::new(&at.user_key(name), "a target has no metric name")),
        _ => Ok(()),
    }
}
