//! The commands: checking an exposition, loading and writing history, asking it.

mod backup;
mod check_metrics;
mod export;
mod import;
mod progress;
mod restore;
mod server;
mod sql;
mod verify;

pub use backup::Backup;
pub(crate) use backup::said as backup_said;
pub use check_metrics::CheckMetrics;
pub use export::Export;
pub use import::Import;
pub use restore::Restore;
pub use sql::Sql;
pub use verify::Verify;
