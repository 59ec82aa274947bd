//! The views `rollup_1h` and `rollup_5m`: rollups for people and their tools.

use super::fold::Part;
use super::{Lists, WIDTHS_MS};
use crate::blocks::{Block, path_literal};
use std::path::PathBuf;
use std::sync::Arc;

/// The statements that make the views anew.
pub(crate) fn views_sql(lists: &Lists) -> String {
    let mut sql = String::new();
    for ((name, blocks), width_ms) in ["rollup_1h", "rollup_5m"].into_iter().zip(lists).zip(WIDTHS_MS) {
        let (samples, series) = rows_sql(&blocks.blocks);
        let part = |part: Part| format!("max(value) FILTER (WHERE part = {})", part as i64);
        let or_last = |p: Part| format!("coalesce({}, {})", part(p), part(Part::Last));
        sql += &format!(
            "CREATE OR REPLACE VIEW {name} AS
             SELECT s.name, s.labels, s.fingerprint AS series_id, make_timestamp_ms(begins + {width_ms}) AS time,
                    begins + {width_ms} AS ts, samples, min, max, sum, sum / samples AS avg, first, last, increase
             FROM (SELECT series_id, begins, {}::UBIGINT AS samples, {} AS min, {} AS max, {} AS sum, {} AS first,
                          {} AS last, {} AS increase
                   FROM (SELECT series_id, value, ts - 1 - (ts - 1) % {width_ms} AS begins, (ts - 1) % {width_ms} AS part
                         FROM ({samples})) GROUP BY series_id, begins) r
             JOIN ({series}) s USING (series_id) WHERE samples > 0;
             COMMENT ON VIEW {name} IS 'One row for each series and stretch of time, of days that are over';
             COMMENT ON COLUMN {name}.time IS 'When the stretch ends, UTC; it begins after the end of the one before';
             COMMENT ON COLUMN {name}.samples IS 'How many samples it has';
             COMMENT ON COLUMN {name}.increase IS 'The growth of a counter since the last sample before, resets counted';",
            part(Part::Samples),
            or_last(Part::Min),
            or_last(Part::Max),
            part(Part::Sum),
            or_last(Part::First),
            part(Part::Last),
            part(Part::Increase),
        );
    }
    sql
}

/// The samples and the series of blocks of rows.
fn rows_sql(blocks: &[Arc<Block>]) -> (String, String) {
    if blocks.is_empty() {
        return (
            "SELECT 0::UBIGINT AS series_id, 0::BIGINT AS ts, 0::DOUBLE AS value WHERE false".to_owned(),
            "SELECT 0::UBIGINT AS series_id, '' AS name, NULL::MAP(VARCHAR, VARCHAR) AS labels, \
             0::UBIGINT AS fingerprint WHERE false"
                .to_owned(),
        );
    }
    let files = |path: fn(&Block) -> PathBuf| {
        blocks.iter().map(|block| path_literal(&path(block))).collect::<Vec<_>>().join(", ")
    };
    (
        format!(
            "SELECT series_id, ts, CASE WHEN divisor > 0 THEN number / divisor ELSE exact END AS value \
             FROM read_parquet([{}])",
            files(Block::samples)
        ),
        format!("SELECT series_id, name, labels, fingerprint FROM read_parquet([{}])", files(Block::series)),
    )
}
