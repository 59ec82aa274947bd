//! The instance that serves one query: the newest samples that it needs copied into memory, the blocks where they lie, nothing
//! else.

use super::fence::{self, Named};
use super::{SqlLimits, plan, wide};
use crate::Error;
use crate::blocks::{Block, long_views_sql};
use crate::folder::Folder;
use crate::head::{Shared, Span};
use crate::query;
use crate::rollup::{self, Lists};
use crate::series::to_record_batch;
use duckdb::arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, UInt32Array};
use duckdb::arrow::error::ArrowError;
use duckdb::{Config, Connection};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;
use procession_openmetrics::{Labels, is_stale};
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An instance, locked, and what must stay as long as it.
pub(super) struct Instance {
    pub(super) connection: Connection,
    /// The files of these blocks are not removed while they are held.
    _blocks: Vec<Arc<Block>>,
    _rollups: Lists,
    _spill: Spill,
}

/// A folder of its own for what does not fit into memory.
struct Spill(PathBuf);

impl Drop for Spill {
    fn drop(&mut self) {
        // DuckDB has removed it where it was used; what is left, the next start removes.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Instance {
    /// Makes an instance for a text, if it is accepted. `hold` is told of each connection before anything runs on it.
    pub(super) fn make(
        shared: &Shared,
        folder: &Folder,
        text: &str,
        limits: &SqlLimits,
        stop: &dyn Fn() -> bool,
        hold: impl Fn(&Connection),
    ) -> Result<Instance, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let (named, moments) = plan(text, limits, &hold)?;
        // DuckDB makes one folder, not those above it. Where this fails a query that must spill says so.
        let _ = std::fs::create_dir_all(folder.spill());
        let spill = Spill(folder.spill().join(format!("sql-{}", NUMBER.fetch_add(1, Ordering::Relaxed))));
        let connection = config(limits, &spill.0).and_then(Connection::open_in_memory_with_flags);
        let connection = connection.map_err(Error::query)?;
        hold(&connection);
        connection.execute_batch(TABLES).map_err(Error::query)?;
        let all_series = named.reads(&["series", "stored_series", "head_series"]);
        let blocks = copy_recent(shared, &connection, moments, all_series)?;
        let rollups = if named.reads(&["rollup_1h", "rollup_5m"]) { shared.rollups.lists() } else { Lists::default() };
        check(shared, &blocks, &rollups, moments, stop)?;
        // Where the catalogue is asked for, in which they stand.
        let has_comments = text.to_ascii_lowercase().contains("duckdb_");
        make_views(&connection, &blocks, &rollups, &named, has_comments).map_err(Error::sql)?;
        lock(&connection, &blocks, &rollups).map_err(Error::sql)?;
        Ok(Instance { connection, _blocks: blocks, _rollups: rollups, _spill: spill })
    }
}

/// What a text names, and the moments that it asks for.
fn plan(text: &str, limits: &SqlLimits, hold: &impl Fn(&Connection)) -> Result<(Named, Span), Error> {
    let connection = planner(limits).map_err(Error::query)?;
    hold(&connection);
    let named = fence::check(&connection, text)?;
    if !named.reads(&["samples", "stored_samples", "head_samples", "processes", "groups"]) {
        return Ok((named, Span::NONE));
    }
    connection.execute_batch(TABLES).map_err(Error::query)?;
    make_views(&connection, &[], &Lists::default(), &named, false).map_err(Error::sql)?;
    let moments = plan::moments(&connection, text);
    Ok((named, moments))
}

/// An instance that can reach no file: whoever plans a text opens what it names.
fn planner(limits: &SqlLimits) -> duckdb::Result<Connection> {
    let config = config(limits, Path::new(""))?.enable_external_access(false)?;
    Connection::open_in_memory_with_flags(config)
}

fn config(limits: &SqlLimits, spill: &Path) -> duckdb::Result<Config> {
    Config::default()
        .threads(limits.threads.max(1) as i64)?
        .max_memory(&format!("{}B", limits.memory_bytes))?
        .with("temp_directory", spill.to_string_lossy())?
        .with("max_temp_directory_size", format!("{}B", limits.temp_bytes))?
        .with("autoinstall_known_extensions", "false")?
        .with("autoload_known_extensions", "false")?
        .with("allow_community_extensions", "false")?
        .with("allow_persistent_secrets", "false")
}

/// The tables that the views are over, as the migrations make them.
pub(super) const TABLES: &str = "
    CREATE TABLE head_series (series_id UINTEGER NOT NULL, name VARCHAR NOT NULL, labels MAP(VARCHAR, VARCHAR) NOT NULL);
    CREATE TABLE head_samples (series_id UINTEGER NOT NULL, ts BIGINT NOT NULL, value DOUBLE, stale BOOLEAN NOT NULL);
    CREATE TABLE head_closed AS FROM head_samples LIMIT 0;";

/// Rows that are handed to DuckDB at once.
const ROWS_AT_ONCE: usize = 122_880;

/// Copies what is not in blocks, at one moment: the samples of some moments with their series, or all series. Returns the blocks
/// that have more of these.
fn copy_recent(shared: &Shared, to: &Connection, moments: Span, all_series: bool) -> Result<Vec<Arc<Block>>, Error> {
    if moments == Span::NONE && !all_series {
        return Ok(Vec::new());
    }
    // After its start and up to its end, as samples are read.
    let bounds = (moments.first_ms.saturating_sub(1), moments.last_ms);
    let mut series: HashMap<u32, Labels, RandomState> = HashMap::default();
    let mut rows = Rows::default();
    let blocks = {
        // Under this lock every sample is in one place (see `query::select`).
        let recent = shared.recent.read();
        recent.each(bounds, &mut |number, labels, timestamps, values| {
            if timestamps.is_empty() && !all_series {
                return;
            }
            series.entry(number).or_insert_with(|| labels.clone());
            rows.series.resize(rows.series.len() + timestamps.len(), number);
            rows.timestamps.extend_from_slice(timestamps);
            rows.values.extend_from_slice(values);
        });
        let index = shared.series.read();
        for waiting in shared.queue.lock().pending() {
            let batch = &waiting.batch;
            for ((number, &timestamp_ms), &value) in
                batch.series.iter().map(|s| s.0).zip(&batch.timestamps_ms).zip(&batch.values)
            {
                let is_wanted = timestamp_ms > bounds.0 && timestamp_ms <= bounds.1;
                if let Some(labels) = index.get(number).filter(|_| is_wanted || all_series) {
                    series.entry(number).or_insert_with(|| labels.clone());
                }
                if is_wanted {
                    rows.series.push(number);
                    rows.timestamps.push(timestamp_ms);
                    rows.values.push(value);
                }
            }
        }
        let list = shared.blocks.list();
        if all_series { list.blocks.clone() } else { list.meeting(moments.first_ms, moments.last_ms) }
    };
    let series: Vec<(u32, Labels)> = series.into_iter().collect();
    append(to, "head_series", series.chunks(ROWS_AT_ONCE).map(to_record_batch))?;
    let all = (0..rows.series.len()).step_by(ROWS_AT_ONCE);
    append(to, "head_samples", all.map(|at| rows.batch(at..rows.series.len().min(at + ROWS_AT_ONCE))))?;
    Ok(blocks)
}

fn append(
    to: &Connection,
    table: &str,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<(), Error> {
    let mut appender = to.appender(table).map_err(Error::query)?;
    for batch in batches {
        appender.append_record_batch(batch.map_err(Error::query)?).map_err(Error::sql)?;
    }
    appender.flush().map_err(Error::sql)
}

/// Samples in columns.
#[derive(Default)]
struct Rows {
    series: Vec<u32>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
}

impl Rows {
    fn batch(&self, range: Range<usize>) -> Result<RecordBatch, ArrowError> {
        let series = UInt32Array::from(self.series[range.clone()].to_vec());
        let timestamps = Int64Array::from(self.timestamps[range.clone()].to_vec());
        let values = &self.values[range];
        let stale: BooleanArray = values.iter().map(|&v| Some(is_stale(v))).collect();
        let values: Float64Array = values.iter().map(|&v| (!is_stale(v)).then_some(v)).collect();
        RecordBatch::try_from_iter_with_nullable([
            ("series_id", Arc::new(series) as ArrayRef, false),
            ("ts", Arc::new(timestamps), false),
            ("value", Arc::new(values), true),
            ("stale", Arc::new(stale), false),
        ])
    }
}

/// Reads files that were not read since the start, as a whole, before a query uses what may be damaged in them: DuckDB knows nothing of
/// our checksums. Of blocks that have no sample of these moments only the series are looked at.
fn check(
    shared: &Shared,
    blocks: &[Arc<Block>],
    rollups: &Lists,
    moments: Span,
    stop: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let rows = rollups.iter().enumerate().flat_map(|(at, list)| list.blocks.iter().map(move |b| (Some(at), b)));
    for (place, block) in blocks.iter().map(|block| (None, block)).chain(rows) {
        if stop() {
            return Err(Error::SqlStopped);
        }
        let uses_samples = place.is_some() || block.meta.meets(moments.first_ms, moments.last_ms);
        let samples = || if uses_samples { block.check_samples() } else { Ok(()) };
        block.check_series().and_then(|()| samples()).map_err(|error| {
            let error = Error::block(block, error);
            if let Error::Block { number, message, damaged: true, .. } = &error {
                match place {
                    None => query::set_aside(shared, *number, message),
                    Some(at) => shared.rollups.set_aside(at, *number, message),
                }
            }
            error
        })?;
    }
    Ok(())
}

/// Makes the views.
fn make_views(
    to: &Connection,
    blocks: &[Arc<Block>],
    rollups: &Lists,
    named: &Named,
    has_comments: bool,
) -> duckdb::Result<()> {
    to.execute_batch(&long_views_sql(blocks, has_comments))?;
    to.execute_batch(&rollup::views_sql(rollups))?;
    to.execute_batch(&wide::views_sql(|column| named.uses(column), has_comments))
}

/// Locks the instance: it can read the files of these blocks, and nothing can be set any more.
fn lock(to: &Connection, blocks: &[Arc<Block>], rollups: &Lists) -> duckdb::Result<()> {
    let mut files = String::new();
    let rows = rollups.iter().flat_map(|list| &list.blocks);
    for file in blocks.iter().chain(rows).flat_map(|b| [b.samples(), b.series()]) {
        // Writing into a String cannot fail.
        let _ = write!(files, "'{}',", file.to_string_lossy().replace('\'', "''"));
    }
    to.execute_batch(&format!(
        "SET allowed_paths = [{files}]; SET enable_external_access = false; SET lock_configuration = true"
    ))
}

/// What interrupts the query that runs, if one does.
pub(super) type Running = Mutex<Option<Arc<duckdb::InterruptHandle>>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planning_opens_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret.csv");
        std::fs::write(&file, "password\n").unwrap();
        let connection = planner(&SqlLimits::default()).unwrap();
        let said = connection.execute_batch(&format!("EXPLAIN FROM '{}'", file.display())).unwrap_err().to_string();
        assert!(said.starts_with("Permission Error: Cannot access file"), "{said}");
    }
}
