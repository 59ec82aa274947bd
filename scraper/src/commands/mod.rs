//! The commands: checking an exposition, loading and writing history, asking it.

mod check_metrics;
mod export;
mod import;
mod progress;
mod sql;

pub use check_metrics::CheckMetrics;
pub use export::Export;
pub use import::Import;
pub use sql::Sql;
