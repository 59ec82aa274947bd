//! The file of the index of a block: its series column by column, for queries, which would else decode the labels of all
//! series to find a few.
//!
//! It says nothing that `series.parquet` does not say, and is no format for others; blocks of earlier versions have none.
//!
//! Eight bytes that name the format, the length of what follows unpacked (u64), then in one zstd frame: the number of series
//! (u32), the first moment (i64), the columns `first`, `length_ms`, the numbers of samples, `stored`; the number of labels (u32)
//! and for each its name, its values, and the column of their numbers. A text is its length (u32) and its bytes; texts are
//! their number (u32), a column of their ends and a text; a column is the width of its numbers in bytes (u8), then these. All
//! numbers have their lowest byte first.

use super::columns::{Columns, LabelColumn};
use super::packed::{Packed, Texts};
use parquet::errors::{ParquetError, Result};

/// The file in a block's folder.
pub(crate) const INDEX_FILE: &str = "series.index";

const FORMAT: &[u8; 8] = b"prcsidx1";

/// How hard zstd tries.
const LEVEL: i32 = 3;

/// What an index may take unpacked: a block has some millions of series, of some 20 bytes each.
const MAX_BYTES: u64 = 1 << 30;

impl Columns {
    /// What the file is to hold; `None` where that is too much.
    pub(super) fn to_bytes(&self) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        out.extend((self.len() as u32).to_le_bytes());
        out.extend(self.base_ms.to_le_bytes());
        let samples: Packed = (0..self.len()).map(|at| self.rows(at)).map(|rows| rows.end - rows.start).collect();
        for column in [&self.first, &self.length_ms, &samples, &self.stored] {
            put_column(&mut out, column);
        }
        out.extend((self.labels.len() as u32).to_le_bytes());
        for label in &self.labels {
            put_text(&mut out, &label.name);
            out.extend((label.values.len() as u32).to_le_bytes());
            put_column(&mut out, label.values.ends());
            put_text(&mut out, label.values.text());
            put_column(&mut out, &label.codes);
        }
        if out.len() as u64 > MAX_BYTES {
            return Ok(None);
        }
        let packed = zstd::bulk::compress(&out, LEVEL)?;
        Ok(Some([FORMAT.as_slice(), &(out.len() as u64).to_le_bytes(), &packed].concat()))
    }

    /// Reads what [`to_bytes`](Columns::to_bytes) made.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Columns> {
        let damaged = || ParquetError::General(format!("{INDEX_FILE} is no index"));
        let (head, packed) = bytes.split_at_checked(16).ok_or_else(damaged)?;
        let (format, length) = head.split_at(8);
        let length = length.as_array().map_or(0, |length| u64::from_le_bytes(*length));
        if format != FORMAT || length > MAX_BYTES {
            return Err(damaged());
        }
        let unpacked = zstd::bulk::decompress(packed, length as usize)?;
        Reader(&unpacked).columns().ok_or_else(damaged)
    }
}

fn put_column(out: &mut Vec<u8>, column: &Packed) {
    out.push(column.width());
    out.extend(column.bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

/// What is left of the bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(*self.take(4)?.as_array()?) as usize)
    }

    fn column(&mut self, length: usize) -> Option<Packed> {
        let width = *self.take(1)?.first()?;
        let bytes = self.take(length.checked_mul(usize::from(width))?)?;
        Packed::from_bytes(width, length, bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn columns(&mut self) -> Option<Columns> {
        let series = self.number()?;
        let base_ms = i64::from_le_bytes(*self.take(8)?.as_array()?);
        let (first, length_ms, samples) = (self.column(series)?, self.column(series)?, self.column(series)?);
        let stored = self.column(series)?;
        let mut end = 0u64;
        let ends = (0..series).map(|at| {
            end = end.saturating_add(samples.get(at));
            end
        });
        let ends = ends.collect();
        let mut labels = Vec::new();
        for _ in 0..self.number()? {
            let name = self.text()?.into();
            let values = self.number()?;
            let ends = self.column(values)?;
            let values = Texts::new(ends, self.text()?.to_owned())?;
            labels.push(LabelColumn { name, values, codes: self.column(series)? });
        }
        let in_order = labels.is_sorted_by(|a, b| a.name < b.name);
        (in_order && self.0.is_empty()).then_some(Columns { base_ms, first, length_ms, ends, stored, labels })
    }
}
