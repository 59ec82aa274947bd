//! Rollups: of each series a row for 5 minutes and one for an hour, made when a day is over, so that charts of months need
//! not read every sample, and there is an answer when the samples themselves are gone.
//!
//! | file | its subject |
//! |---|---|
//! | `fold` | samples to rows, and rows as the samples of a block |
//! | `days` | which days' rows may be used |
//! | `make` | rolling up days that are over, merging, removing what is too old |
//! | `cost` | whether rows or samples are cheaper |
//! | `select` | answering queries from rows and samples |
//! | `views` | rows for people |

mod cost;
mod days;
mod fold;
mod make;
mod select;
mod views;

pub(crate) use select::select_windows;
pub(crate) use views::views_sql;

use crate::Error;
use crate::blocks::{self, BlockList, Blocks, Healed, write_whole};
pub(crate) use days::{DAY_MS, Days, days_of};
pub(crate) use fold::{encode, fold};
use parking_lot::RwLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The widths of rows in milliseconds, the widest first.
const WIDTHS_MS: [i64; 2] = [3_600_000, 300_000];
/// The folders of their blocks.
pub(crate) const FOLDERS: [&str; 2] = ["rollups-1h", "rollups-5m"];

/// The file that says for which days they count.
pub(crate) const DAYS_FILE: &str = "rollups.json";

/// The blocks of rows at one moment, by place of their width.
pub(crate) type Lists = [Arc<BlockList>; 2];

/// The rollups of a store.
#[derive(Debug)]
pub(crate) struct Rollups {
    /// Blocks of rows, by place of their width.
    pub(crate) blocks: [Blocks; 2],
    days: RwLock<Days>,
    path: PathBuf,
    /// Whether no block of samples was lost before the start: rows may be all there is of it.
    has_all_samples: bool,
}

impl Rollups {
    /// Opens the rollups of a store whose blocks are these, of which so much was not as it should be. Returns what was not as
    /// it should be in all.
    pub(crate) fn open(
        store: &Path,
        (raw, healed): (&Blocks, Healed),
        verify_bytes: u64,
        index_bytes: usize,
    ) -> Result<(Rollups, Healed), Error> {
        let open = |at: usize| blocks::open(&store.join(FOLDERS[at]), (0, 0), verify_bytes / 8, index_bytes / 4);
        let ((hours, a), (minutes, b)) = (open(0)?, open(1)?);
        let path = store.join(DAYS_FILE);
        let mut days: Days =
            std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let blocks = [hours, minutes];
        let is_there =
            |at: usize, number: u32| blocks[at].list().blocks.iter().any(|b| b.meta.sources.contains(&number));
        // What was lost or set aside is not answered from; nor is what a crash left without its last word.
        days.0.retain(|_, day| day.blocks.iter().enumerate().all(|(at, number)| is_there(at, *number)));
        for block in raw.list().blocks.iter().filter(|b| b.meta.sources == [b.meta.number]) {
            days.sealed(block);
        }
        let has_all_samples = healed.damaged == 0 && healed.missing == 0;
        let healed = [a, b].into_iter().fold(healed, |sum, one| Healed {
            damaged: sum.damaged + one.damaged,
            missing: sum.missing + one.missing,
            foreign: sum.foreign + one.foreign,
        });
        Ok((Rollups { blocks, days: RwLock::new(days), path, has_all_samples }, healed))
    }

    /// The blocks of rows as they are now.
    pub(crate) fn lists(&self) -> Lists {
        [self.blocks[0].list(), self.blocks[1].list()]
    }

    /// How many blocks of rows were set aside since the start.
    pub(crate) fn count_set_aside(&self) -> usize {
        self.blocks.iter().map(Blocks::count_set_aside).sum()
    }

    /// What is kept of their indexes, in bytes.
    pub(crate) fn index_bytes(&self) -> usize {
        self.blocks.iter().map(|blocks| blocks.indexes.memory_bytes()).sum()
    }

    /// The blocks of samples and of rows and the days that rows count for, so that they fit. A day whose rows are being
    /// replaced may name those that are gone; it is made again at the next start, like after a crash.
    pub(crate) fn with(&self, raw: &Blocks) -> (Arc<BlockList>, Lists, Days) {
        // As long as this is held no day is added: all samples that a day counts are in the blocks that are listed now.
        let days = self.days.read();
        (raw.list(), self.lists(), days.clone())
    }

    /// To be called before a block that was sealed counts.
    pub(crate) fn sealed(&self, block: &blocks::Block) -> Result<(), String> {
        if self.days.write().sealed(block) { self.save() } else { Ok(()) }
    }

    /// To be called before samples of blocks are removed for good.
    pub(crate) fn removed(&self, blocks: &[Arc<blocks::Block>]) -> Result<(), String> {
        let mut days = self.days.write();
        let changed = blocks.iter().fold(false, |changed, block| days.removed(block) | changed);
        drop(days);
        if changed { self.save() } else { Ok(()) }
    }

    /// Takes a broken block of rows out of use, and the days that it has rows of.
    pub(crate) fn set_aside(&self, at: usize, number: u32, reason: &str) {
        let Some(block) = self.blocks[at].list().blocks.iter().find(|b| b.meta.number == number).cloned() else {
            return;
        };
        self.days.write().0.retain(|_, day| !day.blocks.get(at).is_some_and(|n| block.meta.sources.contains(n)));
        if let Err(error) = self.save() {
            tracing::warn!(error, "which days have rollups could not be written down");
        }
        self.blocks[at].set_aside(number, reason);
    }

    fn save(&self) -> Result<(), String> {
        write_whole(&self.path, &*self.days.read()).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}
