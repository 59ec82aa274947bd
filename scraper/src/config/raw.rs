//! The file as it is written: names, nesting and defaults of Prometheus, nothing checked across keys yet.

use super::discovery::{RawDnsDiscovery, RawFileDiscovery, RawHttpDiscovery};
use super::duration::ConfigDuration;
use super::http::{RawAuthorization, RawBasicAuth, RawHeader, RawOAuth2, RawTls};
use super::job::CreatedTimestamps;
use super::names::{ConfigEscaping, ConfigValidation};
use super::protocol::ScrapeProtocol;
use super::refused::{
    Discovery, Logging, NativeHistograms, Receiving, Refused, RemoteReading, RemoteWriting, Rules, Settings,
    SplitFiles, StorageKeys, Tracing,
};
use super::relabel::RawRule;
use super::retention::RawRetention;
use super::size::ConfigSize;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `global` and `scrape_configs`")]
pub(super) struct RawConfig {
    pub(super) global: Option<RawGlobal>,
    pub(super) scrape_configs: Option<Vec<RawJob>>,

    pub(super) scrape_config_files: Refused<SplitFiles>,
    pub(super) rule_files: Refused<Rules>,
    pub(super) alerting: Refused<Rules>,
    pub(super) remote_write: Refused<RemoteWriting>,
    pub(super) remote_read: Refused<RemoteReading>,
    pub(super) storage: Option<RawStorage>,
    pub(super) otlp: Refused<Receiving>,
    pub(super) tracing: Refused<Tracing>,
    pub(super) runtime: Refused<Settings>,
}

/// `storage`: of Prometheus's, how many exemplars are kept; and ours.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `exemplars` and `retention`")]
pub(super) struct RawStorage {
    /// Ours: which series are kept for how long.
    pub(super) retention: Option<Vec<RawRetention>>,
    pub(super) exemplars: Option<RawExemplars>,
    pub(super) tsdb: Refused<StorageKeys>,
}

/// `storage.exemplars`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `max_exemplars`")]
pub(super) struct RawExemplars {
    pub(super) max_exemplars: Option<u64>,
}

/// `global`: what holds for every job that does not say otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of global settings")]
pub(super) struct RawGlobal {
    pub(super) scrape_interval: Option<ConfigDuration>,
    pub(super) scrape_timeout: Option<ConfigDuration>,
    pub(super) scrape_protocols: Option<Vec<ScrapeProtocol>>,
    pub(super) external_labels: BTreeMap<String, String>,
    pub(super) body_size_limit: Option<ConfigSize>,
    pub(super) sample_limit: u64,
    /// Ours: what is past it is left out, and the scrape succeeds.
    pub(super) soft_sample_limit: u64,
    /// Ours: for the series of all targets of a job together.
    pub(super) series_limit: u64,
    /// Ours: what becomes of `_created` lines.
    pub(super) created_timestamps: Option<CreatedTimestamps>,
    pub(super) target_limit: u64,
    pub(super) label_limit: u64,
    pub(super) label_name_length_limit: u64,
    pub(super) label_value_length_limit: u64,
    pub(super) keep_dropped_targets: u64,
    /// Stands in nearly every file. There are no rules to evaluate, so only its form is looked at.
    pub(super) evaluation_interval: Option<ConfigDuration>,
    pub(super) metric_name_validation_scheme: Option<ConfigValidation>,
    pub(super) metric_name_escaping_scheme: Option<ConfigEscaping>,

    pub(super) rule_query_offset: Refused<Rules>,
    pub(super) query_log_file: Refused<Logging>,
    pub(super) scrape_failure_log_file: Refused<Logging>,
    pub(super) scrape_native_histograms: Refused<NativeHistograms>,
    pub(super) convert_classic_histograms_to_nhcb: Refused<NativeHistograms>,
    /// Asks for what happens anyway: there are no native histograms beside the classic ones.
    pub(super) always_scrape_classic_histograms: bool,
    pub(super) extra_scrape_metrics: Refused<Settings>,
}

/// One entry of `scrape_configs`.
#[derive(Debug, Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a scrape configuration: a mapping with `job_name`, `static_configs`, ..."
)]
pub(super) struct RawJob {
    pub(super) job_name: String,
    pub(super) scrape_interval: Option<ConfigDuration>,
    pub(super) scrape_timeout: Option<ConfigDuration>,
    pub(super) scrape_protocols: Option<Vec<ScrapeProtocol>>,
    pub(super) fallback_scrape_protocol: Option<ScrapeProtocol>,
    pub(super) metrics_path: Option<String>,
    pub(super) scheme: Option<Scheme>,
    pub(super) params: BTreeMap<String, Vec<String>>,
    pub(super) honor_labels: bool,
    pub(super) honor_timestamps: Yes,
    pub(super) track_timestamps_staleness: bool,
    pub(super) enable_compression: Yes,
    pub(super) follow_redirects: Yes,
    pub(super) enable_http2: Yes,
    pub(super) basic_auth: Option<RawBasicAuth>,
    pub(super) authorization: Option<RawAuthorization>,
    pub(super) oauth2: Option<RawOAuth2>,
    pub(super) bearer_token: Option<String>,
    pub(super) bearer_token_file: Option<PathBuf>,
    pub(super) http_headers: BTreeMap<String, RawHeader>,
    pub(super) proxy_url: Option<String>,
    pub(super) no_proxy: Option<String>,
    pub(super) proxy_from_environment: bool,
    pub(super) proxy_connect_header: BTreeMap<String, Vec<String>>,
    pub(super) tls_config: Option<RawTls>,
    pub(super) static_configs: Option<Vec<RawGroup>>,
    pub(super) file_sd_configs: Option<Vec<RawFileDiscovery>>,
    pub(super) http_sd_configs: Option<Vec<RawHttpDiscovery>>,
    pub(super) dns_sd_configs: Option<Vec<RawDnsDiscovery>>,
    pub(super) relabel_configs: Option<Vec<RawRule>>,
    pub(super) metric_relabel_configs: Option<Vec<RawRule>>,
    pub(super) body_size_limit: Option<ConfigSize>,
    pub(super) sample_limit: u64,
    /// Ours: what is past it is left out, and the scrape succeeds.
    pub(super) soft_sample_limit: u64,
    /// Ours: for the series of all targets of a job together.
    pub(super) series_limit: u64,
    /// Ours: what becomes of `_created` lines.
    pub(super) created_timestamps: Option<CreatedTimestamps>,
    pub(super) target_limit: u64,
    pub(super) label_limit: u64,
    pub(super) label_name_length_limit: u64,
    pub(super) label_value_length_limit: u64,
    pub(super) keep_dropped_targets: u64,
    pub(super) metric_name_validation_scheme: Option<ConfigValidation>,
    pub(super) metric_name_escaping_scheme: Option<ConfigEscaping>,
    pub(super) always_scrape_classic_histograms: bool,

    pub(super) aws_sd_configs: Refused<Discovery>,
    pub(super) azure_sd_configs: Refused<Discovery>,
    pub(super) consul_sd_configs: Refused<Discovery>,
    pub(super) digitalocean_sd_configs: Refused<Discovery>,
    pub(super) docker_sd_configs: Refused<Discovery>,
    pub(super) dockerswarm_sd_configs: Refused<Discovery>,
    pub(super) ec2_sd_configs: Refused<Discovery>,
    pub(super) ecs_sd_configs: Refused<Discovery>,
    pub(super) elasticache_sd_configs: Refused<Discovery>,
    pub(super) eureka_sd_configs: Refused<Discovery>,
    pub(super) gce_sd_configs: Refused<Discovery>,
    pub(super) hetzner_sd_configs: Refused<Discovery>,
    pub(super) ionos_sd_configs: Refused<Discovery>,
    #[cfg(feature = "kubernetes")]
    pub(super) kubernetes_sd_configs: Option<Vec<super::kubernetes::RawKubernetesDiscovery>>,
    #[cfg(not(feature = "kubernetes"))]
    pub(super) kubernetes_sd_configs: Refused<super::refused::Kubernetes>,
    pub(super) kuma_sd_configs: Refused<Discovery>,
    pub(super) lightsail_sd_configs: Refused<Discovery>,
    pub(super) linode_sd_configs: Refused<Discovery>,
    pub(super) marathon_sd_configs: Refused<Discovery>,
    pub(super) mq_sd_configs: Refused<Discovery>,
    pub(super) msk_sd_configs: Refused<Discovery>,
    pub(super) nerve_sd_configs: Refused<Discovery>,
    pub(super) nomad_sd_configs: Refused<Discovery>,
    pub(super) oci_sd_configs: Refused<Discovery>,
    pub(super) openstack_sd_configs: Refused<Discovery>,
    pub(super) outscale_sd_configs: Refused<Discovery>,
    pub(super) ovhcloud_sd_configs: Refused<Discovery>,
    pub(super) puppetdb_sd_configs: Refused<Discovery>,
    pub(super) rds_sd_configs: Refused<Discovery>,
    pub(super) scaleway_sd_configs: Refused<Discovery>,
    pub(super) serverset_sd_configs: Refused<Discovery>,
    pub(super) stackit_sd_configs: Refused<Discovery>,
    pub(super) triton_sd_configs: Refused<Discovery>,
    pub(super) uyuni_sd_configs: Refused<Discovery>,
    pub(super) vultr_sd_configs: Refused<Discovery>,

    pub(super) scrape_failure_log_file: Refused<Logging>,
    pub(super) scrape_native_histograms: Refused<NativeHistograms>,
    pub(super) convert_classic_histograms_to_nhcb: Refused<NativeHistograms>,
    pub(super) native_histogram_bucket_limit: Refused<NativeHistograms>,
    pub(super) native_histogram_min_bucket_factor: Refused<NativeHistograms>,
    pub(super) extra_scrape_metrics: Refused<Settings>,
}

/// A switch that is on unless it is switched off.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Yes(pub(super) bool);

impl Default for Yes {
    fn default() -> Self {
        Yes(true)
    }
}

/// How a target is spoken to.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scheme {
    #[default]
    Http,
    Https,
}

/// One entry of `static_configs`, or of what discovery finds: targets that share labels.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping with `targets` and `labels`")]
pub(super) struct RawGroup {
    pub(super) targets: Option<Vec<String>>,
    pub(super) labels: BTreeMap<String, String>,
}
