//! Since when counters count. A `_created` line says it; a zero at that moment is stored before the first sample, so that
//! the first increment of a new counter is not lost. Pure.

use super::cache::{Place, SeriesCache};
use super::error::ScrapeError;
use super::ingest::Text;
use super::metadata::MetadataStore;
use crate::config::{CreatedTimestamps, Job};
use procession_openmetrics::{Entry, Format, Labels, LabelsBuilder, METRIC_NAME, MetricType, Parser, Sample};
use std::collections::HashMap;
use std::hash::Hash;

/// How long ago a start may lie. A counter that is older was there before we first saw it, and when it grew is not known;
/// Prometheus takes none from before its open window, which is about as long.
const MAX_AGE_MS: i64 = 3_600_000;

/// Starts that a page tells anew, by the labels that the series of one metric share under the name of its family.
pub(crate) type Told = HashMap<Labels, i64>;

/// The family whose start a line tells, if it is one that does.
pub(crate) fn family_of<'a>(job: &Job, format: Format, name: &'a str, metadata: &MetadataStore) -> Option<&'a str> {
    if job.created == CreatedTimestamps::Series || format != Format::OpenMetrics {
        return None;
    }
    let family = name.strip_suffix("_created")?;
    matches!(metadata.kind(family)?, MetricType::Counter | MetricType::Histogram | MetricType::Summary)
        .then_some(family)
}

/// Notes what a line tells, where it is news.
pub(crate) fn note<R: Copy + Eq + Hash>(
    sample: &Sample<'_>,
    place: Place,
    cache: &mut SeriesCache<R>,
    builder: &mut LabelsBuilder,
    told: &mut Told,
) -> Result<(), ScrapeError> {
    let Some(start_ms) = milliseconds(sample.value) else { return Ok(()) };
    if !cache.start_changed(place, start_ms) {
        return Ok(());
    }
    sample.labels(builder)?;
    let family = builder.get(METRIC_NAME).and_then(|name| name.strip_suffix("_created")).unwrap_or_default().to_owned();
    builder.set(METRIC_NAME, &family);
    told.insert(builder.take(), start_ms);
    Ok(())
}

/// Seconds, as the line has them; a moment after 1970.
fn milliseconds(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds > 0.0 && seconds < 1e12).then(|| (seconds * 1000.0).round() as i64)
}

/// The series whose start was told, and when: found by reading the page once more, which only happens when a start is
/// news. Those that began too long ago, or after their sample, are left out.
pub(crate) fn find<R: Copy + Eq + Hash>(
    text: &Text<'_>,
    job: &Job,
    cache: &SeriesCache<R>,
    metadata: &MetadataStore,
    told: &Told,
) -> Result<Vec<(Place, i64)>, ScrapeError> {
    let mut found = Vec::new();
    let mut builder = LabelsBuilder::default();
    let mut parser = Parser::new(text.body, text.format);
    while let Some(entry) = parser.next_entry()? {
        let Entry::Sample(sample) = entry else { continue };
        sample.labels(&mut builder)?;
        let Some(family) = counted_family(builder.get(METRIC_NAME).unwrap_or_default(), metadata).map(str::to_owned)
        else {
            continue;
        };
        builder.set(METRIC_NAME, &family).remove("le");
        let Some(&start_ms) = told.get(&builder.take()) else { continue };
        let at_ms = sample.timestamp_ms.filter(|_| job.honor_timestamps).unwrap_or(text.timestamp_ms);
        if start_ms < at_ms
            && start_ms >= at_ms.saturating_sub(MAX_AGE_MS)
            && let Some(place) = cache.place(sample.series)
        {
            found.push((place, start_ms));
        }
    }
    Ok(found)
}

/// The family of a series that counts from zero. A summary's quantiles do not.
fn counted_family<'a>(name: &'a str, metadata: &MetadataStore) -> Option<&'a str> {
    let is = |family: &str, kinds: &[MetricType]| metadata.kind(family).is_some_and(|kind| kinds.contains(&kind));
    for (suffix, kinds) in [
        ("_total", &[MetricType::Counter][..]),
        ("_bucket", &[MetricType::Histogram]),
        ("_count", &[MetricType::Histogram, MetricType::Summary]),
        ("_sum", &[MetricType::Histogram, MetricType::Summary]),
    ] {
        if let Some(family) = name.strip_suffix(suffix).filter(|family| is(family, kinds)) {
            return Some(family);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn moments() {
        for (seconds, want) in [
            (1_520_872_607.123, Some(1_520_872_607_123)),
            (0.0004, Some(0)),
            (0.0, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (1e300, None),
        ] {
            assert_eq!(milliseconds(seconds), want, "{seconds}");
        }
    }
}
