//! Blocks are read as a whole again and again: a byte that flipped on the disk may still decode, and no query would notice.
//!
//! The newest blocks are read at the start (`Options::verify_bytes`), every block before others are made of it, and all of
//! them slowly by the sealer's thread while it has nothing else to do.

use super::sealer::Work;
use crate::blocks::{Block, BlockIndex, Unreadable, read_whole};
use crate::query;
use crate::{Error, Options};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The pause between two rounds through all blocks.
const ROUND_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The shortest pause between two blocks: small ones cost more than their bytes.
const BLOCK_PAUSE: Duration = Duration::from_millis(50);

/// Where a block lies: among those of samples, or among those of rows of this place.
pub(crate) type Place = Option<usize>;

/// A block and its index, open.
type Opened = (Arc<Block>, Arc<BlockIndex>);

/// A round through all blocks.
pub(super) struct Round {
    left: Vec<(Place, u32)>,
    /// When the next one is to be read; `None` for never.
    pub(super) due: Option<Instant>,
}

impl Round {
    pub(super) fn new(options: &Options) -> Round {
        Round { left: Vec::new(), due: (options.check_bytes_per_second > 0).then(Instant::now) }
    }
}

impl Work {
    /// Reads the next block of a round.
    pub(super) fn check_next(&self, round: &mut Round) {
        let Work { shared, options, .. } = self;
        if round.left.is_empty() {
            let [hours, minutes] = shared.rollups.lists();
            for (place, list) in [(None, shared.blocks.list()), (Some(0), hours), (Some(1), minutes)] {
                round.left.extend(list.blocks.iter().map(|b| (place, b.meta.number)));
            }
            // The oldest are read first: the newest were read at the start.
            round.left.reverse();
        }
        // One that was merged meanwhile is not there.
        let block = round.left.pop().and_then(|(place, number)| {
            let list = place.map_or_else(|| shared.blocks.list(), |at| shared.rollups.blocks[at].list());
            Some((place, list.blocks.iter().find(|b| b.meta.number == number).cloned()?))
        });
        let read = block.map_or(0, |(place, block)| {
            // What is wrong was logged and counted.
            let _ = self.check(place, &block);
            block.meta.bytes()
        });
        let pause = Duration::from_secs_f64(read as f64 / options.check_bytes_per_second as f64).max(BLOCK_PAUSE);
        round.due = Some(Instant::now() + if round.left.is_empty() { ROUND_PAUSE } else { pause });
    }

    /// Opens blocks that others are to be made of. A damaged one is set aside instead: the new ones would have checksums
    /// that fit.
    pub(crate) fn open_whole(&self, place: Place, blocks: &[Arc<Block>]) -> Result<Vec<Opened>, String> {
        let open = |block: &Arc<Block>| {
            self.check(place, block)?;
            let index = BlockIndex::open(block).and_then(|index| index.samples(block).map(|_| index));
            let index = index.map_err(|error| {
                if let Error::Block { message, damaged: true, .. } = &error {
                    self.set_aside(place, block, message);
                }
                error.to_string()
            })?;
            Ok((block.clone(), Arc::new(index)))
        };
        blocks.iter().map(open).collect()
    }

    /// Reads a block as a whole, and sets it aside where it is damaged.
    fn check(&self, place: Place, block: &Arc<Block>) -> Result<(), String> {
        let failed = |reason: &str| format!("block {} could not be read: {reason}", block.folder.display());
        let reason = match read_whole(&block.folder, block.meta.number) {
            Ok(meta) if meta == block.meta => {
                block.was_checked();
                return Ok(());
            }
            Ok(_) => "block.json has changed".to_owned(),
            Err(Unreadable::Damaged(reason)) => reason,
            Err(Unreadable::Newer(format)) => format!("block.json names format {format}"),
            // Nothing is wrong with the block.
            Err(Unreadable::Refused(_, error)) => {
                tracing::warn!(block = %block.folder.display(), %error, "a block could not be read to check it");
                return Err(failed(&error.to_string()));
            }
        };
        self.set_aside(place, block, &reason);
        Err(failed(&format!("{reason}; it is set aside, the rest is served")))
    }

    fn set_aside(&self, place: Place, block: &Block, reason: &str) {
        match place {
            None => query::set_aside(&self.shared, block.meta.number, reason),
            Some(at) => self.shared.rollups.set_aside(at, block.meta.number, reason),
        }
    }
}
