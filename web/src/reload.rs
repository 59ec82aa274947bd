//! Reloading the configuration: `POST /-/reload` and SIGHUP ask, the service answers.

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// The asking end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reload {
    requests: mpsc::Sender<ReloadRequest>,
}

/// The answering end, held by the service.
#[derive(Debug)]
pub struct ReloadRequests {
    requests: mpsc::Receiver<ReloadRequest>,
}

/// One wish for a reload; dropping it counts as a refusal.
#[derive(Debug)]
pub struct ReloadRequest {
    answer: oneshot::Sender<Result<(), String>>,
}

/// Both ends. One wish may wait while another is answered.
pub fn channel() -> (Reload, ReloadRequests) {
    let (sender, receiver) = mpsc::channel(1);
    (Reload { requests: sender }, ReloadRequests { requests: receiver })
}

impl Reload {
    /// Asks for a reload and waits for the answer; the error says why the old configuration goes on.
    pub async fn request(&self) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        let gone = || "the service is shutting down".to_owned();
        self.requests.send(ReloadRequest { answer }).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Reloads on every SIGHUP until shutdown. Does nothing where there is no such signal.
    pub fn on_hangup(&self, shutdown: CancellationToken) {
        #[cfg(unix)]
        {
            // Registered at once: from here on the signal does not end the process.
            let kind = tokio::signal::unix::SignalKind::hangup();
            let mut signals = match tokio::signal::unix::signal(kind) {
                Ok(signals) => signals,
                Err(error) => return tracing::warn!(%error, "SIGHUP will not reload the configuration"),
            };
            let this = self.clone();
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        () = shutdown.cancelled() => return,
                        _ = signals.recv() => match this.request().await {
                            Ok(()) => tracing::info!("configuration reloaded"),
                            Err(error) => tracing::error!(%error, "the old configuration goes on"),
                        },
                    }
                }
            });
        }
        #[cfg(not(unix))]
        drop(shutdown);
    }
}

impl ReloadRequests {
    /// The next wish; `None` when nobody can ask any more.
    pub async fn next(&mut self) -> Option<ReloadRequest> {
        self.requests.recv().await
    }
}

impl ReloadRequest {
    /// Tells whoever asked how it went.
    pub fn answer(self, outcome: Result<(), String>) {
        // Whoever asked may have hung up.
        let _ = self.answer.send(outcome);
    }
}
