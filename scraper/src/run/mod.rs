//! The service: store, loops and API, wired together.

mod backups;
#[cfg(test)]
mod tests;
mod wiring;

#[cfg(test)]
pub(crate) use wiring::sink;

pub use backups::Backups;

use crate::api;
use crate::config::{Config, ConfigError};
use crate::discovery::Discoverers;
use crate::metrics::Metrics;
use crate::scrape::{Clock, Pools, ScrapeThread, Shared};
use anyhow::Context;
use parking_lot::Mutex;
use procession_store::Store;
use procession_web::{Bound, Endpoints, Ready, ReloadRequests, reload, serve};
use std::collections::BTreeMap;
use std::hash::Hash;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// What the scraper needs to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to scrape.
    pub config: ConfigSource,
    /// The folder of the store; it is created where it is missing.
    pub storage_path: PathBuf,
    /// How the store works.
    pub storage: procession_store::Options,
    /// Series that all targets together may have at a time, 0 for any number; past it new ones are left out.
    pub series_limit: usize,
    /// The bounds of the query API.
    pub queries: api::Limits,
    /// Whose pages may read answers of the API: nobody's where there is none.
    pub cors: Option<api::Origins>,
    /// Whether the endpoints under `/api/v1/admin/` do anything.
    pub admin_api: bool,
    /// Backups on a schedule.
    pub backups: Option<Backups>,
    /// The flags of the command line by name, for `/api/v1/status/flags`.
    pub flags: BTreeMap<String, String>,
}

impl Options {
    /// A configuration and a folder, everything else by default.
    pub fn new(config: ConfigSource, storage_path: impl Into<PathBuf>) -> Self {
        Options {
            config,
            storage_path: storage_path.into(),
            storage: procession_store::Options::default(),
            series_limit: 0,
            queries: api::Limits::default(),
            cors: None,
            admin_api: false,
            backups: None,
            flags: BTreeMap::new(),
        }
    }
}

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub enum ConfigSource {
    /// A file, read again at every reload.
    File(PathBuf),
    /// One that was made by the program; a reload changes nothing.
    Fixed(Config),
    /// A file, read again at every reload, and the jobs of one that was made by the program beside it.
    FileAndFixed(PathBuf, Config),
}

impl ConfigSource {
    fn read(&self) -> Result<Config, ConfigError> {
        match self {
            ConfigSource::File(path) => Config::read(path),
            ConfigSource::Fixed(config) => Ok(config.clone()),
            ConfigSource::FileAndFixed(path, fixed) => Config::read(path)?.beside(fixed),
        }
    }
}

/// The configuration in use and how its last reading went.
pub(crate) struct Current {
    yaml: String,
    reloaded: api::Reloaded,
}

/// Scrapes, stores and answers until shutdown; then stops the loops and closes the store, so that every sample that was
/// taken is on disk.
pub async fn run(options: Options, bound: Bound, shutdown: CancellationToken) -> anyhow::Result<()> {
    // Whoever runs us in a process of theirs may have chosen a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = options.config.read()?;
    let store = open(&options).await?;
    configure(&store, &config);
    let metrics = Metrics::default();
    let sink = wiring::sink(store.clone());
    let thread = ScrapeThread::start().context("cannot start the thread that scrapes")?;
    let shared = Arc::new(Shared::new(thread.handle(), Clock::system(), sink, metrics.clone()));
    shared.budget.set_limit(options.series_limit);
    let mut pools = Pools::new(shared.clone());
    let mut discoverers = Discoverers::new(metrics.clone());
    // A start waits for nobody: what is found comes as a change.
    discoverers.apply(&config, Duration::ZERO).await;
    pools.apply(&config, &discoverers.found()).await.map_err(anyhow::Error::msg)?;
    let current = Arc::new(Mutex::new(Current::now(&config)));
    tracing::info!(jobs = config.jobs.len(), targets = pools.targets().len(), "scraping");

    // Ends with the caller's, or when serving fails.
    let ending = shutdown.child_token();
    let (reload, requests) = reload::channel();
    reload.on_hangup(ending.clone());
    let endpoints = Endpoints {
        ready: Ready::new(true),
        reload: Some(reload),
        metrics: Some(Arc::new(metrics.registry(store.clone(), pools.targets(), shared.budget.clone()))),
    };
    let shown = wiring::Shown { targets: pools.targets(), discovery: discoverers.errors(), current: current.clone() };
    let router = api::router(wiring::api_state(&store, &options, shown));
    let backups = options
        .backups
        .clone()
        .map(|backups| tokio::spawn(backups::take(store.clone(), backups, metrics.clone(), ending.clone())));
    let scraping =
        Scraping { store: store.clone(), source: options.config, config, pools, discoverers, metrics, current };
    let following = tokio::spawn(scraping.follow(requests, ending.clone()));
    let served = serve(bound, endpoints, router, ending.clone()).await;
    ending.cancel();
    let pools = following.await.context("reloading was given up")?;
    pools.stop().await;
    if let Some(backups) = backups {
        backups.await.context("backups were given up")?;
    }
    // Nothing runs there any more: it ends at once.
    drop(thread);
    close(store).await?;
    Ok(served?)
}

async fn open(options: &Options) -> anyhow::Result<Store> {
    let (path, storage) = (options.storage_path.clone(), options.storage.clone());
    let (opened, opening) = oneshot::channel();
    // DuckDB's threads inherit the name of the one that opens it.
    let thread = std::thread::Builder::new().name("duckdb".to_owned());
    thread
        .spawn(move || {
            // Where nobody waits any more, the store closes again.
            let _ = opened.send(Store::open(&path, storage));
        })
        .context("cannot start the thread that opens the store")?;
    Ok(opening.await.context("opening the store was given up")??)
}

/// What the configuration says of the store.
fn configure(store: &Store, config: &Config) {
    store.keep_by(config.retention.clone());
    store.limit_exemplars(config.max_exemplars.unwrap_or(procession_store::Options::default().max_exemplars));
}

async fn close(store: Store) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || Ok(store.close()?)).await?
}

/// The longest that a reload waits for new sources of targets.
const DISCOVERY_PATIENCE: Duration = Duration::from_secs(5);

/// What is scraped, and where that is written.
struct Scraping<R> {
    store: Store,
    source: ConfigSource,
    config: Config,
    pools: Pools<R>,
    discoverers: Discoverers,
    metrics: Metrics,
    current: Arc<Mutex<Current>>,
}

impl<R: Copy + Eq + Hash + Send + Sync + 'static> Scraping<R> {
    /// Answers wishes for a reload and follows discovery until the end; gives the loops back to be stopped.
    async fn follow(mut self, mut requests: ReloadRequests, ending: CancellationToken) -> Pools<R> {
        loop {
            let request = tokio::select! {
                () = ending.cancelled() => return self.pools,
                request = requests.next() => request,
                () = self.discoverers.changed() => {
                    if let Err(reason) = self.pools.apply(&self.config, &self.discoverers.found()).await {
                        tracing::error!(reason, "what discovery found is not scraped");
                    }
                    continue;
                }
            };
            let Some(request) = request else { return self.pools };
            let outcome = self.reload().await;
            self.metrics.count_reload(outcome.is_ok());
            if outcome.is_err() {
                self.current.lock().reloaded.succeeded = false;
            }
            request.answer(outcome);
        }
    }

    async fn reload(&mut self) -> Result<(), String> {
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || source.read()).await.map_err(|e| e.to_string())?;
        let config = read.map_err(|e| e.to_string())?;
        self.pools.check(&config)?;
        self.discoverers.apply(&config, DISCOVERY_PATIENCE).await;
        self.pools.apply(&config, &self.discoverers.found()).await?;
        configure(&self.store, &config);
        *self.current.lock() = Current::now(&config);
        self.config = config;
        Ok(())
    }
}

impl Current {
    fn now(config: &Config) -> Self {
        let yaml = config.yaml.clone();
        Current { yaml, reloaded: api::Reloaded { succeeded: true, at_ms: jiff::Timestamp::now().as_millisecond() } }
    }
}
