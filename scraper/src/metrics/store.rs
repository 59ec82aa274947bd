//! What the store says of itself.

use procession_store::Stats;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;

/// Writes all of it.
pub(super) fn encode(s: &Stats, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let seconds = || Some(Unit::Seconds);
    let moment = |ms: Option<i64>| ms.map_or(f64::NAN, |ms| ms as f64 / 1000.0);
    let gauges = [
        ("series", "Series that the store knows", None, s.series as f64),
        ("active_series", "Series with a sample in the last five minutes", None, s.active_series as f64),
        ("pending_samples", "Samples that wait for their commit", None, s.pending_samples as f64),
        ("disk", "The database, its log and the blocks", Some(Unit::Bytes), s.disk_bytes as f64),
        ("blocks", "Sealed blocks", None, s.blocks as f64),
        ("block_samples", "Samples in blocks", None, s.block_samples as f64),
        ("block", "The blocks on disk", Some(Unit::Bytes), s.block_bytes as f64),
        ("damaged_blocks", "Damaged blocks that were set aside and still lie there", None, s.damaged_blocks as f64),
        ("missing_blocks", "Blocks that should have been there at the start", None, s.missing_blocks as f64),
        ("foreign_files", "Files among the blocks that are none of ours", None, s.foreign_files as f64),
        ("longest_commit", "The longest commit", seconds(), s.commit_time_max.as_secs_f64()),
        ("failing", "1 while samples cannot be committed", None, f64::from(u8::from(s.failure.is_some()))),
        ("oldest_timestamp", "The oldest sample, since 1970", seconds(), moment(s.min_time_ms)),
        ("newest_timestamp", "The newest sample, since 1970", seconds(), moment(s.max_time_ms)),
    ];
    for (name, help, unit, value) in gauges {
        let metric = ConstGauge::new(value);
        let name = format!("procession_store_{name}");
        metric.encode(encoder.encode_descriptor(&name, help, unit.as_ref(), metric.metric_type())?)?;
    }
    let caches = [
        ("recent_samples", Some(s.cache_bytes.recent_samples)),
        ("block_indexes", Some(s.cache_bytes.block_indexes)),
        ("rollup_indexes", Some(s.cache_bytes.rollup_indexes)),
        ("duckdb", s.cache_bytes.duckdb),
    ];
    let (help, kind) = ("What the store keeps in memory so that it need not be read again", MetricType::Gauge);
    let mut family = encoder.encode_descriptor("procession_store_cache", help, Some(&Unit::Bytes), kind)?;
    for (cache, bytes) in caches.into_iter().filter_map(|(cache, bytes)| Some((cache, bytes?))) {
        ConstGauge::new(bytes as f64).encode(family.encode_family(&[("cache", cache)])?)?;
    }
    let counters = [
        ("committed_samples", "Samples that were committed", None, s.committed_samples as f64),
        ("refused_batches", "Batches refused because too many samples were waiting", None, s.refused_batches as f64),
        ("commits", "Commits that succeeded", None, s.commits as f64),
        ("failed_commits", "Commits that failed and were tried again", None, s.failed_commits as f64),
        ("commit_time", "Time spent in commits", seconds(), s.commit_time.as_secs_f64()),
        ("checkpoints", "Times that the log was written into the table", None, s.checkpoints as f64),
        ("checkpoint_time", "Time spent in that", seconds(), s.checkpoint_time.as_secs_f64()),
        ("deleted_samples", "Samples deleted because they were older than is kept", None, s.deleted_samples as f64),
        ("removed_blocks", "Blocks removed because they were older than is kept", None, s.removed_blocks as f64),
        ("seals", "Blocks sealed from the hot database", None, s.seals as f64),
        ("sealed_samples", "Samples sealed into blocks", None, s.sealed_samples as f64),
        ("seal_time", "Time spent in sealing", seconds(), s.seal_time.as_secs_f64()),
        ("seal_cpu", "CPU time of sealing, merging and checking blocks", seconds(), s.seal_cpu_time.as_secs_f64()),
        ("failed_seals", "Seals and merges that failed and were tried again", None, s.failed_seals as f64),
        ("merges", "Blocks made by merging others", None, s.merges as f64),
        ("merged_samples", "Samples merged into longer blocks", None, s.merged_samples as f64),
        ("merge_time", "Time spent in merging", seconds(), s.merge_time.as_secs_f64()),
        ("merge_cpu", "CPU time of merging, a part of seal_cpu", seconds(), s.merge_cpu_time.as_secs_f64()),
    ];
    for (name, help, unit, value) in counters {
        let metric = ConstCounter::new(value);
        let name = format!("procession_store_{name}");
        metric.encode(encoder.encode_descriptor(&name, help, unit.as_ref(), metric.metric_type())?)?;
    }
    Ok(())
}
