//! Taking a backup.

use super::copy::copy_block;
use super::lists::{self, List};
use super::{FOLDERS, Stop, failed, tables};
use crate::Error;
use crate::blocks::{BlockList, Meta, stored_blocks, sync};
use crate::folder::Lock;
use crate::head::Shared;
use crate::rollup::Days;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// What a backup did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// The name of the backup: when it was taken.
    pub name: String,
    /// Blocks of samples that it has.
    pub blocks: usize,
    /// Samples in them.
    pub samples: u64,
    /// Blocks of rollups that it has.
    pub rollups: usize,
    /// Blocks of both kinds that were not there yet.
    pub copied_blocks: usize,
    /// Their bytes, and those of what it has beside blocks and was not there yet.
    pub copied_bytes: u64,
    /// Backups that were removed because more are there than are kept.
    pub removed: usize,
}

/// What goes into a backup, as it was at one moment. Its files stay until this is dropped.
pub(crate) struct Content {
    /// The blocks of each of [`FOLDERS`].
    lists: [Arc<BlockList>; 3],
    days: Days,
    tables: tables::Rows,
}

impl Content {
    /// What a store has now.
    pub(crate) fn of(shared: &Shared) -> Content {
        let (list, [hours, minutes], days) = shared.rollups.with(&shared.blocks);
        let (exemplars, families) = (shared.exemplars.lock().all(), shared.families.lock().all());
        Content { lists: [list, hours, minutes], days, tables: tables::Rows { exemplars, families } }
    }
}

/// Copies what is not there yet, and adds the list. Of all backups the newest `keep` stay.
pub(crate) fn take(content: Content, to: &Path, keep: Option<usize>, stop: Stop<'_>) -> Result<BackedUp, Error> {
    let folders = FOLDERS.map(|name| to.join(name));
    for folder in &folders {
        fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    }
    let _lock = Lock::take(to)?;
    lists::prepare(to)?;
    folders.iter().try_for_each(|folder| remove_unfinished(folder))?;
    let name = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ").to_string();
    let Content { lists: all, days, tables } = content;
    let [samples, hours, minutes] = &all;
    let mut done = BackedUp {
        name,
        blocks: samples.blocks.len(),
        samples: samples.blocks.iter().map(|b| b.meta.samples).sum(),
        rollups: hours.blocks.len() + minutes.blocks.len(),
        ..BackedUp::default()
    };
    for (folder, list) in folders.iter().zip(&all) {
        for block in &list.blocks {
            let bytes = copy_block(block, folder, stop)?;
            done.copied_blocks += usize::from(bytes > 0);
            done.copied_bytes += bytes;
        }
    }
    let (tables, bytes) = tables::write(tables, to)?;
    done.copied_bytes += bytes;
    sync::folder(to).map_err(|e| failed(to, e))?;
    let metas = |list: &Arc<BlockList>| -> Vec<Meta> { list.blocks.iter().map(|b| b.meta.clone()).collect() };
    lists::write(to, &done.name, &List::new(all.each_ref().map(metas), days, tables))?;
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

/// Removes all but the newest backups, and the blocks and tables that no backup has: also those of a backup that was cut short.
fn forget(to: &Path, keep: usize) -> Result<usize, Error> {
    let names = lists::names(to)?;
    let (old, new) = names.split_at(names.len().saturating_sub(keep));
    let new = new.iter().map(|name| lists::read(to, name)).collect::<Result<Vec<List>, Error>>()?;
    let blocks = new.iter().flat_map(List::folders);
    let kept: BTreeSet<(&str, u32)> =
        blocks.flat_map(|(folder, metas)| metas.iter().map(move |b| (folder, b.number))).collect();
    // First the lists, so that no list ever names a block that is not there.
    old.iter().try_for_each(|name| lists::remove(to, name))?;
    for name in FOLDERS {
        let folder = to.join(name);
        for number in stored_blocks(&folder).map_err(|e| failed(&folder, e))? {
            if !kept.contains(&(name, number)) {
                let path = folder.join(format!("{number:010}"));
                sync::remove_folder(&path).map_err(|e| failed(&path, e))?;
            }
        }
    }
    tables::forget(to, new.iter().map(|list| &list.tables))?;
    Ok(old.len())
}
