//! Making a store of a backup.

use super::copy::copy_block;
use super::{failed, lists, tables};
use crate::Error;
use crate::blocks::{Block, Meta, stored_blocks, sync, write_manifest, write_whole};
use crate::folder::DATABASE;
use crate::rollup::DAYS_FILE;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The name of the backup.
    pub name: String,
    /// Its blocks of samples.
    pub blocks: usize,
    /// Samples in them.
    pub samples: u64,
    /// Its blocks of rollups.
    pub rollups: usize,
    /// Its exemplars.
    pub exemplars: usize,
    /// What it has of what targets said of their metrics.
    pub families: usize,
}

/// Makes the folder `dir` a store with what a backup has: the newest one in `from`, or the one of that name. All bytes are
/// checked. The folder appears as a whole: after an error or a crash nothing is there but, beside it, `DIR.restoring`,
/// which the next restore removes.
///
/// # Errors
/// There is no such backup, something of it is damaged or missing, or `dir` is not empty.
pub fn restore(from: &Path, name: Option<&str>, dir: &Path) -> Result<Restored, Error> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(failed(dir, "something is there already: restore into a folder that is empty or not there"));
    }
    let name = match name {
        Some(name) => name.to_owned(),
        None => lists::names(from)?.pop().ok_or_else(|| failed(from, "there is no backup"))?,
    };
    let list = lists::read(from, &name)?;
    let restoring = beside(dir)?;
    if restoring.exists() {
        fs::remove_dir_all(&restoring).map_err(|e| failed(&restoring, e))?;
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for (folder, metas) in list.folders() {
        let (source, target) = (from.join(folder), restoring.join(folder));
        builder.create(&target).map_err(|e| failed(&target, e))?;
        let block = |meta: &Meta| Arc::new(Block::new(source.join(format!("{:010}", meta.number)), meta.clone()));
        let blocks: Vec<Arc<Block>> = metas.iter().map(block).collect();
        for block in &blocks {
            copy_block(block, &target, &|| false)?;
        }
        // So that the folder of backups may take those of the new store, too, although it has later ones of the old.
        let last = stored_blocks(&source).ok().and_then(|numbers| numbers.last().copied());
        write_manifest(&target, &blocks, last.map_or(0, |last| last.saturating_add(1)))
            .map_err(|e| failed(&target, e))?;
    }
    let days = restoring.join(DAYS_FILE);
    write_whole(&days, &list.days).map_err(|e| failed(&days, e))?;
    let [exemplars, families] = tables::restore(from, &list.tables, &restoring.join(DATABASE))?;
    let [(_, blocks), (_, hours), (_, minutes)] = list.folders();
    let restored = Restored {
        name,
        blocks: blocks.len(),
        samples: blocks.iter().map(|b| b.samples).sum(),
        rollups: hours.len() + minutes.len(),
        exemplars,
        families,
    };
    sync::folder(&restoring).map_err(|e| failed(&restoring, e))?;
    fs::rename(&restoring, dir).map_err(|e| failed(dir, e))?;
    if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
        sync::folder(parent).map_err(|e| failed(parent, e))?;
    }
    Ok(restored)
}

fn beside(dir: &Path) -> Result<PathBuf, Error> {
    let mut name = dir.file_name().ok_or_else(|| failed(dir, "it has no name"))?.to_owned();
    name.push(".restoring");
    Ok(dir.with_file_name(name))
}
