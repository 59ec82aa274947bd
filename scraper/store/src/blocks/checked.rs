//! What is known of a block's bytes since the store was opened: those who read them without checksums of pages (SQL, and queries of
//! blocks that have none) have each file read as a whole once, before the first of them.

use super::page_sums::{PageSums, check};
use super::parquet_file::ParquetFile;
use super::{Block, SAMPLES_FILE, SERIES_FILE};
use parquet::errors::Result;
use std::fs::File;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which files of a block were read as a whole and had the right bytes.
#[derive(Debug, Default)]
pub(super) struct Checked {
    samples: AtomicBool,
    series: AtomicBool,
    /// The checksums of pages of a block that has no file of them.
    sums: OnceLock<PageSums>,
}

impl Block {
    /// Notes that all of it was read and is right.
    pub(crate) fn was_checked(&self) {
        self.checked.samples.store(true, Ordering::Relaxed);
        self.checked.series.store(true, Ordering::Relaxed);
    }

    /// Reads the file of samples, unless that was done before.
    pub(crate) fn check_samples(&self) -> Result<()> {
        once(&self.checked.samples, || check(SAMPLES_FILE, File::open(self.samples())?, &self.meta.samples_file))
    }

    /// Reads the file of series, unless that was done before.
    pub(crate) fn check_series(&self) -> Result<()> {
        once(&self.checked.series, || check(SERIES_FILE, File::open(self.series())?, &self.meta.series_file))
    }

    /// What its pages must add up to. Where no file says it, it is what they do after all of them were found to be right.
    pub(crate) fn page_sums(&self) -> Result<PageSums> {
        if let Some(sums) = PageSums::read(&self.folder, &self.meta)? {
            return Ok(sums);
        }
        if let Some(sums) = self.checked.sums.get() {
            return Ok(sums.clone());
        }
        let sums = ParquetFile::open(&self.samples(), None)?.page_sums()?;
        // Read afterwards, and whether or not it was before: the sums are of these bytes.
        check(SAMPLES_FILE, File::open(self.samples())?, &self.meta.samples_file)?;
        Ok(self.checked.sums.get_or_init(|| sums).clone())
    }
}

/// Two who come at once may both read it.
fn once(done: &AtomicBool, check: impl FnOnce() -> Result<()>) -> Result<()> {
    if !done.load(Ordering::Relaxed) {
        check()?;
        done.store(true, Ordering::Relaxed);
    }
    Ok(())
}
