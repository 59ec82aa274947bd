//! The rules in force, followed as their files change.

use crate::Error;
use crate::rules::Rules;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How a service listens; the default is plain HTTP for anyone. Clones share what was read last.
#[derive(Clone, Debug, Default)]
pub struct Security {
    rules: Arc<ArcSwap<Rules>>,
    file: Option<Arc<Followed>>,
}

impl Security {
    /// Reads and checks a web configuration file; certificates are looked for beside it. From then on a change of any
    /// of these files is taken over with the next request.
    pub fn load(path: &Path) -> Result<Security, Error> {
        let (rules, files) = Rules::read(path)?;
        let seen = Seen { at: Instant::now(), fingerprints: fingerprints(&files), files };
        let file = Some(Arc::new(Followed { path: path.to_owned(), seen: Mutex::new(seen) }));
        Ok(Security { rules: Arc::new(ArcSwap::from_pointee(rules)), file })
    }

    /// Whether whoever asks must show who they are.
    pub fn authenticates(&self) -> bool {
        self.current().authenticates()
    }

    pub(crate) fn current(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// The rules for what comes in now: read again where a file has changed since the last look, a second ago at least.
    /// What can't be used leaves the old rules in force, and the log says why.
    pub(crate) async fn follow(&self) -> Arc<Rules> {
        if let Some(file) = self.file.clone().filter(|file| file.is_due(Instant::now())) {
            let rules = self.rules.clone();
            // A look at the disk, and reading keys, may block.
            if let Err(error) = tokio::task::spawn_blocking(move || file.look(&rules)).await {
                tracing::error!(%error, "the web configuration could not be looked at");
            }
        }
        self.current()
    }
}

/// How long a look at the files is good for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A configuration file and what it looked like, with the files that it names.
#[derive(Debug)]
struct Followed {
    path: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    files: Vec<PathBuf>,
    fingerprints: Vec<Fingerprint>,
}

/// When a file was written and how long it is; `None` where it is not there.
type Fingerprint = Option<(SystemTime, u64)>;

fn fingerprints(files: &[PathBuf]) -> Vec<Fingerprint> {
    let look = |path: &PathBuf| std::fs::metadata(path).ok().and_then(|m| Some((m.modified().ok()?, m.len())));
    files.iter().map(look).collect()
}

impl Followed {
    /// Whether a look is due; the one who is told so is the one to take it.
    fn is_due(&self, now: Instant) -> bool {
        // Held, it is held by a look that is under way.
        let Some(mut seen) = self.seen.try_lock() else { return false };
        let due = now.saturating_duration_since(seen.at) >= LOOK_EVERY;
        if due {
            seen.at = now;
        }
        due
    }

    fn look(&self, rules: &ArcSwap<Rules>) {
        let mut seen = self.seen.lock();
        let fingerprints_now = fingerprints(&seen.files);
        if seen.fingerprints == fingerprints_now {
            return;
        }
        match Rules::read(&self.path) {
            Ok((new, files)) => {
                rules.store(Arc::new(new));
                // What changes while it is read has changed since `fingerprints_now`.
                seen.fingerprints = if files == seen.files { fingerprints_now } else { fingerprints(&files) };
                seen.files = files;
                tracing::info!(file = %self.path.display(), "web configuration read again");
            }
            Err(error) => {
                // Not tried again before something changes.
                seen.fingerprints = fingerprints_now;
                tracing::error!(%error, "the old web configuration goes on");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn follows_the_file_and_survives_a_wrong_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.yml");
        std::fs::write(&path, "http_server_config: {http2: false}").unwrap();
        let security = Security::load(&path).unwrap();
        let file = security.file.clone().unwrap();
        // The sizes differ, so that the resolution of the file system's clock does not decide.
        for (text, http2) in
            [("http_server_config: {http2: nonsense}", false), ("http_server_config: {http2: true}", true)]
        {
            std::fs::write(&path, text).unwrap();
            file.look(&security.rules);
            assert_eq!(security.follow().await.http2, http2, "{text}");
        }
        let now = Instant::now() + LOOK_EVERY;
        assert!(file.is_due(now) && !file.is_due(now) && file.is_due(now + LOOK_EVERY));
    }
}
