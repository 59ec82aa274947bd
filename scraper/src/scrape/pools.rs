//! Which targets are scraped: a pool for each job, a loop for each target.

use super::budget::{Budget, BudgetState};
use super::fetch::Fetcher;
use super::looping::{ScrapeLoop, Shared};
use super::metadata::{FamilyMetadata, MetadataStore};
use super::worker::Worker;
use crate::config::{Config, Job, Limits};
use crate::discovery::Found;
use crate::target::status::{DroppedTarget, LastScrape, RefusedTarget, TargetStatus, TargetsSnapshot};
use crate::target::{Discovered, Target, discover, seed};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use procession_openmetrics::Labels;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The targets as others see them. Clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Targets(Arc<ArcSwap<Listing>>);

#[derive(Debug, Default)]
struct Listing {
    active: Vec<Listed>,
    dropped: Vec<DroppedTarget>,
    refused: Vec<RefusedTarget>,
    pools: Vec<(Arc<Job>, Arc<Budget>)>,
}

#[derive(Clone, Debug)]
struct Listed {
    target: Target,
    last: Arc<Mutex<LastScrape>>,
    metadata: Arc<Mutex<MetadataStore>>,
}

impl Targets {
    /// All targets and their last scrapes, in the order of the configuration.
    pub fn snapshot(&self) -> TargetsSnapshot {
        let listing = self.0.load();
        let status = |l: &Listed| TargetStatus { target: l.target.clone(), last: l.last.lock().clone() };
        TargetsSnapshot {
            active: listing.active.iter().map(status).collect(),
            dropped: listing.dropped.clone(),
            refused: listing.refused.clone(),
            discovery_errors: Vec::new(),
            pools: listing.pools.iter().map(|(job, _)| job.name.clone()).collect(),
        }
    }

    /// The number of targets that are scraped.
    pub fn len(&self) -> usize {
        self.0.load().active.len()
    }

    /// The job of a name.
    pub(crate) fn job(&self, name: &str) -> Option<Arc<Job>> {
        self.0.load().pools.iter().find(|(job, _)| job.name == name).map(|(job, _)| job.clone())
    }

    /// How many series the targets of each job have, by its name.
    pub(crate) fn budgets(&self) -> Vec<(String, BudgetState)> {
        self.0.load().pools.iter().map(|(job, budget)| (job.name.clone(), budget.state())).collect()
    }

    /// Whether nothing is scraped.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What every target says about its metric families, with the target's labels.
    pub fn metadata(&self) -> Vec<(Labels, String, FamilyMetadata)> {
        let listing = self.0.load();
        let mut all = Vec::new();
        for listed in &listing.active {
            let metadata = listed.metadata.lock();
            all.extend(metadata.iter().map(|(name, m)| (listed.target.labels.clone(), name.to_owned(), m.clone())));
        }
        all
    }
}

/// What tells one loop from another: a target that keeps it is the same target.
type Key = (String, Labels, String);

fn key(target: &Target) -> Key {
    (target.pool.clone(), target.labels.clone(), target.url.clone())
}

/// A loop that runs.
struct Running<R> {
    target: Target,
    job: Arc<Job>,
    last: Arc<Mutex<LastScrape>>,
    metadata: Arc<Mutex<MetadataStore>>,
    seed: u64,
    stop: CancellationToken,
    ended: JoinHandle<Worker<R>>,
}

/// What the targets of a job share.
struct Pool {
    job: Arc<Job>,
    fetcher: Arc<Fetcher>,
    refusal: Arc<Mutex<Option<String>>>,
    budget: Arc<Budget>,
}

/// All pools and loops.
pub(crate) struct Pools<R> {
    shared: Arc<Shared<R>>,
    targets: Targets,
    pools: HashMap<String, Pool>,
    running: HashMap<Key, Running<R>>,
}

impl<R: Copy + Eq + Hash + Send + Sync + 'static> Pools<R> {
    /// No targets yet.
    pub(crate) fn new(shared: Arc<Shared<R>>) -> Self {
        Pools { shared, targets: Targets::default(), pools: HashMap::new(), running: HashMap::new() }
    }

    /// The targets as others see them.
    pub(crate) fn targets(&self) -> Targets {
        self.targets.clone()
    }

    /// Scrapes what a configuration says and what discovery found for it from now on. Loops of targets that it does not
    /// change go on without a gap. Where it fails, nothing has changed.
    pub(crate) async fn apply(&mut self, config: &Config, found: &Found) -> Result<(), String> {
        let pools = self.prepare(config)?;
        let seed = seed(&config.external_labels);
        let mut listing = Listing::default();
        let mut kept = HashMap::new();
        let mut starting = Vec::new();
        for job in &config.jobs {
            let Some(pool) = pools.get(&job.name) else { continue };
            let Discovered { active, dropped, refused } = discover(job, found.of(&job.name));
            for (labels, reason) in &refused {
                tracing::warn!(job = job.name, target = %labels, reason, "the target can't be scraped");
            }
            *pool.refusal.lock() = (job.target_limit > 0 && active.len() > job.target_limit).then(|| {
                format!(
                    "target_limit exceeded: the job has {} targets, the limit is {}",
                    active.len(),
                    job.target_limit
                )
            });
            let shown = if job.keep_dropped_targets == 0 { usize::MAX } else { job.keep_dropped_targets };
            listing.dropped.extend(
                dropped.into_iter().take(shown).map(|discovered| DroppedTarget { pool: job.name.clone(), discovered }),
            );
            listing.refused.extend(refused.into_iter().map(|(discovered, reason)| RefusedTarget {
                pool: job.name.clone(),
                discovered,
                reason,
            }));
            pool.budget.set_limit(job.limits.series);
            listing.pools.push((job.clone(), pool.budget.clone()));
            for target in active {
                let listed = match self.running.remove(&key(&target)) {
                    Some(mut running) if running.seed == seed && unchanged(&running, &target, job) => {
                        running.target = target;
                        let listed = running.listed();
                        kept.insert(key(&running.target), running);
                        listed
                    }
                    replaced => {
                        let (looping, listed) = self.new_loop(target, pool, seed, replaced.as_ref());
                        starting.push((looping, replaced));
                        listed
                    }
                };
                listing.active.push(listed);
            }
        }
        self.targets.0.store(Arc::new(listing));
        let removed = std::mem::replace(&mut self.running, kept);
        for running in removed.values().chain(starting.iter().filter_map(|(_, replaced)| replaced.as_ref())) {
            running.stop.cancel();
        }
        // The series of a target that only moved get their end before they go on.
        self.end(removed).await;
        for (looping, replaced) in starting {
            self.start(looping, replaced).await;
        }
        self.pools = pools;
        Ok(())
    }

    /// Whether a configuration could be applied. The error names what can't be read or used.
    pub(crate) fn check(&self, config: &Config) -> Result<(), String> {
        self.prepare(config).map(drop)
    }

    /// The pools of a configuration: clients of jobs that fetch as before are kept with their connections.
    fn prepare(&self, config: &Config) -> Result<HashMap<String, Pool>, String> {
        let mut pools = HashMap::with_capacity(config.jobs.len());
        for job in &config.jobs {
            let pool = match self.pools.get(&job.name) {
                Some(old) if scrapes_alike(&old.job, job) => Pool {
                    job: job.clone(),
                    fetcher: old.fetcher.clone(),
                    refusal: old.refusal.clone(),
                    budget: old.budget.clone(),
                },
                old => Pool {
                    job: job.clone(),
                    fetcher: Arc::new(Fetcher::new(job)?),
                    refusal: Arc::default(),
                    budget: old.map(|old| old.budget.clone()).unwrap_or_default(),
                },
            };
            pools.insert(job.name.clone(), pool);
        }
        Ok(pools)
    }

    fn new_loop(
        &self,
        target: Target,
        pool: &Pool,
        seed: u64,
        replaced: Option<&Running<R>>,
    ) -> (ScrapeLoop<R>, Listed) {
        let (last, metadata) = replaced.map(|r| (r.last.clone(), r.metadata.clone())).unwrap_or_default();
        let listed = Listed { target: target.clone(), last: last.clone(), metadata: metadata.clone() };
        let looping = ScrapeLoop {
            request: pool.fetcher.request(&target.url, target.timeout).ok(),
            target,
            job: pool.job.clone(),
            fetcher: pool.fetcher.clone(),
            refusal: pool.refusal.clone(),
            last,
            metadata,
            budget: pool.budget.clone(),
            seed,
            shared: self.shared.clone(),
        };
        (looping, listed)
    }

    /// Starts a loop; one that replaces another takes over what is known of its series.
    async fn start(&mut self, looping: ScrapeLoop<R>, replaced: Option<Running<R>>) {
        let worker = match replaced {
            Some(running) => running.ended.await.ok().map(Worker::under_new_rules),
            None => None,
        };
        let stop = CancellationToken::new();
        let (target, job) = (looping.target.clone(), looping.job.clone());
        let (last, metadata, seed) = (looping.last.clone(), looping.metadata.clone(), looping.seed);
        let worker = worker.unwrap_or_else(|| looping.new_worker());
        let ended = self.shared.runtime.spawn(looping.run(worker, stop.clone()));
        let running = Running { target, job, last, metadata, seed, stop, ended };
        self.running.insert(key(&running.target), running);
    }

    /// Ends loops whose targets are gone, and their series.
    async fn end(&self, removed: HashMap<Key, Running<R>>) {
        for running in removed.into_values() {
            let Ok(worker) = running.ended.await else { continue };
            let shared = self.shared.clone();
            let ended = tokio::task::spawn_blocking(move || {
                let now_ms = (shared.clock.now_ns)() / 1_000_000;
                worker.end(i64::try_from(now_ms).unwrap_or(i64::MAX), &shared.sink)
            });
            if let Ok(Err(reason)) = ended.await {
                tracing::warn!(url = running.target.url, reason, "no staleness markers for a target that is gone");
            }
        }
    }

    /// What is added to the hashes of the targets whose loops run.
    #[cfg(test)]
    pub(crate) fn seeds(&self) -> Vec<u64> {
        self.running.values().map(|running| running.seed).collect()
    }

    /// Stops all loops. Their series are not ended: the next start goes on with them.
    pub(crate) async fn stop(self) {
        for running in self.running.values() {
            running.stop.cancel();
        }
        for running in self.running.into_values() {
            // A loop that panicked has said so.
            let _ = running.ended.await;
        }
    }
}

impl<R> Running<R> {
    fn listed(&self) -> Listed {
        Listed { target: self.target.clone(), last: self.last.clone(), metadata: self.metadata.clone() }
    }
}

fn unchanged<R>(running: &Running<R>, target: &Target, job: &Job) -> bool {
    let same_moments = (running.target.interval, running.target.timeout) == (target.interval, target.timeout);
    same_moments && scrapes_alike(&running.job, job) && !running.ended.is_finished()
}

/// Whether a target's scrapes are the same under both: which targets there are makes no difference.
fn scrapes_alike(a: &Job, b: &Job) -> bool {
    let scraping = |job: &Job| Job {
        groups: Vec::new(),
        discovery: Vec::new(),
        relabel: Vec::new(),
        target_limit: 0,
        keep_dropped_targets: 0,
        limits: Limits { series: 0, ..job.limits },
        ..job.clone()
    };
    scraping(a) == scraping(b)
}
