//! The lists of a backup folder: one for each backup.

use super::{FOLDERS, failed, tables};
use crate::Error;
use crate::blocks::{Meta, sync};
use crate::rollup::Days;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The layout that this version writes and reads.
const FORMAT: u32 = 1;

/// What a backup consists of.
#[derive(Serialize, Deserialize)]
pub(super) struct List {
    format: u32,
    /// As of every block's own `block.json`, its checksums included.
    blocks: Vec<Meta>,
    /// Blocks of rows, by place of their width.
    #[serde(default)]
    rollups: [Vec<Meta>; 2],
    /// The days that they count for.
    #[serde(default)]
    pub(super) days: Days,
    /// What it has beside blocks; those of earlier versions have nothing.
    #[serde(default)]
    pub(super) tables: tables::Sums,
}

impl List {
    /// Of the blocks of each folder, and of tables.
    pub(super) fn new([blocks, hours, minutes]: [Vec<Meta>; 3], days: Days, tables: tables::Sums) -> List {
        List { format: FORMAT, blocks, rollups: [hours, minutes], days, tables }
    }

    /// The folders with their blocks.
    pub(super) fn folders(&self) -> [(&'static str, &[Meta]); 3] {
        [(FOLDERS[0], &self.blocks), (FOLDERS[1], &self.rollups[0]), (FOLDERS[2], &self.rollups[1])]
    }
}

fn folder(backup: &Path) -> PathBuf {
    backup.join("backups")
}

/// Makes the folder of lists, and removes what was not finished.
pub(super) fn prepare(backup: &Path) -> Result<(), Error> {
    let folder = folder(backup);
    fs::create_dir_all(&folder).map_err(|e| failed(&folder, e))
}

/// The names of the backups, the oldest first: names are times.
pub(super) fn names(backup: &Path) -> Result<Vec<String>, Error> {
    let folder = folder(backup);
    let entries = fs::read_dir(&folder).map_err(|e| failed(&folder, format!("it is no folder of backups: {e}")))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| failed(&folder, e))?.file_name().to_string_lossy().into_owned();
        if !sync::is_unfinished(&name)
            && let Some(name) = name.strip_suffix(".json")
        {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

pub(super) fn read(backup: &Path, name: &str) -> Result<List, Error> {
    let path = folder(backup).join(format!("{name}.json"));
    let text = fs::read(&path).map_err(|e| failed(&path, e))?;
    let list: List = serde_json::from_slice(&text).map_err(|e| failed(&path, e))?;
    if list.format > FORMAT {
        return Err(failed(&path, "it was written by a newer version"));
    }
    Ok(list)
}

/// Adds a list. When this returns it is there, also after a power cut.
pub(super) fn write(backup: &Path, name: &str, list: &List) -> Result<(), Error> {
    let path = folder(backup).join(format!("{name}.json"));
    let text = serde_json::to_vec_pretty(list).map_err(|e| failed(&path, e))?;
    sync::write_file(&path, &text).map_err(|e| failed(&path, e))
}

pub(super) fn remove(backup: &Path, name: &str) -> Result<(), Error> {
    let path = folder(backup).join(format!("{name}.json"));
    fs::remove_file(&path).map_err(|e| failed(&path, e))
}

/// When the newest backup in a folder was taken; `None` where there is none, or where that cannot be known.
pub fn last_backup(backup: &Path) -> Option<SystemTime> {
    let name = names(backup).ok()?.pop()?;
    fs::metadata(folder(backup).join(format!("{name}.json"))).ok()?.modified().ok()
}
