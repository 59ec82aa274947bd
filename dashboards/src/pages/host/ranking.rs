//! Which groups a chart shows by name: the same over its whole range.

use super::HostView;
use super::panel::{Kind, Panel};
use crate::chart::Summary;
use crate::query::{Client, Error};
use crate::time::{Span, duration_text};

/// Groups that are drawn by name.
pub(super) const TOP: usize = 8;
/// Of these, at least so many by what they used over the whole range.
const BY_USE: usize = 5;

/// Above this length one instant query over the whole range would read more samples than servers allow; then the
/// ranking is by points spread over the range.
const RANKED_AT_ONCE_MS: i64 = 2 * 86_400_000;
const RANKING_POINTS: i64 = 60;

/// The names of the groups that stand out over the whole range: those that used most in all, and those that for a
/// moment used more than any other (a backup of five minutes is what somebody looks for).
pub(super) async fn rank(client: &Client, panel: &Panel, view: &HostView) -> Result<Vec<String>, Error> {
    let (used, peaks) = tokio::try_join!(most_used(client, panel, view), highest_peaks(client, panel, view))?;
    Ok(chosen(used, peaks))
}

/// Names with a figure, highest first.
type Ranking = Vec<(f64, String)>;

async fn most_used(client: &Client, panel: &Panel, view: &HostView) -> Result<Ranking, Error> {
    let (metric, matcher) = (panel.metric, view.matcher());
    let length = view.frame.span.length_ms();
    if length <= RANKED_AT_ONCE_MS {
        let over = match panel.kind {
            Kind::Counter => "increase",
            Kind::Gauge => "max_over_time",
        };
        let query = format!("topk({TOP}, sum by (group) ({over}({metric}{{{matcher}}}[{}])))", duration_text(length));
        let samples = client.instant(&query, view.frame.span.end_ms).await?;
        let named = samples.into_iter().map(|mut s| (s.point.value, s.labels.remove("group").unwrap_or_default()));
        return Ok(descending(named.collect()));
    }
    let query = format!("sum by (group) ({})", panel.values(&matcher, view));
    let step_ms = length / RANKING_POINTS / 1000 * 1000;
    let span = Span { start_ms: view.frame.span.start_ms + step_ms, end_ms: view.frame.span.end_ms };
    let series = client.range(&query, span, step_ms).await?;
    let named = series.into_iter().map(|mut series| {
        let Summary { avg, max, .. } = Summary::of(&series.values);
        let used = match panel.kind {
            // A group that lived for a tenth of the range used a tenth of its mean.
            Kind::Counter => avg * series.values.len() as f64,
            Kind::Gauge => max,
        };
        (used, series.labels.remove("group").unwrap_or_default())
    });
    Ok(descending(named.collect()))
}

/// The groups that were the first or second at any point of the chart, by their highest point among these.
async fn highest_peaks(client: &Client, panel: &Panel, view: &HostView) -> Result<Ranking, Error> {
    if panel.kind == Kind::Gauge {
        // What was used most is told by its peak already.
        return Ok(Vec::new());
    }
    let query = format!("topk(2, sum by (group) ({}))", panel.values(&view.matcher(), view));
    let series = client.range(&query, view.frame.points(), view.frame.step_ms).await?;
    let named =
        series.into_iter().map(|mut s| (Summary::of(&s.values).max, s.labels.remove("group").unwrap_or_default()));
    Ok(descending(named.collect()))
}

fn descending(mut ranking: Ranking) -> Ranking {
    ranking.retain(|(value, _)| *value > 0.0);
    ranking.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    ranking
}

/// [`TOP`] names: at least [`BY_USE`] by use, then the highest peaks, the rest by use again; in the order of use, peaks
/// that are not among the most used last.
fn chosen(used: Ranking, peaks: Ranking) -> Vec<String> {
    let used: Vec<String> = used.into_iter().map(|(_, name)| name).collect();
    let mut kept: Vec<&String> = used.iter().take(BY_USE).collect();
    let peaks: Vec<String> = peaks.into_iter().map(|(_, name)| name).collect();
    for name in peaks.iter().take(TOP - BY_USE).chain(&used) {
        if kept.len() < TOP && !kept.contains(&name) {
            kept.push(name);
        }
    }
    let place = |name: &String| used.iter().position(|other| other == name).unwrap_or(usize::MAX);
    kept.sort_by_key(|name| place(name));
    kept.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_among_the_chosen() {
        let ranking = |names: &str| names.chars().zip(0..).map(|(c, n)| (f64::from(100 - n), c.to_string())).collect();
        for (used, peaks, expected) in [
            ("abcdefghij", "", "abcdefgh"),
            ("abcdefghij", "xab", "abcdefgx"),
            ("abcdefghij", "xyzw", "abcdexyz"),
            ("abcdefghij", "jc", "abcdefgj"),
            ("ab", "cba", "abc"),
            ("", "", ""),
        ] {
            assert_eq!(chosen(ranking(used), ranking(peaks)).concat(), expected, "{used} {peaks}");
        }
    }
}
