//! Texts that stand in the configuration or in files, and whether the files have changed.

use crate::config::Secret;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Texts as they are read, and the files that they came from.
#[derive(Debug, Default)]
pub(super) struct Reading {
    files: Vec<(PathBuf, Option<Stamp>)>,
}

/// What changes when a file does: its time, its length, and itself where another one took its place.
type Stamp = (SystemTime, u64, u64);

impl Reading {
    /// A text without white space at its ends. The error names the file.
    pub(super) fn text(&mut self, secret: &Secret) -> Result<String, String> {
        match secret {
            Secret::Text(text) => Ok(text.clone()),
            Secret::File(path) => {
                // Before it is read: a change in between is then seen later.
                self.files.push((path.clone(), stamp(path)));
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                Ok(text.trim().to_owned())
            }
        }
    }

    /// Whether anything came from a file.
    pub(super) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether a file is no longer what was read.
    pub(super) fn is_outdated(&self) -> bool {
        self.files.iter().any(|(path, read)| stamp(path) != *read)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let itself = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let itself = 0;
    Some((metadata.modified().ok()?, metadata.len(), itself))
}
