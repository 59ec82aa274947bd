//! One scanner for all requests: scans run on a blocking thread, and requests that wait for one share the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use procession_web::exposition::Format;
#[cfg(unix)]
use tokio::io::{Interest, unix::AsyncFd};
use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::time::MissedTickBehavior;

use super::landing;
use super::pieces::{self, Pieces};
use super::query;
use crate::config::Config;
use crate::encode::Compression;
use crate::error::Error;
use crate::metric::Family;
use crate::scan::Scanner;

/// How often there is a sample for peaks.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Ended processes are taken in no more often than this between scans.
#[cfg(unix)]
const BETWEEN_ENDS: Duration = Duration::from_millis(50);

/// The scanner and when it last looked.
#[derive(Debug)]
pub(crate) struct SharedScanner {
    state: Arc<Mutex<State>>,
    slow_clients: Arc<Semaphore>,
    /// What the landing page says of the source.
    source: String,
}

#[derive(Debug)]
struct State {
    scanner: Scanner,
    /// When the last good scan ended.
    scanned_at: Option<Instant>,
}

/// What a request wants.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    pub(crate) query: Option<String>,
    /// When reading has to end.
    pub(crate) deadline: Option<Instant>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The query is wrong.
    Query(String),
    /// The scraper's time was over before its turn came.
    Late,
    /// The scan failed.
    Failed(Error),
    /// The thread that scanned has panicked.
    Broken,
}

impl SharedScanner {
    pub(crate) fn new(scanner: Scanner) -> SharedScanner {
        let source = scanner.source();
        SharedScanner {
            source: landing::source(source.name(), source.refusal(), &source.exits()),
            state: Arc::new(Mutex::new(State { scanner, scanned_at: None })),
            slow_clients: Arc::new(Semaphore::new(pieces::SLOW_CLIENTS)),
        }
    }

    /// What the landing page says of the source.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Takes over a new configuration, between two scans.
    pub(crate) async fn configure(&self, config: Config) {
        self.state.lock().await.scanner.configure(config);
    }

    /// Takes in ended processes whenever the kernel has half a buffer full of them, for ever; ends where nothing tells of any.
    #[cfg(unix)]
    pub(crate) async fn take_ends(&self) {
        let Some(ready) = self.state.lock().await.scanner.source().ends_ready() else { return };
        #[expect(
            deprecated,
            reason = "its successor is unsafe, for types that may change their descriptor; an OwnedFd does not"
        )]
        let registered = AsyncFd::with_interest(ready, Interest::READABLE);
        let ready = match registered {
            Ok(ready) => ready,
            Err(error) => {
                tracing::warn!(%error, "ended processes are taken in by scans alone");
                return;
            }
        };
        while let Ok(mut guard) = ready.readable().await {
            // What comes from now on is told of again.
            guard.clear_ready();
            let mut state = self.state.clone().lock_owned().await;
            let taken = tokio::task::spawn_blocking(move || state.scanner.take_ends());
            if taken.await.is_err() {
                return;
            }
            // Some sources have this ready for each single one.
            tokio::time::sleep(BETWEEN_ENDS).await;
        }
    }

    /// Scans once a second where peaks are asked for, for ever.
    pub(crate) async fn sample(&self) {
        let mut seconds = tokio::time::interval(SAMPLE_EVERY);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            seconds.tick().await;
            let mut state = self.state.clone().lock_owned().await;
            if !state.scanner.families().has(Family::Peaks) {
                continue;
            }
            let scanned = tokio::task::spawn_blocking(move || {
                let scanned = state.scanner.scan(Some(Instant::now() + SAMPLE_EVERY));
                if scanned.is_ok() {
                    state.scanned_at = Some(Instant::now());
                }
                scanned
            });
            match scanned.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a sample for peaks is missing"),
                Err(_) => return,
            }
        }
    }

    /// An answer, of which the first piece comes when the scan is over. A scan that ended while this request waited is
    /// young enough for it: the request was there before the scan was over.
    pub(crate) async fn scrape(&self, ask: Ask) -> Result<Pieces, Refusal> {
        let arrived = Instant::now();
        let lock = self.state.clone().lock_owned();
        // Waiting takes no thread; a client that hangs up stops waiting.
        let mut state = match ask.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), lock).await.map_err(|_| Refusal::Late)?,
            None => lock.await,
        };
        let families = query::families(ask.query.as_deref(), state.scanner.families()).map_err(Refusal::Query)?;
        let (mut writer, pieces) = pieces::channel(self.slow_clients.clone());
        let (scanned, begin) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            if state.scanned_at.is_none_or(|at| at < arrived) {
                if let Err(error) = state.scanner.scan(ask.deadline) {
                    let _ = scanned.send(Err(error));
                    return;
                }
                state.scanned_at = Some(Instant::now());
            }
            // Who has hung up meanwhile wants no answer; the scan serves those who wait.
            if scanned.send(Ok(())).is_err() {
                return;
            }
            let mut outlet = |piece| writer.write(piece);
            match state.scanner.write(ask.format, ask.compression, families, &mut outlet) {
                Ok(()) => writer.finish(),
                // The client sees that the answer ends too soon.
                Err(error) => tracing::debug!(%error, "an answer was cut off"),
            }
        });
        match begin.await {
            Ok(Ok(())) => Ok(pieces),
            Ok(Err(error)) => Err(Refusal::Failed(error)),
            Err(_) => Err(Refusal::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::procfs::{Procfs, Units};
    use http_body_util::BodyExt as _;
    use std::path::Path;

    fn ask(deadline: Option<Instant>) -> Ask {
        Ask { format: Format::Text, compression: Compression::None, query: None, deadline }
    }

    async fn scans(answer: Result<Pieces, Refusal>) -> String {
        let body = answer.expect("an answer").collect().await.expect("whole").to_bytes();
        let text = std::str::from_utf8(&body).expect("text");
        let line = text.lines().find(|l| l.starts_with("procession_exporter_scans_total "));
        line.expect("the number of scans").to_owned()
    }

    #[tokio::test]
    async fn requests_that_wait_share_one_scan_and_later_ones_have_their_own() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
        let source = Procfs::open(&root, Path::new("/etc/passwd"), Units::of_this_system()).expect("the captured tree");
        let shared = SharedScanner::new(Scanner::new(source, Config::default()));
        let ask = || async { scans(shared.scrape(ask(None)).await).await };
        let busy = shared.state.clone().lock_owned().await;
        let (first, second, ()) = tokio::join!(ask(), ask(), async { drop(busy) });
        assert_eq!(first, "procession_exporter_scans_total 1");
        assert_eq!(second, "procession_exporter_scans_total 1");
        assert_eq!(ask().await, "procession_exporter_scans_total 2");
    }

    #[tokio::test]
    async fn who_has_waited_too_long_is_told() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
        let source = Procfs::open(&root, Path::new("/etc/passwd"), Units::of_this_system()).expect("the captured tree");
        let shared = SharedScanner::new(Scanner::new(source, Config::default()));
        let _busy = shared.state.clone().lock_owned().await;
        let late = shared.scrape(ask(Some(Instant::now()))).await;
        assert!(matches!(late, Err(Refusal::Late)));
    }
}
