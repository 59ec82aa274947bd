//! `backup`: by a running scraper, or of a folder that none runs on.

use super::server::{block_on, post};
use crate::counted::counted;
use anyhow::Context;
use procession_store::{BackedUp, Options, Store};
use std::path::{Path, PathBuf};

/// Flags of `backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct Backup {
    /// The scraper that takes it, which runs with --web.enable-admin-api; http://USER:PASSWORD@HOST:PORT where it wants a
    /// password
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9957", conflicts_with = "storage_path")]
    pub server: String,
    /// A storage folder that no scraper runs on, to be backed up without one
    #[arg(long = "storage.path", value_name = "DIR")]
    pub storage_path: Option<PathBuf>,
    /// How many backups stay in DEST, the newest ones; all where it is left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// The folder of backups, on the host of the scraper
    #[arg(value_name = "DEST")]
    pub to: PathBuf,
}

impl Backup {
    /// Takes it, and says what was done.
    #[expect(clippy::print_stderr, reason = "the command's own words to the person who runs it")]
    pub fn run(&self) -> anyhow::Result<()> {
        let to = std::path::absolute(&self.to)?;
        match &self.storage_path {
            Some(folder) => {
                let done = local(folder, &to, self.keep.map(|keep| keep as usize))?;
                eprintln!("{}", said(&done, &to));
            }
            None => {
                let keep = self.keep.map(|keep| keep.to_string()).unwrap_or_default();
                let to = to.to_str().context("the name of the folder is not UTF-8")?;
                let answer: serde_json::Value = block_on(async {
                    let form = [("to", to), ("keep", keep.as_str())];
                    Ok(post(&self.server, "/api/v1/admin/backup", &form).await?.json().await?)
                })?;
                eprintln!("{}", answer["data"]["summary"].as_str().unwrap_or("done"));
            }
        }
        Ok(())
    }
}

fn local(folder: &Path, to: &Path, keep: Option<usize>) -> anyhow::Result<BackedUp> {
    // Opening makes a store where there is none, which a reader must not.
    let is_store = folder.join("head.duckdb").is_file() || folder.join("blocks").is_dir();
    anyhow::ensure!(is_store, "the folder {} holds no store", folder.display());
    // Retention is the scraper's to apply, with the age that it was told.
    let options = Options { retention: None, rollup_retention: None, ..Options::default() };
    let store = Store::open(folder, options)?;
    let done = store.backup(to, keep, &|| false);
    store.close()?;
    Ok(done?)
}

/// What was done, in a line for people.
pub(crate) fn said(done: &BackedUp, to: &Path) -> String {
    let removed = if done.removed > 0 { format!("; {} older removed", done.removed) } else { String::new() };
    format!(
        "backup {} in {}: {} samples in {}, {} of rollups; copied {} ({} bytes){removed}",
        done.name,
        to.display(),
        done.samples,
        counted(done.blocks, "block"),
        counted(done.rollups, "block"),
        counted(done.copied_blocks, "block"),
        done.copied_bytes
    )
}
