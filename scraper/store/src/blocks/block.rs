//! One block on disk, as long as somebody uses it.

use super::checked::Checked;
use super::{Meta, SAMPLES_FILE, SERIES_FILE, sync};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// A whole block. Its files stay until the last handle is gone, also when it was forgotten meanwhile.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) folder: PathBuf,
    pub(crate) meta: Meta,
    forgotten: AtomicBool,
    pub(super) checked: Checked,
}

impl Block {
    pub(crate) fn new(folder: PathBuf, meta: Meta) -> Block {
        Block { folder, meta, forgotten: AtomicBool::new(false), checked: Checked::default() }
    }

    /// The file of samples.
    pub(crate) fn samples(&self) -> PathBuf {
        self.folder.join(SAMPLES_FILE)
    }

    /// The file of series.
    pub(crate) fn series(&self) -> PathBuf {
        self.folder.join(SERIES_FILE)
    }

    /// Removes the files as soon as no query reads them any more.
    pub(crate) fn forget(&self) {
        self.forgotten.store(true, Ordering::Release);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.forgotten.load(Ordering::Acquire)
            && let Err(cause) = sync::remove_folder(&self.folder)
        {
            // The next start tries again.
            tracing::warn!(block = %self.folder.display(), error = %cause, "an old block could not be removed");
        }
    }
}
