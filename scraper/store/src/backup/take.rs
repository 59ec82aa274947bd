//! Taking a backup.

use super::copy::{BLOCKS, copy_block};
use super::lists::{self, List};
use super::{Stop, failed};
use crate::Error;
use crate::blocks::{Block, stored_blocks, sync};
use crate::folder::Lock;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What a backup did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// The name of the backup: when it was taken.
    pub name: String,
    /// Blocks and samples that it has.
    pub blocks: usize,
    /// Samples in them.
    pub samples: u64,
    /// Blocks that were not there yet.
    pub copied_blocks: usize,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Backups that were removed because more are there than are kept.
    pub removed: usize,
}

/// Copies the blocks that are not there yet, and adds the list. Of all backups the newest `keep` stay.
pub(crate) fn take(blocks: &[Arc<Block>], to: &Path, keep: Option<usize>, stop: Stop<'_>) -> Result<BackedUp, Error> {
    let folder = to.join(BLOCKS);
    fs::create_dir_all(&folder).map_err(|e| failed(&folder, e))?;
    let _lock = Lock::take(to)?;
    lists::prepare(to)?;
    remove_unfinished(&folder)?;
    let name = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ").to_string();
    let mut done = BackedUp { name, blocks: blocks.len(), ..BackedUp::default() };
    for block in blocks {
        let bytes = copy_block(block, &folder, stop)?;
        done.copied_blocks += usize::from(bytes > 0);
        done.copied_bytes += bytes;
        done.samples += block.meta.samples;
    }
    sync::folder(to).map_err(|e| failed(to, e))?;
    lists::write(to, &done.name, &List::new(blocks.iter().map(|b| b.meta.clone()).collect()))?;
    if let Some(keep) = keep {
        done.removed = forget(to, keep.max(1))?;
    }
    Ok(done)
}

/// What an earlier backup had no time to finish.
fn remove_unfinished(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|e| failed(folder, e))? {
        let entry = entry.map_err(|e| failed(folder, e))?;
        if sync::is_unfinished(&entry.file_name().to_string_lossy()) {
            fs::remove_dir_all(entry.path()).map_err(|e| failed(&entry.path(), e))?;
        }
    }
    Ok(())
}

/// Removes all but the newest backups, and the blocks that no backup has: also those of a backup that was cut short.
fn forget(to: &Path, keep: usize) -> Result<usize, Error> {
    let names = lists::names(to)?;
    let (old, new) = names.split_at(names.len().saturating_sub(keep));
    let mut kept = BTreeSet::new();
    for name in new {
        kept.extend(lists::read(to, name)?.blocks.iter().map(|b| b.number));
    }
    // First the lists, so that no list ever names a block that is not there.
    old.iter().try_for_each(|name| lists::remove(to, name))?;
    let folder = to.join(BLOCKS);
    for number in stored_blocks(&folder).map_err(|e| failed(&folder, e))? {
        if !kept.contains(&number) {
            let path = folder.join(format!("{number:010}"));
            sync::remove_folder(&path).map_err(|e| failed(&path, e))?;
        }
    }
    Ok(old.len())
}
