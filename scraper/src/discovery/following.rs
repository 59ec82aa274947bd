//! Sources that are asked in time, and who is told when their answers change.

use super::dns::Names;
use super::file::{self, Files};
use super::http::Server;
#[cfg(feature = "kubernetes")]
use super::kubernetes;
use super::{Answer, Found};
use crate::config::{Config, Discovery};
use crate::metrics::Metrics;
use crate::target::status::DiscoveryError;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// All sources of the configuration in use.
#[derive(Debug)]
pub(crate) struct Discoverers {
    running: Vec<Running>,
    changed: Arc<Notify>,
    metrics: Metrics,
    errors: Errors,
}

/// What hinders discovery at this moment, for the API. Clones show the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Arc<Mutex<Vec<Watched>>>);

type Watched = (String, watch::Receiver<Option<Answer>>);

impl Errors {
    /// One for each thing that could not be read.
    pub(crate) fn list(&self) -> Vec<DiscoveryError> {
        let mut list = Vec::new();
        for (pool, answer) in self.0.lock().iter() {
            let errors = answer.borrow().as_ref().map(|a| a.errors.clone()).unwrap_or_default();
            list.extend(errors.into_iter().map(|error| DiscoveryError { pool: pool.clone(), error }));
        }
        list
    }
}

/// A source that is asked by a task of its own until this is dropped.
#[derive(Debug)]
struct Running {
    job: String,
    config: Discovery,
    /// `None` until the first answer.
    answer: watch::Receiver<Option<Answer>>,
    _stop: DropGuard,
}

impl Discoverers {
    /// Nothing to ask yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Discoverers { running: Vec::new(), changed: Arc::default(), metrics, errors: Errors::default() }
    }

    /// What hinders discovery, for others to show.
    pub(crate) fn errors(&self) -> Errors {
        self.errors.clone()
    }

    /// Asks what a configuration names from now on; what it named before goes on with what it knows. New sources are
    /// awaited for so long, so that a reload finds their targets at once.
    pub(crate) async fn apply(&mut self, config: &Config, patience: Duration) {
        let mut before = std::mem::take(&mut self.running);
        for job in &config.jobs {
            for source in &job.discovery {
                let old = before.iter().position(|r| r.job == job.name && r.config == *source);
                self.running.push(match old {
                    Some(at) => before.swap_remove(at),
                    None => self.start(&job.name, source),
                });
            }
        }
        *self.errors.0.lock() = self.running.iter().map(|r| (r.job.clone(), r.answer.clone())).collect();
        let answered = async {
            for running in &mut self.running {
                // An error means that its task is gone; there is nothing to wait for.
                let _ = running.answer.wait_for(Option::is_some).await;
            }
        };
        let _ = tokio::time::timeout(patience, answered).await;
    }

    /// What has been found up to now.
    pub(crate) fn found(&self) -> Found {
        let mut found = Found::default();
        for running in &self.running {
            if let Some(answer) = running.answer.borrow().as_ref() {
                found.0.entry(running.job.clone()).or_default().extend(answer.groups.iter().cloned());
            }
        }
        found
    }

    /// Waits until something was found that [`Discoverers::found`] did not have before.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn start(&self, job: &str, config: &Discovery) -> Running {
        let source = match config.clone() {
            Discovery::File(config) => Source::File(Box::new(Files::new(config))),
            Discovery::Http(config) => Source::Http(Box::new(Server::new(*config))),
            Discovery::Dns(config) => Source::Dns(Box::new(Names::new(config))),
            #[cfg(feature = "kubernetes")]
            Discovery::Kubernetes(config) => Source::Kubernetes(Box::new(kubernetes::Cluster::new(*config))),
        };
        let pause = match config {
            Discovery::File(config) => file::LOOK.min(config.refresh_interval),
            Discovery::Http(config) => config.refresh_interval,
            Discovery::Dns(config) => config.refresh_interval,
            // Asking waits for news.
            #[cfg(feature = "kubernetes")]
            Discovery::Kubernetes(_) => kubernetes::SETTLING,
        };
        let (said, answer) = watch::channel(None);
        let stop = CancellationToken::new();
        let following = Following {
            job: job.to_owned(),
            pause,
            said,
            changed: self.changed.clone(),
            metrics: self.metrics.clone(),
        };
        tokio::spawn({
            let stop = stop.clone();
            async move { stop.run_until_cancelled(following.run(source)).await }
        });
        Running { job: job.to_owned(), config: config.clone(), answer, _stop: stop.drop_guard() }
    }
}

enum Source {
    File(Box<Files>),
    Http(Box<Server>),
    Dns(Box<Names>),
    #[cfg(feature = "kubernetes")]
    Kubernetes(Box<kubernetes::Cluster>),
}

impl Source {
    /// Asks; `None` after a defect of ours.
    async fn ask(self) -> Option<(Source, Answer)> {
        Some(match self {
            Source::File(mut files) => {
                let looking = tokio::task::spawn_blocking(move || {
                    let answer = files.look();
                    (files, answer)
                });
                let (files, answer) = looking.await.ok()?;
                (Source::File(files), answer)
            }
            Source::Http(mut server) => {
                let answer = server.ask().await;
                (Source::Http(server), answer)
            }
            Source::Dns(mut names) => {
                let answer = names.look_up().await;
                (Source::Dns(names), answer)
            }
            #[cfg(feature = "kubernetes")]
            Source::Kubernetes(mut cluster) => {
                let answer = cluster.ask().await;
                (Source::Kubernetes(cluster), answer)
            }
        })
    }
}

/// Asking one source again and again.
struct Following {
    job: String,
    pause: Duration,
    said: watch::Sender<Option<Answer>>,
    changed: Arc<Notify>,
    metrics: Metrics,
}

impl Following {
    async fn run(self, mut source: Source) {
        loop {
            let Some((asked, answer)) = source.ask().await else {
                tracing::error!(job = self.job, "discovery was given up");
                return;
            };
            source = asked;
            self.metrics.count_discovery(answer.errors.is_empty());
            self.tell(answer);
            tokio::time::sleep(self.pause).await;
        }
    }

    fn tell(&self, answer: Answer) {
        let mut found_other = false;
        self.said.send_if_modified(|last| {
            let (groups, errors) = last.as_ref().map(|l| (&l.groups, &l.errors)).unzip();
            if errors.map_or(&[][..], Vec::as_slice) != answer.errors {
                for error in &answer.errors {
                    tracing::warn!(job = self.job, error, "discovery failed; what was found before stays");
                }
            }
            found_other = groups != Some(&answer.groups);
            let modified = last.as_ref() != Some(&answer);
            *last = Some(answer);
            modified
        });
        if found_other {
            self.changed.notify_one();
        }
    }
}
