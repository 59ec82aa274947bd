//! The blocks that count, and how the list of them changes.

use super::{Block, IndexCache, sync};
use parking_lot::RwLock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The valid blocks at one moment, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockList {
    pub(crate) blocks: Vec<Arc<Block>>,
    /// The number of the last block that was sealed from the hot table: everything up to it is in this list.
    pub(crate) sealed: u32,
}

/// The folder `blocks/` of a store, opened.
#[derive(Debug)]
pub(crate) struct Blocks {
    folder: PathBuf,
    list: RwLock<Arc<BlockList>>,
    pub(crate) indexes: IndexCache,
    next_number: AtomicU32,
}

impl Blocks {
    pub(crate) fn new(folder: PathBuf, list: BlockList, next_number: u32, indexed_series: usize) -> Blocks {
        Blocks {
            folder,
            list: RwLock::new(Arc::new(list)),
            indexes: IndexCache::new(indexed_series),
            next_number: AtomicU32::new(next_number),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn list(&self) -> Arc<BlockList> {
        self.list.read().clone()
    }

    /// A number that no block ever had.
    pub(crate) fn take_number(&self) -> u32 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds a block that was sealed from the hot table. Queries use it as soon as the database says so.
    pub(crate) fn add_sealed(&self, block: Arc<Block>) -> io::Result<()> {
        self.change(|list| {
            list.sealed = list.sealed.max(block.meta.number);
            list.blocks.push(block);
        })
    }

    /// Takes blocks away and puts one in their place, if any, at one moment. Their files are still there.
    pub(crate) fn replace(&self, old: &[Arc<Block>], new: Option<Arc<Block>>) -> io::Result<()> {
        self.change(|list| {
            list.blocks.retain(|b| old.iter().all(|o| o.meta.number != b.meta.number));
            list.blocks.extend(new);
        })
    }

    fn change(&self, change: impl FnOnce(&mut BlockList)) -> io::Result<()> {
        let changed = {
            let mut shared = self.list.write();
            let mut list = BlockList::clone(&shared);
            change(&mut list);
            list.blocks.sort_by_key(|b| b.meta.number);
            let changed = Arc::new(list);
            *shared = changed.clone();
            changed
        };
        self.indexes.retain(|number| changed.blocks.iter().any(|b| b.meta.number == number));
        // The list in memory is what counts now; a manifest that is behind is mended at the next change or start.
        write_manifest(&self.folder, &changed.blocks)
    }
}

/// The names of the blocks that must be there.
pub(crate) fn write_manifest(folder: &Path, blocks: &[Arc<Block>]) -> io::Result<()> {
    let numbers: Vec<u32> = blocks.iter().map(|b| b.meta.number).collect();
    let text = serde_json::to_vec(&Manifest { format: super::meta::FORMAT, blocks: numbers })?;
    sync::write_file(&manifest_path(folder), &text)
}

pub(crate) fn manifest_path(folder: &Path) -> PathBuf {
    folder.join("manifest.json")
}

/// The content of `manifest.json`.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) blocks: Vec<u32>,
}
