//! Backups: copies of sealed blocks, of samples and of rollups, the small tables beside them, and lists that say which of all
//! that belong together.
//!
//! ```text
//! DEST/blocks/0000000012/...        as in a store, each once, whichever backups it belongs to
//! DEST/rollups-1h/0000000003/...    blocks of rows, likewise; so in rollups-5m
//! DEST/exemplars/5c0f....parquet    the exemplars that were kept; so in families what targets said of their metrics
//! DEST/backups/20260131T120000Z.json which blocks and tables a backup has, with their checksums, and the days that rows count for
//! ```
//!
//! A backup seals what is in the hot tables first, so that blocks are all there is; they never change, so copying takes
//! no lock and holds up nothing. A block is copied beside its name, synced and renamed, and the list comes last: a backup
//! that was cut short leaves whole blocks that the next one need not copy, and no list.

mod copy;
mod lists;
mod restore;
mod tables;
mod take;
mod verify;

pub use lists::last_backup;
pub use restore::{Restored, restore};
pub use take::BackedUp;
pub use verify::{Verified, verify};

pub(crate) use take::{Content, take};

use crate::{Error, rollup};
use std::path::Path;

/// Asked again and again: whether to give up.
pub(crate) type Stop<'a> = &'a dyn Fn() -> bool;

/// The folders of blocks of a store and of a backup: of samples, and of rows by place of their width.
const FOLDERS: [&str; 3] = ["blocks", rollup::FOLDERS[0], rollup::FOLDERS[1]];

/// An error about a file or folder of a backup.
fn failed(path: &Path, message: impl std::fmt::Display) -> Error {
    Error::Backup { path: path.to_owned(), message: message.to_string() }
}
