//! The running exporter: configuration, scanner, listener, reload.

use std::path::PathBuf;
use std::sync::Arc;

use procession_web::{Bound, Endpoints, Ready, ReloadRequests};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::metric::Scheme;
use crate::scan::Scanner;
use crate::serve::{SharedScanner, answer};
use crate::source::{Choice, Recheck, Source};

/// The port it listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 9956;

/// What the exporter runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where readings come from.
    pub source: Choice,
    /// The proc root, `/proc` as a rule; the source `sysinfo` has none.
    pub procfs: PathBuf,
    /// The configuration file; without one, [`Config::of_scheme`] holds.
    pub config_file: Option<PathBuf>,
    /// What the command line says in place of the file.
    pub overrides: Overrides,
}

/// What stands on process-exporter's command line, and in our file: what is given here goes before the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Whether processes that no rule takes follow their parents.
    pub children: Option<bool>,
    /// When processes are named again.
    pub recheck: Option<Recheck>,
    /// Whose names the families of groups have.
    pub scheme: Scheme,
    /// Whether also processes that have not run since the last scan are read.
    pub full_scans: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            source: Choice::Auto,
            procfs: PathBuf::from("/proc"),
            config_file: None,
            overrides: Overrides::default(),
        }
    }
}

impl Options {
    /// What the file and the command line say together.
    ///
    /// # Errors
    /// Where the file is refused.
    pub fn config(&self) -> Result<Config, crate::Error> {
        let scheme = self.overrides.scheme;
        let mut config = match &self.config_file {
            Some(file) => Config::load(file, scheme)?,
            None => Config::of_scheme(scheme),
        };
        config.children = self.overrides.children.unwrap_or(config.children);
        config.naming.recheck = self.overrides.recheck.unwrap_or(config.naming.recheck);
        config.full_scans = self.overrides.full_scans;
        Ok(config)
    }
}

/// Serves until `shutdown` is cancelled.
///
/// # Errors
/// Where the configuration is refused, the proc root is none, or the listener fails.
pub async fn run(options: Options, bound: Bound, shutdown: CancellationToken) -> anyhow::Result<()> {
    let source = Source::open(options.source, &options.procfs)?;
    let scanner = Arc::new(SharedScanner::new(Scanner::new(source, options.config()?)));
    let (reload, requests) = procession_web::reload::channel();
    reload.on_hangup(shutdown.clone());
    let reloading = tokio::spawn(reload_when_asked(options, scanner.clone(), requests));
    #[cfg(unix)]
    let ends = tokio::spawn({
        let scanner = scanner.clone();
        async move { scanner.take_ends().await }
    });
    let samples = tokio::spawn({
        let scanner = scanner.clone();
        async move { scanner.sample().await }
    });
    let endpoints = Endpoints { ready: Ready::new(true), reload: Some(reload), metrics: None };
    let service = tower::service_fn(move |request| answer(scanner.clone(), request));
    let served = procession_web::serve(bound, endpoints, service, shutdown).await;
    reloading.abort();
    samples.abort();
    #[cfg(unix)]
    ends.abort();
    Ok(served?)
}

/// A bad file leaves the old configuration running, and whoever asked is told why.
async fn reload_when_asked(options: Options, scanner: Arc<SharedScanner>, mut requests: ReloadRequests) {
    while let Some(request) = requests.next().await {
        let outcome = match options.config() {
            Ok(config) => {
                scanner.configure(config).await;
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        };
        request.answer(outcome);
    }
}
