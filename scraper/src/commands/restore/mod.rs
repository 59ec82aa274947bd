//! `restore`: makes a storage folder of a backup.

use crate::counted::counted;
use std::path::PathBuf;

/// Flags of `restore`.
#[derive(Clone, Debug, clap::Args)]
pub struct Restore {
    /// The storage folder to make, empty or not there yet
    #[arg(long = "storage.path", value_name = "DIR")]
    pub storage_path: PathBuf,
    /// Which backup, by its name; the newest where it is left out
    #[arg(long, value_name = "NAME")]
    pub backup: Option<String>,
    /// The folder of backups
    #[arg(value_name = "SRC")]
    pub from: PathBuf,
}

impl Restore {
    /// Makes it, and says of what.
    #[expect(clippy::print_stderr, reason = "the command's own words to the person who runs it")]
    pub fn run(&self) -> anyhow::Result<()> {
        let done = procession_store::restore(&self.from, self.backup.as_deref(), &self.storage_path)?;
        eprintln!(
            "restored backup {} to {}: {} samples in {}, {} of rollups; {}, {} of metrics",
            done.name,
            self.storage_path.display(),
            done.samples,
            counted(done.blocks, "block"),
            counted(done.rollups, "block"),
            counted(done.exemplars, "exemplar"),
            counted(done.families, "description")
        );
        Ok(())
    }
}
