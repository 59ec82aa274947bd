//! The views `samples` and `series`, over the hot tables and the blocks: what people and their tools ask. (Those with a
//! row for each process are made of them in `sql::wide`.)

use super::Block;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// The number that stands for a label set in the views: the same in the hot tables and in every block.
pub(crate) const FINGERPRINT: &str = "md5_number_lower(name || chr(10) || labels::VARCHAR)::UBIGINT";

/// What the long views and their columns are, for people.
const COMMENTS: &str = "
    COMMENT ON VIEW stored_series IS 'Series by their number in their block; for the other views';
    COMMENT ON VIEW stored_samples IS 'Samples by the number of their series in its block; for the other views';
    COMMENT ON VIEW series IS 'One row for each series: a metric name and labels';
    COMMENT ON COLUMN series.series_id IS 'Number that stands for the name and the labels';
    COMMENT ON COLUMN series.name IS 'Metric name, empty where there is none';
    COMMENT ON COLUMN series.labels IS 'The other labels: labels[''instance'']';
    COMMENT ON VIEW samples IS 'One row for each sample of each series';
    COMMENT ON COLUMN samples.name IS 'Metric name, empty where there is none';
    COMMENT ON COLUMN samples.labels IS 'The other labels: labels[''instance'']';
    COMMENT ON COLUMN samples.series_id IS 'Number of the series, as in the view series';
    COMMENT ON COLUMN samples.time IS 'When, UTC';
    COMMENT ON COLUMN samples.ts IS 'When, in milliseconds since 1970; quick to filter by';
    COMMENT ON COLUMN samples.value IS 'The value; NULL where stale';
    COMMENT ON COLUMN samples.stale IS 'Whether the series ended here';";

/// The statements that make all views anew. Paths are absolute, so that it does not matter where the client was started.
pub(crate) fn views_sql(blocks: &[Arc<Block>]) -> String {
    long_views_sql(blocks, true) + &crate::sql::all_columns_sql()
}

/// The statements that make the views with a row for each sample or series. Comments on them take longer than they do.
pub(crate) fn long_views_sql(blocks: &[Arc<Block>], has_comments: bool) -> String {
    let paths = |blocks: &[&Arc<Block>], path: fn(&Block) -> std::path::PathBuf| {
        blocks.iter().map(|block| path_literal(&path(block))).collect::<Vec<_>>().join(", ")
    };
    let (mut samples, mut series) = (String::new(), String::new());
    // What the first format calls value is computed in the second.
    for (is_first, value) in
        [(true, "value"), (false, "CASE WHEN stale THEN NULL WHEN divisor > 0 THEN number / divisor ELSE exact END")]
    {
        let of_format: Vec<_> = blocks.iter().filter(|block| (block.meta.format == 1) == is_first).collect();
        if !of_format.is_empty() {
            // Writing into a String cannot fail.
            let files = paths(&of_format, Block::samples);
            let series_files = paths(&of_format, Block::series);
            let _ = write!(
                samples,
                " UNION ALL SELECT series_id, ts, {value} AS value, stale FROM read_parquet([{files}])"
            );
            let _ = write!(
                series,
                " UNION ALL SELECT series_id, name, labels, fingerprint FROM read_parquet([{series_files}])"
            );
        }
    }
    let named = format!(
        "SELECT series_id::UBIGINT AS series_id, name, labels, {FINGERPRINT} AS fingerprint FROM head_series{series}"
    );
    format!(
        "CREATE OR REPLACE VIEW stored_series AS {named};
         CREATE OR REPLACE VIEW stored_samples AS
         SELECT series_id::UBIGINT AS series_id, ts, value, stale FROM head_samples
         UNION ALL SELECT series_id::UBIGINT, ts, value, stale FROM head_closed{samples};
         CREATE OR REPLACE VIEW series AS SELECT DISTINCT fingerprint AS series_id, name, labels FROM stored_series;
         CREATE OR REPLACE VIEW samples AS
         SELECT s.name, s.labels, s.fingerprint AS series_id, make_timestamp_ms(h.ts) AS time, h.ts, h.value, h.stale
         FROM stored_samples h JOIN stored_series s USING (series_id);{}",
        if has_comments { COMMENTS } else { "" }
    )
}

/// A path as a literal for `read_parquet`, which takes it as a pattern.
pub(crate) fn path_literal(path: &Path) -> String {
    let mut sql = String::from("'");
    for c in path.to_string_lossy().chars() {
        match c {
            '\'' => sql.push_str("''"),
            '*' | '?' | '[' => {
                sql.push('[');
                sql.push(c);
                sql.push(']');
            }
            c => sql.push(c),
        }
    }
    sql.push('\'');
    sql
}
