//! The service: store, loops and API, wired together.

#[cfg(test)]
mod tests;
mod wiring;

use crate::api;
use crate::config::{Config, ConfigError};
use crate::metrics::Metrics;
use crate::scrape::{Clock, Pools, ScrapeThread, Shared};
use crate::target::seed;
use anyhow::Context;
use parking_lot::Mutex;
use procession_store::Store;
use procession_web::{Bound, Endpoints, Ready, ReloadRequests, reload, serve};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
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
    /// The bounds of the query API.
    pub queries: api::Limits,
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
            queries: api::Limits::default(),
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
    let metrics = Metrics::default();
    let sink = wiring::sink(store.clone());
    let thread = ScrapeThread::start().context("cannot start the thread that scrapes")?;
    let shared = Shared::new(thread.handle(), Clock::system(), sink, metrics.clone(), seed(&config.external_labels));
    let mut pools = Pools::new(Arc::new(shared));
    pools.apply(&config).await.map_err(anyhow::Error::msg)?;
    let current = Arc::new(Mutex::new(Current::now(config.yaml)));
    tracing::info!(jobs = config.jobs.len(), targets = pools.targets().len(), "scraping");

    // Ends with the caller's, or when serving fails.
    let ending = shutdown.child_token();
    let (reload, requests) = reload::channel();
    reload.on_hangup(ending.clone());
    let endpoints = Endpoints {
        ready: Ready::new(true),
        reload: Some(reload),
        metrics: Some(Arc::new(metrics.registry(store.clone(), pools.targets()))),
    };
    let router = api::router(wiring::api_state(&store, &options, pools.targets(), current.clone()));
    let reloading = tokio::spawn(answer_reloads(options.config, requests, pools, metrics, current, ending.clone()));
    let served = serve(bound, endpoints, router, ending.clone()).await;
    ending.cancel();
    let pools = reloading.await.context("reloading was given up")?;
    pools.stop().await;
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

async fn close(store: Store) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || Ok(store.close()?)).await?
}

/// Answers wishes for a reload until the end; gives the loops back to be stopped.
async fn answer_reloads<R>(
    source: ConfigSource,
    mut requests: ReloadRequests,
    mut pools: Pools<R>,
    metrics: Metrics,
    current: Arc<Mutex<Current>>,
    ending: CancellationToken,
) -> Pools<R>
where
    R: Copy + Eq + std::hash::Hash + Send + Sync + 'static,
{
    loop {
        let request = tokio::select! {
            () = ending.cancelled() => return pools,
            request = requests.next() => request,
        };
        let Some(request) = request else { return pools };
        let outcome = reload(&source, &mut pools).await;
        metrics.count_reload(outcome.is_ok());
        request.answer(match outcome {
            Ok(config) => {
                *current.lock() = Current::now(config.yaml);
                Ok(())
            }
            Err(reason) => {
                current.lock().reloaded.succeeded = false;
                Err(reason)
            }
        });
    }
}

async fn reload<R>(source: &ConfigSource, pools: &mut Pools<R>) -> Result<Config, String>
where
    R: Copy + Eq + std::hash::Hash + Send + Sync + 'static,
{
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || source.read()).await.map_err(|e| e.to_string())?;
    let config = read.map_err(|e| e.to_string())?;
    pools.apply(&config).await?;
    Ok(config)
}

impl Current {
    fn now(yaml: String) -> Self {
        Current { yaml, reloaded: api::Reloaded { succeeded: true, at_ms: jiff::Timestamp::now().as_millisecond() } }
    }
}
