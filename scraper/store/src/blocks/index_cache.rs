//! The indexes of the blocks that were asked last.

use super::{Block, BlockIndex};
use crate::Error;
use parking_lot::Mutex;
use std::sync::Arc;

/// Blocks whose indexes are kept, each maybe with an open file.
const MAX_OPEN: usize = 256;

/// The indexes that were used last, up to a number of bytes in all.
#[derive(Debug)]
pub(crate) struct IndexCache {
    /// The most recently used one stands last.
    kept: Mutex<Vec<(u32, Arc<BlockIndex>)>>,
    max_bytes: usize,
}

impl IndexCache {
    pub(crate) fn new(max_bytes: usize) -> IndexCache {
        IndexCache { kept: Mutex::new(Vec::new()), max_bytes }
    }

    /// Whether the index of a block is kept.
    pub(crate) fn has(&self, number: u32) -> bool {
        self.kept.lock().iter().any(|(n, _)| *n == number)
    }

    /// The index of a block, read where it is not kept.
    pub(crate) fn get(&self, block: &Block) -> Result<Arc<BlockIndex>, Error> {
        let number = block.meta.number;
        {
            let mut kept = self.kept.lock();
            if let Some(at) = kept.iter().position(|(n, _)| *n == number) {
                let found = kept.remove(at);
                kept.push(found.clone());
                return Ok(found.1);
            }
        }
        // Without the lock: others may read theirs meanwhile, at worst the same one twice.
        let index = Arc::new(BlockIndex::open(block)?);
        let mut kept = self.kept.lock();
        kept.retain(|(n, _)| *n != number);
        kept.push((number, index.clone()));
        self.shorten(&mut kept);
        Ok(index)
    }

    /// Lets go of those that are beyond the limit. To be called when their files of samples were opened, too: what the footers of
    /// these say counts.
    pub(crate) fn limit(&self) {
        self.shorten(&mut self.kept.lock());
    }

    fn shorten(&self, kept: &mut Vec<(u32, Arc<BlockIndex>)>) {
        let mut bytes = sum(kept);
        let mut over = 0;
        while (bytes > self.max_bytes || kept.len() - over > MAX_OPEN) && kept.len() - over > 1 {
            bytes -= kept[over].1.memory_bytes();
            over += 1;
        }
        kept.drain(..over);
    }

    /// What they take in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        sum(&self.kept.lock())
    }

    /// Lets go of the indexes of blocks that are no longer there, and of one that is larger than the limit by itself: it was
    /// kept for the queries that might follow.
    pub(crate) fn retain(&self, is_there: impl Fn(u32) -> bool) {
        self.kept.lock().retain(|(number, index)| is_there(*number) && index.memory_bytes() <= self.max_bytes);
    }
}

fn sum(kept: &[(u32, Arc<BlockIndex>)]) -> usize {
    kept.iter().map(|(_, index)| index.memory_bytes()).sum()
}
