//! The commands that work without a running scraper: checking an exposition, loading and writing history.

mod check_metrics;
mod export;
mod import;

pub use check_metrics::CheckMetrics;
pub use export::Export;
pub use import::Import;
