//! What a block says of itself: `block.json`.

use super::index_file::INDEX_FILE;
use super::label_file::LABELS_FILE;
use super::page_sums::PAGES_FILE;
use super::{SAMPLES_FILE, SERIES_FILE};
#[cfg(doc)]
use crate::rollup::days_of;
use serde::{Deserialize, Serialize};

/// The layout of blocks that this version writes; it reads the earlier ones, too. 1: values as doubles, written by DuckDB;
/// 2: values as whole numbers where that is exact.
pub(crate) const FORMAT: u32 = 2;

/// The content of `block.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// The layout of the files, [`FORMAT`].
    pub(crate) format: u32,
    /// The block's number; no other block of the store ever had it.
    pub(crate) number: u32,
    /// The numbers of the sealed blocks that went into it, ascending: its own where it was sealed from the hot table.
    pub(crate) sources: Vec<u32>,
    /// The oldest and the newest timestamp, in milliseconds since 1970.
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    /// The days since 1970 of which it has samples, as [`days_of`] counts them; empty where they are not known: then all
    /// between the oldest and the newest.
    #[serde(default)]
    pub(crate) days: Vec<i64>,
    pub(crate) samples: u64,
    pub(crate) series: u64,
    pub(crate) samples_file: FileSum,
    pub(crate) series_file: FileSum,
    /// Blocks of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) labels_file: Option<FileSum>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pages_file: Option<FileSum>,
    /// Likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) index_file: Option<FileSum>,
}

/// A file's length and what its bytes must add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSum {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Meta {
    /// The names of its files, and what they add up to.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &FileSum)> {
        let files = [(SAMPLES_FILE, &self.samples_file), (SERIES_FILE, &self.series_file)];
        let later = [(LABELS_FILE, &self.labels_file), (PAGES_FILE, &self.pages_file), (INDEX_FILE, &self.index_file)];
        files.into_iter().chain(later.into_iter().filter_map(|(name, sum)| Some((name, sum.as_ref()?))))
    }

    /// The bytes of its files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files().map(|(_, sum)| sum.bytes).sum()
    }

    /// Whether the other one stands for everything that this block was made of: it was merged into that one, or written
    /// anew without series that are too old.
    pub(crate) fn is_part_of(&self, other: &Meta) -> bool {
        (self.sources.len(), self.number) < (other.sources.len(), other.number)
            && self.sources.iter().all(|source| other.sources.binary_search(source).is_ok())
    }

    /// Whether the block may hold a sample of a day that is between its oldest and its newest one.
    pub(crate) fn has_day(&self, day: i64) -> bool {
        self.days.is_empty() || self.days.binary_search(&day).is_ok()
    }

    /// Whether the block may hold a sample with `first <= timestamp <= last`.
    pub(crate) fn meets(&self, first_ms: i64, last_ms: i64) -> bool {
        self.first_ms <= last_ms && self.last_ms >= first_ms
    }
}

#[cfg(test)]
pub(crate) fn meta(number: u32, sources: &[u32], first_ms: i64, last_ms: i64) -> Meta {
    let none = FileSum { bytes: 100, sha256: String::new() };
    Meta {
        format: FORMAT,
        number,
        sources: sources.to_vec(),
        first_ms,
        last_ms,
        days: Vec::new(),
        samples: 1000,
        series: 10,
        samples_file: none.clone(),
        series_file: none,
        labels_file: None,
        pages_file: None,
        index_file: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_it_was_merged_into() {
        let (a, b, merged) = (meta(1, &[1], 0, 9), meta(2, &[2], 10, 19), meta(3, &[1, 2], 0, 19));
        assert!(a.is_part_of(&merged) && b.is_part_of(&merged));
        assert!(!merged.is_part_of(&a) && !merged.is_part_of(&merged) && !meta(4, &[4], 0, 9).is_part_of(&merged));
        let thinned = meta(5, &[1], 0, 9);
        assert!(a.is_part_of(&thinned) && !thinned.is_part_of(&a) && thinned.is_part_of(&merged));
        assert!(a.meets(9, 9) && a.meets(-5, 0) && !a.meets(10, 20));
    }
}
