//! Backups on a schedule.

use crate::commands::backup_said;
use crate::metrics::Metrics;
use procession_store::{Store, last_backup};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// After a failure it is tried again so soon, or at the next due moment where that is sooner.
const RETRY: Duration = Duration::from_secs(600);

/// When backups are taken, and where they are.
#[derive(Clone, Debug)]
pub struct Backups {
    /// The folder of backups.
    pub to: PathBuf,
    /// How old the newest may become.
    pub every: Duration,
    /// How many stay.
    pub keep: usize,
}

/// Takes a backup whenever the newest one is old enough, also one that an earlier run took, until the end.
pub(super) async fn take(store: Store, backups: Backups, metrics: Metrics, ending: CancellationToken) {
    loop {
        let to = backups.to.clone();
        let newest = tokio::task::spawn_blocking(move || last_backup(&to)).await.ok().flatten();
        // One from the future was taken under another clock.
        let age = newest.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        let wait = age.map_or(Duration::ZERO, |age| backups.every.saturating_sub(age));
        if sleep(wait, &ending).await {
            return;
        }
        let (store, to, stop) = (store.clone(), backups.to.clone(), ending.clone());
        let keep = Some(backups.keep);
        let taken = tokio::task::spawn_blocking(move || {
            store.backup(&to, keep, &|| stop.is_cancelled()).map_err(|e| e.to_string())
        });
        let taken = taken.await.map_err(|e| e.to_string()).flatten();
        metrics.count_backup(taken.is_ok());
        match taken {
            Ok(done) => tracing::info!("{}", backup_said(&done, &backups.to)),
            Err(error) if ending.is_cancelled() => {
                tracing::info!(error, "the end came before that of a backup");
                return;
            }
            Err(error) => {
                tracing::error!(error, "no backup could be taken, it is tried again");
                if sleep(RETRY.min(backups.every), &ending).await {
                    return;
                }
            }
        }
    }
}

/// True where the end came first.
async fn sleep(time: Duration, ending: &CancellationToken) -> bool {
    tokio::time::timeout(time, ending.cancelled()).await.is_ok() || ending.is_cancelled()
}
