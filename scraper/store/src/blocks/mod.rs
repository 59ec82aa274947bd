//! Sealed blocks: immutable Parquet files under `blocks/`, each with the samples of a window and the series they belong to.
//!
//! A block is a folder named by its number: `samples.parquet`, `series.parquet`, `series.index`, `labels.json`, `pages.crc` and
//! `block.json`, which says what the block holds, what it was made of, and the checksums. It is written under another name, synced, and renamed: a folder
//! with a block's name is a whole block, or was damaged later. `manifest.json` lists the names that must be there; all
//! else that the store needs to know stands in the blocks themselves.
//!
//! Which of two overlapping blocks counts is told by their `sources`, the numbers of the sealed blocks that went into
//! them: a block whose sources all stand in a larger one was merged into that one, and is a leftover.

mod block;
mod checked;
mod columns;
mod file;
mod find;
mod in_order;
mod index;
mod index_cache;
mod index_file;
mod label_file;
mod list;
mod merge;
mod meta;
mod numbers;
mod open;
mod packed;
mod page_sums;
mod parquet_file;
mod samples;
mod series_file;
pub(crate) mod sync;
mod views;
mod write;

pub(crate) use block::Block;
pub(crate) use columns::Located;
pub(crate) use file::{SamplesFile, SamplesReader};
pub(crate) use index::BlockIndex;
pub(crate) use index_cache::IndexCache;
pub(crate) use label_file::LabelValues;
pub(crate) use list::{BlockList, Blocks, write_manifest};
pub(crate) use merge::next_merge;
#[cfg(test)]
pub(crate) use meta::meta;
pub(crate) use meta::{FileSum, Meta};
pub(crate) use open::{Healed, META_FILE, Unreadable, listed_blocks, open, read_block, read_whole, stored_blocks};
pub(crate) use sync::write_json as write_whole;
pub(crate) use views::{long_views_sql, path_literal, views_sql};
pub(crate) use write::{Source, write};

use procession_openmetrics::{Labels, METRIC_NAME};
use std::cmp::Ordering;

/// The order of series in a block: by metric name, then by the other labels.
pub(crate) fn order(a: &Labels, b: &Labels) -> Ordering {
    let begins = |labels: &Labels| labels.iter().next().is_some_and(|(name, _)| name == METRIC_NAME);
    if begins(a) && begins(b) {
        // As almost all do: only names that begin with capitals or digits stand before it.
        return a.cmp(b);
    }
    fn others(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
        labels.iter().filter(|(name, _)| *name != METRIC_NAME)
    }
    a.metric_name().cmp(b.metric_name()).then_with(|| others(a).cmp(others(b)))
}

/// What comes before the place of a series in its block: the block's number, so that series numbers of different blocks
/// (and of the hot tables, which have none) never meet.
pub(crate) const NUMBER_SHIFT: u32 = 32;

/// The file of samples in a block's folder.
pub(crate) const SAMPLES_FILE: &str = "samples.parquet";
/// The file of series in a block's folder.
pub(crate) const SERIES_FILE: &str = "series.parquet";
