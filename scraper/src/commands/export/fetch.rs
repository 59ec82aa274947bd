//! Fetches the samples of a family in portions: as many series at a time as fit into memory, and of one series that
//! does not fit, one stretch of time after another.

use super::portion::halves;
use procession_openmetrics::{Labels, METRIC_NAME};
use procession_promql::{Cancel, Matcher, Select, Selection, SeriesView};

/// Told of each series with its samples; the flag says whether they are its first.
type Told<'a> = dyn FnMut(SeriesView<'_>, bool) -> anyhow::Result<()> + 'a;

/// Fetches from a source that refuses a selection of too many samples.
pub(super) struct Fetch<'a> {
    source: &'a dyn Select,
    first_ms: i64,
    last_ms: i64,
    /// More series than this were too many before: larger portions are not tried again.
    series_at_a_time: usize,
}

impl<'a> Fetch<'a> {
    /// Fetches what lies between two moments, both included.
    pub(super) fn new(source: &'a dyn Select, first_ms: i64, last_ms: i64) -> Self {
        Fetch { source, first_ms, last_ms, series_at_a_time: usize::MAX }
    }

    /// Tells of all samples of the series, which are of one name and sorted: each series whole before the next.
    pub(super) fn each(&mut self, family: &[Labels], told: &mut Told<'_>) -> anyhow::Result<()> {
        let name = family.first().map_or("", |labels| labels.metric_name());
        self.portion(vec![Matcher::equal(METRIC_NAME, name)], family, told)
    }

    fn portion(&mut self, mut matchers: Vec<Matcher>, series: &[Labels], told: &mut Told<'_>) -> anyhow::Result<()> {
        if let [one] = series {
            // The family may have series that nobody asked for: they must not count.
            matchers = one.iter().map(|(name, value)| Matcher::equal(name, value)).collect();
        }
        if series.len() <= self.series_at_a_time {
            let selection = Selection {
                matchers: matchers.clone(),
                start_ms: self.first_ms.saturating_sub(1),
                end_ms: self.last_ms,
                cancel: Cancel::default(),
            };
            match self.source.select(&selection) {
                Ok(set) => {
                    let mut views: Vec<_> = set.iter().filter(|v| series.binary_search(v.labels).is_ok()).collect();
                    views.sort_unstable_by(|a, b| a.labels.cmp(b.labels));
                    return views.into_iter().try_for_each(|view| told(view, true));
                }
                Err(_) if series.len() > 1 => self.series_at_a_time = series.len() / 2,
                Err(_) => return self.stretches(&matchers, &series[0], told),
            }
        }
        let Some(halves) = halves(series) else {
            anyhow::bail!("series of {} cannot be told apart", series[0].metric_name());
        };
        halves.into_iter().try_for_each(|(matcher, half)| {
            let mut matchers = matchers.clone();
            matchers.push(matcher);
            self.portion(matchers, &half, told)
        })
    }

    /// One series that does not fit whole.
    fn stretches(&mut self, matchers: &[Matcher], series: &Labels, told: &mut Told<'_>) -> anyhow::Result<()> {
        let (mut after_ms, mut begins) = (self.first_ms.saturating_sub(1), true);
        let mut length_ms = self.last_ms.saturating_sub(after_ms) / 2;
        while after_ms < self.last_ms {
            let end_ms = after_ms.saturating_add(length_ms).min(self.last_ms);
            let selection =
                Selection { matchers: matchers.to_vec(), start_ms: after_ms, end_ms, cancel: Cancel::default() };
            match self.source.select(&selection) {
                Ok(set) => {
                    for view in set.iter().filter(|v| v.labels == series) {
                        told(view, begins)?;
                        begins = false;
                    }
                    after_ms = end_ms;
                }
                // The error is another one than of too many samples where so short a stretch still fails.
                Err(e) if length_ms <= 1 => return Err(e.into()),
                Err(_) => length_ms /= 2,
            }
        }
        Ok(())
    }
}
