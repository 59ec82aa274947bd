//! The file of page checksums of a block: a CRC-32 of each page of `samples.parquet`, and of what stands behind the pages.
//!
//! The checksums of whole files tell of damage when a whole file is read, which no query does. These tell of each page that a
//! query reads, before it is decoded. (Parquet has a place for them in the headers of pages, which the crate does not write.)
//! Blocks of earlier versions have none; theirs are made when they are first read (`checked`).

use super::meta::FileSum;
use super::{META_FILE, Meta, sync};
use parquet::errors::{ParquetError, Result};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// The file in a block's folder: numbers of four bytes, the lowest first. The first one is of the bytes behind the last page,
/// which say where the pages are; then those of the pages, by row group, column and place.
pub(crate) const PAGES_FILE: &str = "pages.crc";

/// The content of the file.
#[derive(Clone, Debug)]
pub(crate) struct PageSums {
    /// Of what stands behind the pages.
    pub(super) tail: u32,
    pub(super) pages: Arc<[u32]>,
}

impl PageSums {
    /// Reads the file of a block; `None` where the block has none.
    pub(crate) fn read(folder: &Path, meta: &Meta) -> Result<Option<PageSums>> {
        let Some(expected) = &meta.pages_file else { return Ok(None) };
        let bytes = fs::read(folder.join(PAGES_FILE))?;
        check(PAGES_FILE, &*bytes, expected)?;
        let mut numbers = bytes.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number));
        let tail = numbers.next().ok_or_else(|| ParquetError::General(format!("{PAGES_FILE} is empty")))?;
        Ok(Some(PageSums { tail, pages: numbers.collect() }))
    }

    /// What the file is to hold.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [self.tail].iter().chain(&*self.pages).flat_map(|sum| sum.to_le_bytes()).collect()
    }
}

/// Whether the bytes of a file are what they were.
pub(crate) fn check(name: &str, mut bytes: impl Read, expected: &FileSum) -> Result<()> {
    if sync::sum(&mut bytes)? == *expected {
        return Ok(());
    }
    Err(ParquetError::General(format!("{name} has another checksum than {META_FILE} says")))
}
