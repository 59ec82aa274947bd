//! Exposition formats to samples and back: OpenMetrics 1.0 and Prometheus text 0.0.4. No I/O, no DuckDB.

mod labels;
mod sample;

pub use labels::{Iter, Labels, LabelsBuilder, METRIC_NAME};
pub use sample::{STALE_NAN, is_stale};
