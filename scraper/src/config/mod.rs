//! The scraper's configuration: Prometheus's `global` and `scrape_configs`, decoded strictly and compiled.

mod compile;
mod discovery;
mod duration;
mod files;
mod folder;
mod groups;
mod http;
mod job;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod names;
mod position;
mod problem;
mod protocol;
mod raw;
mod redact;
mod refused;
mod relabel;
mod retention;
mod scalar;
mod size;
#[cfg(test)]
mod tests;

pub(crate) use compile::check_address;
pub use discovery::{Discovery, DnsDiscovery, FileDiscovery, HttpDiscovery, RecordType};
pub use duration::{format_duration, parse_duration};
pub(crate) use groups::{ListFormat, parse_groups};
pub use http::{Credentials, Header, HttpClient, OAuth2, Proxy, Secret, Tls, TlsVersion};
pub use job::{Config, CreatedTimestamps, DEFAULT_BODY_SIZE_LIMIT, Job, Limits, TargetGroup};
#[cfg(feature = "kubernetes")]
pub use kubernetes::{KubernetesAccess, KubernetesDiscovery, KubernetesRole, KubernetesSelector};
pub use names::NameValidation;
pub use problem::ConfigError;
pub use protocol::ScrapeProtocol;
#[cfg(test)]
pub(crate) use relabel::relabel_rules;
pub use size::parse_size;

use std::path::Path;

impl Config {
    /// Compiles a YAML text; `file` is what errors call it, and other files are looked for beside it. An empty text is a configuration without jobs.
    pub fn parse(text: &str, file: &str) -> Result<Config, ConfigError> {
        let raw: Option<raw::RawConfig> =
            serde_yaml::from_str(text).map_err(|error| ConfigError::from_yaml(file, &error))?;
        let folder = folder::Folder(Path::new(file).parent().unwrap_or(Path::new("")));
        let mut raw = raw.unwrap_or_default();
        let rules = raw.storage.as_mut().and_then(|storage| storage.retention.take()).unwrap_or_default();
        let retention = rules.into_iter().map(retention::RawRetention::compile).collect();
        let exemplars = raw.storage.as_ref().and_then(|storage| storage.exemplars.as_ref());
        let max_exemplars = exemplars.and_then(|e| e.max_exemplars).and_then(|n| usize::try_from(n).ok());
        let (jobs, external_labels) =
            compile::compile(raw, &folder).map_err(|problem| ConfigError::from_problem(file, text, problem))?;
        Ok(Config { yaml: redact::redact(text), external_labels, jobs, max_exemplars, retention })
    }

    /// This configuration and the jobs of another one; a job name that both have is refused.
    pub(crate) fn beside(mut self, other: &Config) -> Result<Config, ConfigError> {
        if let Some(twice) = other.jobs.iter().find(|job| self.jobs.iter().any(|own| own.name == job.name)) {
            return Err(ConfigError {
                file: "scrape_configs".to_owned(),
                place: None,
                key: "job_name".to_owned(),
                message: format!("{:?} is the name of a job that is there already; choose another", twice.name),
            });
        }
        self.jobs.extend(other.jobs.iter().cloned());
        // Two documents: each has a `global` of its own.
        self.yaml = format!("{}---\n# Beside the file, made by the program:\n{}", self.yaml, other.yaml);
        Ok(self)
    }

    /// Reads and compiles a file.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(&file, &error))?;
        Config::parse(&text, &file)
    }
}
