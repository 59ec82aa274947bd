//! Writing a block: from the hot table or from other blocks, in the order of metric name, labels and time.

use super::meta::FORMAT;
use super::views::FINGERPRINT;
use super::{Block, Meta, NUMBER_SHIFT, SAMPLES_FILE, SERIES_FILE, path_literal, sync};
use crate::error::one_line;
use duckdb::Connection;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Rows of a row group: small enough to skip, large enough to compress.
const ROW_GROUP_ROWS: usize = 122_880;

/// Timestamps as differences of differences (DELTA_BINARY_PACKED) need the second version of pages and no dictionary;
/// the values are left to zstd as they are.
const FORMAT_OPTIONS: &str = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1";

/// Where the rows of a new block come from.
pub(crate) enum Source<'a> {
    /// The closed hot table.
    Closed,
    /// Other blocks.
    Blocks(&'a [Arc<Block>]),
}

impl Source<'_> {
    /// Rows of (series_id, ts, value, stale).
    fn samples(&self) -> String {
        match self {
            Source::Closed => "SELECT series_id, ts, value, stale FROM head_closed".to_owned(),
            Source::Blocks(blocks) => {
                format!("SELECT series_id, ts, value, stale FROM read_parquet([{}])", files(blocks, Block::samples))
            }
        }
    }

    /// Rows of (series_id, name, labels, first_ts, last_ts, samples).
    fn series(&self) -> String {
        match self {
            Source::Closed => "SELECT series_id, name, labels, first_ts, last_ts, samples FROM head_series JOIN \
                 (SELECT series_id, min(ts) AS first_ts, max(ts) AS last_ts, count(*) AS samples \
                  FROM head_closed GROUP BY series_id) USING (series_id)"
                .to_owned(),
            Source::Blocks(blocks) => format!(
                "SELECT series_id, name, labels, first_ts, last_ts, samples FROM read_parquet([{}])",
                files(blocks, Block::series)
            ),
        }
    }

    fn sources(&self, number: u32) -> Vec<u32> {
        match self {
            Source::Closed => vec![number],
            Source::Blocks(blocks) => {
                let mut all: Vec<u32> = blocks.iter().flat_map(|b| b.meta.sources.iter().copied()).collect();
                all.sort_unstable();
                all
            }
        }
    }

    /// How many samples the block must have.
    fn count(&self, connection: &Connection) -> duckdb::Result<u64> {
        match self {
            Source::Closed => connection.query_row("SELECT count(*)::UBIGINT FROM head_closed", [], |r| r.get(0)),
            Source::Blocks(blocks) => Ok(blocks.iter().map(|b| b.meta.samples).sum()),
        }
    }
}

fn files(blocks: &[Arc<Block>], path: fn(&Block) -> std::path::PathBuf) -> String {
    blocks.iter().map(|block| path_literal(&path(block))).collect::<Vec<_>>().join(", ")
}

/// Writes a block under `folder`. When this returns it is there whole, also after a power cut; after an error there is
/// nothing of it, or something that the next start removes.
pub(crate) fn write(
    connection: &Connection,
    folder: &Path,
    number: u32,
    source: &Source<'_>,
) -> Result<Arc<Block>, String> {
    let name = format!("{number:010}");
    let unfinished = folder.join(format!("{}{name}", sync::UNFINISHED));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(one_line)?;
    }
    fs::create_dir(&unfinished).map_err(one_line)?;
    let result = fill(connection, &unfinished, number, source);
    // Of this connection only, and of no use any more.
    let _ = connection.execute_batch("DROP TABLE IF EXISTS temp.block_series");
    let finished = folder.join(name);
    let meta = result.and_then(|meta| {
        fs::rename(&unfinished, &finished).and_then(|()| sync::folder(folder)).map_err(one_line)?;
        Ok(meta)
    });
    if meta.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    Ok(Arc::new(Block::new(finished, meta?)))
}

fn fill(connection: &Connection, folder: &Path, number: u32, source: &Source<'_>) -> Result<Meta, String> {
    let (samples_file, series_file) = (folder.join(SAMPLES_FILE), folder.join(SERIES_FILE));
    let base = u64::from(number) << NUMBER_SHIFT;
    // A label set has one number in the block, also where several blocks had it.
    let numbered = format!(
        "CREATE OR REPLACE TEMP TABLE block_series AS \
         SELECT ({base}::UBIGINT + dense_rank() OVER (ORDER BY name, labels) - 1)::UBIGINT AS series_id, \
         series_id AS old_id, name, labels, first_ts, last_ts, samples FROM ({})",
        source.series()
    );
    let series = format!(
        "COPY (SELECT series_id, any_value(name) AS name, any_value(labels) AS labels, min(first_ts) AS first_ts, \
         max(last_ts) AS last_ts, sum(samples)::UBIGINT AS samples, any_value({FINGERPRINT}) AS fingerprint \
         FROM temp.block_series GROUP BY series_id ORDER BY series_id) TO {} (FORMAT parquet, COMPRESSION zstd)",
        literal(&series_file)
    );
    let samples = format!(
        "COPY (SELECT b.series_id, h.ts, h.value, h.stale FROM ({}) h \
         JOIN temp.block_series b ON h.series_id = b.old_id ORDER BY b.series_id, h.ts) \
         TO {} ({FORMAT_OPTIONS}, ROW_GROUP_SIZE {ROW_GROUP_ROWS})",
        source.samples(),
        literal(&samples_file)
    );
    connection.execute_batch(&numbered).map_err(one_line)?;
    let series_written = connection.execute(&series, []).map_err(one_line)? as u64;
    let written = connection.execute(&samples, []).map_err(one_line)? as u64;
    let expected = source.count(connection).map_err(one_line)?;
    if written != expected {
        return Err(format!("{written} samples were written instead of {expected}"));
    }
    let (first_ms, last_ms) = connection
        .query_row("SELECT min(first_ts), max(last_ts) FROM temp.block_series", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .map_err(one_line)?;
    let meta = Meta {
        format: FORMAT,
        number,
        sources: source.sources(number),
        first_ms,
        last_ms,
        samples: written,
        series: series_written,
        samples_file: sync::seal_file(&samples_file).map_err(one_line)?,
        series_file: sync::seal_file(&series_file).map_err(one_line)?,
    };
    let text = serde_json::to_vec_pretty(&meta).map_err(one_line)?;
    sync::write_file(&folder.join(super::open::META_FILE), &text).map_err(one_line)?;
    Ok(meta)
}

/// A path that is written to is no pattern.
fn literal(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}
