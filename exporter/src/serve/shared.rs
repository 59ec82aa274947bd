//! One scanner for all requests: scans run on a blocking thread, and requests that wait for one share the next.

use std::sync::Arc;
use std::time::Instant;

use procession_web::exposition::Format;
use tokio::sync::Mutex;

use crate::config::Config;
use crate::encode::Compression;
use crate::error::Error;
use crate::scan::Scanner;

/// The scanner and when it last looked.
#[derive(Debug)]
pub(crate) struct SharedScanner(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    scanner: Scanner,
    /// When the last good scan ended.
    scanned_at: Option<Instant>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The scraper's time was over before its turn came.
    Late,
    /// The scan failed.
    Failed(Error),
    /// The thread that scanned has panicked.
    Broken,
}

impl SharedScanner {
    pub(crate) fn new(scanner: Scanner) -> SharedScanner {
        SharedScanner(Arc::new(Mutex::new(State { scanner, scanned_at: None })))
    }

    /// Takes over a new configuration, between two scans.
    pub(crate) async fn configure(&self, config: Config) {
        self.0.lock().await.scanner.configure(config);
    }

    /// A whole answer. A scan that ended while this request waited is young enough for it: the request was there
    /// before the scan was over.
    pub(crate) async fn scrape(
        &self,
        format: Format,
        compression: Compression,
        deadline: Option<Instant>,
    ) -> Result<Vec<u8>, Refusal> {
        let arrived = Instant::now();
        let lock = self.0.clone().lock_owned();
        // Waiting takes no thread; a client that hangs up stops waiting.
        let mut state = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline.into(), lock).await.map_err(|_| Refusal::Late)?,
            None => lock.await,
        };
        let work = tokio::task::spawn_blocking(move || {
            if state.scanned_at.is_none_or(|at| at < arrived) {
                state.scanner.scan(deadline)?;
                state.scanned_at = Some(Instant::now());
            }
            state.scanner.write(format, compression)
        });
        work.await.map_err(|_| Refusal::Broken)?.map_err(Refusal::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::procfs::{Procfs, Units};
    use std::path::Path;

    fn scans(answer: Result<Vec<u8>, Refusal>) -> String {
        let text = String::from_utf8(answer.expect("an answer")).expect("text");
        let line = text.lines().find(|l| l.starts_with("procession_exporter_scans_total "));
        line.expect("the number of scans").to_owned()
    }

    #[tokio::test]
    async fn requests_that_wait_share_one_scan_and_later_ones_have_their_own() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
        let source = Procfs::open(&root, Path::new("/etc/passwd"), Units::of_this_system()).expect("the captured tree");
        let shared = SharedScanner::new(Scanner::new(source, Config::default()));
        let ask = || shared.scrape(Format::Text, Compression::None, None);
        let busy = shared.0.clone().lock_owned().await;
        let (first, second, ()) = tokio::join!(ask(), ask(), async { drop(busy) });
        assert_eq!(scans(first), "procession_exporter_scans_total 1");
        assert_eq!(scans(second), "procession_exporter_scans_total 1");
        assert_eq!(scans(ask().await), "procession_exporter_scans_total 2");
    }

    #[tokio::test]
    async fn who_has_waited_too_long_is_told() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/proc");
        let source = Procfs::open(&root, Path::new("/etc/passwd"), Units::of_this_system()).expect("the captured tree");
        let shared = SharedScanner::new(Scanner::new(source, Config::default()));
        let _busy = shared.0.clone().lock_owned().await;
        let late = shared.scrape(Format::Text, Compression::None, Some(Instant::now())).await;
        assert!(matches!(late, Err(Refusal::Late)));
    }
}
