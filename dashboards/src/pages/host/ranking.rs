//! Which groups a chart shows by name: the same over its whole range.

use super::HostView;
use super::panel::{Kind, Panel};
use crate::query::{Client, Error};
use crate::time::{Span, duration_text};

/// Groups that are drawn by name.
pub(super) const TOP: usize = 8;

/// Above this length one instant query over the whole range would read more samples than servers allow; then the
/// ranking is by points spread over the range.
const RANKED_AT_ONCE_MS: i64 = 2 * 86_400_000;
const RANKING_POINTS: i64 = 60;

/// The names of the groups that used most over the whole range, the most used first. What counts is the sum over time,
/// so a group that was there for a tenth of the range counts a tenth, and a short peak takes nobody's place. Looked at
/// from the chart's last point, so that a page that follows its data keeps its groups from one point to the next.
pub(super) async fn rank(client: &Client, panel: &Panel, view: &HostView) -> Result<Vec<String>, Error> {
    let (metric, matcher) = (panel.metric, view.matcher());
    let (length, end_ms) = (view.frame.span.length_ms(), view.frame.points().end_ms);
    if length <= RANKED_AT_ONCE_MS {
        let over = match panel.kind {
            Kind::Counter => "increase",
            Kind::Gauge => "sum_over_time",
        };
        let query = format!("topk({TOP}, sum by (group) ({over}({metric}{{{matcher}}}[{}])))", duration_text(length));
        let samples = client.instant(&query, end_ms).await?;
        let named = samples.into_iter().map(|mut s| (s.point.value, s.labels.remove("group").unwrap_or_default()));
        return Ok(descending(named.collect()));
    }
    let query = format!("sum by (group) ({})", panel.values(&matcher, view));
    let step_ms = length / RANKING_POINTS / 1000 * 1000;
    let series = client.range(&query, Span { start_ms: end_ms - length + step_ms, end_ms }, step_ms).await?;
    let named = series.into_iter().map(|mut series| {
        let used = series.values.iter().map(|point| point.value).filter(|value| value.is_finite()).sum();
        (used, series.labels.remove("group").unwrap_or_default())
    });
    Ok(descending(named.collect()))
}

/// The first [`TOP`] names of those that used anything.
fn descending(mut used: Vec<(f64, String)>) -> Vec<String> {
    used.retain(|(value, _)| *value > 0.0);
    used.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    used.truncate(TOP);
    used.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_used_most_are_named() {
        let used = |values: &[f64]| descending(values.iter().zip('a'..).map(|(v, name)| (*v, name.into())).collect());
        assert_eq!(used(&[1.0, 3.0, 0.0, f64::NAN, 3.0]).concat(), "bea");
        assert_eq!(used(&(0..20).map(f64::from).collect::<Vec<_>>()).concat(), "tsrqponm");
        assert!(used(&[]).is_empty());
    }
}
