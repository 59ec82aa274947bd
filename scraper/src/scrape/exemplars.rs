//! Exemplars on a page: decoded only where they are news, since a page shows the last one of each series again and again.

use super::cache::{Place, SeriesCache};
use procession_openmetrics::Exemplar as Written;
use procession_store::Exemplar;
use std::hash::{BuildHasher, Hash};

/// The most characters that names and values of an exemplar's labels may have together, as OpenMetrics says.
const MAX_CHARS: usize = 128;

/// The exemplar of a series, if the page before did not have it. `None` too where its labels are faulty or too long:
/// that costs no sample.
pub(crate) fn news<R: Copy + Eq + Hash>(
    written: &Written<'_>,
    place: Place,
    cache: &mut SeriesCache<R>,
    scraped_ms: i64,
    latest_ms: i64,
) -> Option<Exemplar> {
    let said = (written.series, written.value.to_bits(), written.timestamp_ms);
    if !cache.exemplar_changed(place, foldhash::fast::FixedState::default().hash_one(said)) {
        return None;
    }
    let labels = written.to_labels().ok()?;
    let chars: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    let timestamp_ms = written.timestamp_ms.unwrap_or(scraped_ms);
    (chars <= MAX_CHARS && timestamp_ms <= latest_ms).then_some(Exemplar { labels, timestamp_ms, value: written.value })
}
