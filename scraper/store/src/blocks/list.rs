//! The blocks that count, and how the list of them changes.

use super::{Block, IndexCache, sync};
use parking_lot::{Mutex, RwLock};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The valid blocks at one moment, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockList {
    pub(crate) blocks: Vec<Arc<Block>>,
    /// The number of the last block that was sealed from the hot table: everything up to it is in this list.
    pub(crate) sealed: u32,
}

impl BlockList {
    /// The newest timestamp of all; `None` where there is no block.
    pub(crate) fn newest_ms(&self) -> Option<i64> {
        self.blocks.iter().map(|block| block.meta.last_ms).max()
    }

    /// The blocks that may have samples from `first_ms` to `last_ms`, both included.
    pub(crate) fn meeting(&self, first_ms: i64, last_ms: i64) -> Vec<Arc<Block>> {
        self.blocks.iter().filter(|block| block.meta.meets(first_ms, last_ms)).cloned().collect()
    }
}

/// The folder `blocks/` of a store, opened.
#[derive(Debug)]
pub(crate) struct Blocks {
    folder: PathBuf,
    list: RwLock<Arc<BlockList>>,
    pub(crate) indexes: IndexCache,
    next_number: AtomicU32,
    /// How many were set aside since the start.
    set_aside: AtomicUsize,
    /// One manifest is written at a time.
    saving: Mutex<()>,
}

impl Blocks {
    pub(crate) fn new(folder: PathBuf, list: BlockList, next_number: u32, index_bytes: usize) -> Blocks {
        Blocks {
            folder,
            list: RwLock::new(Arc::new(list)),
            indexes: IndexCache::new(index_bytes),
            next_number: AtomicU32::new(next_number),
            set_aside: AtomicUsize::new(0),
            saving: Mutex::new(()),
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

    /// Adds a block that was sealed from the hot table. The manifest does not name it before [`save`](Blocks::save).
    pub(crate) fn add_sealed(&self, block: Arc<Block>) {
        self.change(|list| {
            list.sealed = list.sealed.max(block.meta.number);
            list.blocks.push(block);
        });
    }

    /// Takes blocks away and puts one in their place, if any, at one moment. Their files are still there.
    pub(crate) fn replace(&self, old: &[Arc<Block>], new: Option<Arc<Block>>) -> io::Result<()> {
        self.change(|list| {
            list.blocks.retain(|b| old.iter().all(|o| o.meta.number != b.meta.number));
            list.blocks.extend(new);
        });
        self.save()
    }

    /// Writes the manifest. The list in memory is what counts; a manifest that is behind is mended at the next change or
    /// start.
    pub(crate) fn save(&self) -> io::Result<()> {
        let _one = self.saving.lock();
        let list = self.list();
        // Read after the list: every block in it has its number already.
        write_manifest(&self.folder, &list.blocks, self.next_number.load(Ordering::Relaxed))
    }

    /// Takes a block that turned out to be broken off the list, and renames its folder so that it says so. False where
    /// somebody else has done it.
    pub(crate) fn set_aside(&self, number: u32, reason: &str) -> bool {
        let Some(block) = self.list().blocks.iter().find(|b| b.meta.number == number).cloned() else { return false };
        if let Err(error) = self.replace(std::slice::from_ref(&block), None) {
            tracing::warn!(%error, "the manifest of blocks could not be written");
        }
        self.set_aside.fetch_add(1, Ordering::Relaxed);
        let aside = super::open::aside(number);
        let renamed =
            std::fs::rename(&block.folder, self.folder.join(&aside)).and_then(|()| sync::folder(&self.folder));
        match renamed {
            Ok(()) => tracing::error!(block = number, reason, aside, "a block is damaged and was set aside"),
            Err(error) => tracing::error!(block = number, reason, %error, "a block is damaged and is left out"),
        }
        true
    }

    /// How many blocks were set aside since the start.
    pub(crate) fn count_set_aside(&self) -> usize {
        self.set_aside.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut BlockList)) {
        let mut shared = self.list.write();
        let mut list = BlockList::clone(&shared);
        change(&mut list);
        list.blocks.sort_by_key(|b| b.meta.number);
        self.indexes.retain(|number| list.blocks.iter().any(|b| b.meta.number == number));
        *shared = Arc::new(list);
    }
}

/// Writes which blocks must be there, and which number the next one has at least.
pub(crate) fn write_manifest(folder: &Path, blocks: &[Arc<Block>], next: u32) -> io::Result<()> {
    let numbers: Vec<u32> = blocks.iter().map(|b| b.meta.number).collect();
    let text = serde_json::to_vec(&Manifest { format: MANIFEST_FORMAT, blocks: numbers, next })?;
    sync::write_file(&manifest_path(folder), &text)
}

pub(crate) fn manifest_path(folder: &Path) -> PathBuf {
    folder.join("manifest.json")
}

/// The layout of the manifest.
pub(crate) const MANIFEST_FORMAT: u32 = 1;

/// The content of `manifest.json`.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) blocks: Vec<u32>,
    /// All numbers below were given, also to blocks that are gone; backups may have those still.
    #[serde(default)]
    pub(crate) next: u32,
}
