//! A Parquet file on disk, and its columns.

use bytes::Bytes;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
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
}

impl ParquetFile {
    pub(super) fn open(path: &Path) -> Result<ParquetFile> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let bytes = Arc::new(Positioned { file: Arc::new(file), length });
        let metadata = ParquetMetaDataReader::new()
            .with_offset_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&*bytes)?;
        Ok(ParquetFile { bytes, metadata })
    }

    /// The reader of a column of a row group, which is of this type.
    pub(super) fn column<T: DataType>(&self, group: usize, column: usize) -> Result<ColumnReaderImpl<T>> {
        let about = self.metadata.row_group(group);
        // Where the pages are is told by files of our own: then those that are skipped are not even read.
        let pages = self.metadata.offset_index().and_then(|index| index.get(group)?.get(column));
        let reader = SerializedPageReader::new(
            self.bytes.clone(),
            about.column(column),
            usize::try_from(about.num_rows()).unwrap_or(0),
            pages.map(|pages| pages.page_locations().clone()),
        )?;
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
