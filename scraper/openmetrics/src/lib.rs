//! Exposition formats to samples and back: OpenMetrics 1.0 and Prometheus text 0.0.4. No I/O, no DuckDB.
//!
//! - [`Parser`] is what a scrape runs: one pass over the body, nothing copied, as lenient as Prometheus.
//! - [`validate()`] holds a whole exposition against everything that its specification asks.
//! - [`write`](mod@write) writes OpenMetrics text.
//! - [`Labels`] is the identity of a series.
//!
//! ```
//! use procession_openmetrics::{Entry, Format, Parser};
//!
//! let body = b"# TYPE up gauge\nup{job=\"node\"} 1\n# EOF\n";
//! for entry in Parser::new(body, Format::OpenMetrics) {
//!     if let Entry::Sample(sample) = entry? {
//!         assert_eq!(sample.series, r#"up{job="node"}"#);
//!         assert_eq!(sample.to_labels()?.get("job"), Some("node"));
//!     }
//! }
//! # Ok::<(), procession_openmetrics::ParseError>(())
//! ```

mod error;
mod format;
mod labels;
mod parser;
mod sample;
mod scan;
mod validate;
pub mod write;

pub use error::ParseError;
pub use format::{Format, MetricType};
pub use labels::{Iter, Labels, LabelsBuilder, METRIC_NAME};
pub use parser::{Entry, Parser};
pub use sample::{Exemplar, STALE_NAN, Sample, is_stale};
pub use validate::{Summary, validate};
