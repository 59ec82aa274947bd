//! Where the files that a configuration names are looked for.

use std::path::{Path, PathBuf};

/// The folder of the configuration file: relative names start there, as in Prometheus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Folder<'_> {
    /// A file by the name that stands in the configuration.
    pub(super) fn find(&self, name: &Path) -> PathBuf {
        self.0.join(name)
    }
}
