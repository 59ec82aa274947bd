//! `verify`: reads every checksum of a storage folder or of a folder of backups.

use crate::counted::counted;
use std::path::PathBuf;

/// Flags of `verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct Verify {
    /// A storage folder, also of a running scraper, or a folder of backups
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

impl Verify {
    /// Reads it, and says what is wrong. False where something is.
    #[expect(clippy::print_stderr, reason = "the command's own words to the person who runs it")]
    pub fn run(&self) -> anyhow::Result<bool> {
        let found = procession_store::verify(&self.folder)?;
        for line in &found.wrong {
            eprintln!("wrong: {line}");
        }
        for line in &found.left_out {
            eprintln!("not looked at: {line}");
        }
        eprintln!(
            "{}: whole are {} with {} samples and {} of rollups, {} bytes were read; {} wrong",
            self.folder.display(),
            counted(found.blocks, "block"),
            found.samples,
            counted(found.rollups, "block"),
            found.bytes,
            found.wrong.len()
        );
        Ok(found.wrong.is_empty())
    }
}
