//! A Parquet file on disk, and its columns.

use super::SAMPLES_FILE;
use super::page_sums::PageSums;
use bytes::Bytes;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// An open file and its footer.
#[derive(Debug)]
pub(super) struct ParquetFile {
    bytes: Arc<Positioned>,
    pub(super) metadata: ParquetMetaData,
    /// What the bytes of each page must add up to, by row group, column and place, where that is known.
    sums: Arc<[u32]>,
    /// Where those of each column of each row group begin.
    begins: Vec<usize>,
}

impl ParquetFile {
    /// Opens a file and reads its footer. Where checksums are given, nothing is taken from it that does not have them.
    pub(super) fn open(path: &Path, sums: Option<PageSums>) -> Result<ParquetFile> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let bytes = Arc::new(Positioned { file: Arc::new(file), length });
        let metadata = ParquetMetaDataReader::new()
            .with_offset_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&*bytes)?;
        let mut file = ParquetFile { bytes, metadata, sums: Arc::new([]), begins: Vec::new() };
        if let Some(PageSums { tail, pages }) = sums {
            if file.tail_sum()? != tail {
                return Err(damaged("the part that says where the pages are"));
            }
            let mut end = 0;
            let begin = |pages: &[PageLocation]| {
                let begin = end;
                end += pages.len();
                begin
            };
            file.begins = file.pages().map(begin).collect();
            if end != pages.len() {
                return Err(ParquetError::General(format!("{end} pages, and checksums of {}", pages.len())));
            }
            file.sums = pages;
        }
        Ok(file)
    }

    /// What its footer and checksums take in memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.metadata.memory_size() + self.sums.len() * size_of::<u32>() + self.begins.len() * size_of::<usize>()
    }

    /// The checksums of a file that was just written.
    pub(super) fn page_sums(&self) -> Result<PageSums> {
        let mut pages = Vec::new();
        for page in self.pages().flatten() {
            pages.push(crc32fast::hash(&self.bytes.get_bytes(page.offset as u64, page.compressed_page_size as usize)?));
        }
        Ok(PageSums { tail: self.tail_sum()?, pages: pages.into() })
    }

    /// Where the pages of each column of each row group are.
    fn pages(&self) -> impl Iterator<Item = &[PageLocation]> {
        self.metadata.offset_index().into_iter().flatten().flatten().map(|column| column.page_locations().as_slice())
    }

    fn tail_sum(&self) -> Result<u32> {
        let end = |page: &PageLocation| page.offset as u64 + page.compressed_page_size as u64;
        let end = self.pages().flatten().map(end).max().unwrap_or(0).min(self.bytes.length);
        Ok(crc32fast::hash(&self.bytes.get_bytes(end, (self.bytes.length - end) as usize)?))
    }

    /// The reader of a column of a row group, which is of this type.
    pub(super) fn column<T: DataType>(&self, group: usize, column: usize) -> Result<ColumnReaderImpl<T>> {
        let about = self.metadata.row_group(group);
        // Where the pages are is told by files of our own: then those that are skipped are not even read.
        let pages = self.metadata.offset_index().and_then(|index| index.get(group)?.get(column));
        let pages = pages.map(|pages| pages.page_locations().clone());
        let begin = self.begins.get(group * about.num_columns() + column).copied();
        let checks = begin.zip(pages.clone()).map(|(begin, pages)| Checks { sums: self.sums.clone(), begin, pages });
        let bytes = Arc::new(Checked { bytes: self.bytes.clone(), checks });
        let rows = usize::try_from(about.num_rows()).unwrap_or(0);
        let reader = SerializedPageReader::new(bytes, about.column(column), rows, pages)?;
        let descriptor = self.metadata.file_metadata().schema_descr().column(column);
        Ok(ColumnReaderImpl::new(descriptor, Box::new(reader)))
    }
}

/// A file that is read at positions: several threads share it.
#[derive(Debug)]
struct Positioned {
    file: Arc<File>,
    length: u64,
}

impl Length for Positioned {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Positioned {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(From { file: self.file.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of a file of {}", self.length)));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// The pages of a column, checked as they are read where their checksums are known.
struct Checked {
    bytes: Arc<Positioned>,
    checks: Option<Checks>,
}

struct Checks {
    sums: Arc<[u32]>,
    /// Where those of the column begin.
    begin: usize,
    pages: Vec<PageLocation>,
}

impl Length for Checked {
    fn len(&self) -> u64 {
        self.bytes.length
    }
}

impl ChunkReader for Checked {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        self.bytes.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.bytes.get_bytes(start, length)?;
        if let Some(Checks { sums, begin, pages }) = &self.checks {
            let place = pages.binary_search_by_key(&start, |page| page.offset as u64).ok();
            if place.and_then(|place| sums.get(begin + place)) != Some(&crc32fast::hash(&bytes)) {
                return Err(damaged(&format!("the page at byte {start}")));
            }
        }
        Ok(bytes)
    }
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(format!("{SAMPLES_FILE}: {what} has another checksum"))
}

/// A file from a position on.
struct From {
    file: Arc<File>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
