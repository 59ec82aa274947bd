//! Rows as columns of text.

use arrow_array::RecordBatch;
use arrow_cast::display::FormatOptions;
use arrow_cast::pretty::pretty_format_batches_with_options;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More than anybody reads; other forms have no such bound.
const MAX_ROWS: usize = 10_000;

/// Rows that wait to be shown: how wide the columns are, the last one may tell.
#[derive(Default)]
pub(super) struct Table {
    rows: Mutex<Vec<RecordBatch>>,
    count: AtomicUsize,
}

impl Table {
    /// Whether more would not be shown.
    pub(super) fn is_full(&self) -> bool {
        self.count.load(Ordering::Relaxed) > MAX_ROWS
    }

    /// Adds rows.
    pub(super) fn add(&self, rows: &RecordBatch) -> io::Result<()> {
        let before = self.count.fetch_add(rows.num_rows(), Ordering::Relaxed);
        let left = MAX_ROWS.saturating_sub(before).min(rows.num_rows());
        let mut all = self.rows.lock().map_err(|_| io::Error::other("the rows are lost"))?;
        if left > 0 || all.is_empty() {
            all.push(rows.slice(0, left));
        }
        Ok(())
    }

    /// Writes them.
    pub(super) fn write(self, out: &mut impl Write) -> anyhow::Result<()> {
        let full = self.is_full();
        let rows = self.rows.into_inner().unwrap_or_default();
        let options = FormatOptions::default().with_null("NULL");
        writeln!(out, "{}", pretty_format_batches_with_options(&rows, &options)?)?;
        if full {
            writeln!(out, "(the first {MAX_ROWS} rows; --format csv shows all)")?;
        }
        out.flush()?;
        Ok(())
    }
}
