//! One chart of a host: the groups that used most of something over the whole range, and the rest as "others".

use std::collections::HashMap;

use super::HostView;
use crate::chart::{Chart, Edges, Point, Series, Summary, Unit};
use crate::parameters::encoded;
use crate::query::promql::any_of;
use crate::query::{Client, Error};
use crate::time::{Span, duration_text};

/// How the metric of a panel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It only grows; the chart shows its rate.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// A chart that every host has.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) id: &'static str,
    title: &'static str,
    pub(super) unit: Unit,
    metric: &'static str,
    kind: Kind,
}

/// The charts of a host, in the order of the page.
pub(super) const PANELS: [Panel; 4] = [
    Panel {
        id: "cpu",
        title: "CPU cores",
        unit: Unit::Cores,
        metric: "proc_group_cpu_seconds_total",
        kind: Kind::Counter,
    },
    Panel {
        id: "memory",
        title: "Resident memory",
        unit: Unit::Bytes,
        metric: "proc_group_resident_memory_bytes",
        kind: Kind::Gauge,
    },
    Panel {
        id: "reads",
        title: "Storage reads",
        unit: Unit::BytesPerSecond,
        metric: "proc_group_read_bytes_total",
        kind: Kind::Counter,
    },
    Panel {
        id: "writes",
        title: "Storage writes",
        unit: Unit::BytesPerSecond,
        metric: "proc_group_written_bytes_total",
        kind: Kind::Counter,
    },
];

/// Groups that are drawn by name.
const TOP: usize = 8;
/// Of these, at least so many by what they used over the whole range.
const BY_USE: usize = 5;

/// Above this length one instant query over the whole range would read more samples than servers allow; then the
/// ranking is by points spread over the range.
const RANKED_AT_ONCE_MS: i64 = 2 * 86_400_000;
const RANKING_POINTS: i64 = 60;

/// A chart with what the card shows beside it.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) chart: Chart,
    /// The sum over all groups at the end of the range; NaN where there is none.
    pub(super) now: f64,
    /// The same chart as an image.
    pub(super) href: String,
}

/// Asks for everything that the chart of `panel` needs.
pub(super) async fn fetch(client: &Client, panel: &Panel, view: &HostView) -> Result<Drawn, Error> {
    let span = view.span.aligned(view.step_ms);
    let ranked = rank(client, panel, view).await?;
    let all = panel.values(&view.matcher(), view);
    let total = format!("sum({all})");
    let named = format!("{},group=~{}", view.matcher(), any_of(ranked.iter().map(String::as_str)));
    let named = format!("sum by (group) ({})", panel.values(&named, view));
    let (groups, total) = if ranked.is_empty() {
        (Vec::new(), client.range(&total, span, view.step_ms).await?)
    } else {
        tokio::try_join!(client.range(&named, span, view.step_ms), client.range(&total, span, view.step_ms))?
    };
    let mut by_group: HashMap<String, Vec<Point>> = groups
        .into_iter()
        .map(|series| (series.labels.get("group").cloned().unwrap_or_default(), series.values))
        .collect();
    let mut series: Vec<Series> = ranked
        .into_iter()
        .filter_map(|name| by_group.remove(&name).map(|points| Series { name, points, others: false, ink: None }))
        .collect();
    let total = total.into_iter().next().map(|series| series.values).unwrap_or_default();
    series.extend(others(&series, &total));
    let chart = Chart {
        title: panel.title.to_owned(),
        unit: panel.unit,
        span: view.span,
        step_ms: view.step_ms,
        zone: view.zone.clone(),
        series,
        stacked: view.stacked,
        edges: Edges::default(),
        note: String::new(),
    };
    let now = total.last().map_or(f64::NAN, |point| point.value);
    let href = panel.href(&format!("topk({TOP}, sum by (group) ({all}))"), view);
    Ok(Drawn { chart, now, href })
}

impl Panel {
    /// The series of this panel, as a rate where it counts.
    fn values(&self, matchers: &str, view: &HostView) -> String {
        let metric = self.metric;
        match self.kind {
            Kind::Counter => format!("rate({metric}{{{matchers}}}[{}])", duration_text(view.rate_window_ms())),
            // Where a point stands for several scrapes, the highest of them: a peak between two points is a peak.
            Kind::Gauge if view.step_ms >= 2 * view.interval_ms => {
                format!("max_over_time({metric}{{{matchers}}}[{}])", duration_text(view.step_ms))
            }
            Kind::Gauge => format!("{metric}{{{matchers}}}"),
        }
    }

    fn href(&self, query: &str, view: &HostView) -> String {
        let mut href = format!(
            "/chart.svg?query={}&unit={}&title={}&legend={}&stack={}&w=1200&h=400",
            encoded(query),
            encoded(&self.unit.to_string()),
            encoded(&format!("{} on {}", self.title, view.link.instance).chars().take(200).collect::<String>()),
            encoded("{{group}}"),
            if view.stacked { "on" } else { "off" },
        );
        let from = view.link.from.as_deref().unwrap_or(super::DEFAULT_FROM);
        for (name, value) in
            [("from", Some(from)), ("until", view.link.until.as_deref()), ("tz", view.link.tz.as_deref())]
        {
            if let Some(value) = value {
                href.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        href
    }
}

/// The names of the groups that stand out over the whole range: those that used most in all, and those that for a
/// moment used more than any other (a backup of five minutes is what somebody looks for).
async fn rank(client: &Client, panel: &Panel, view: &HostView) -> Result<Vec<String>, Error> {
    let (used, peaks) = tokio::try_join!(most_used(client, panel, view), highest_peaks(client, panel, view))?;
    Ok(chosen(used, peaks))
}

/// Names with a figure, highest first.
type Ranking = Vec<(f64, String)>;

async fn most_used(client: &Client, panel: &Panel, view: &HostView) -> Result<Ranking, Error> {
    let (metric, matcher) = (panel.metric, view.matcher());
    let length = view.span.length_ms();
    if length <= RANKED_AT_ONCE_MS {
        let over = match panel.kind {
            Kind::Counter => "increase",
            Kind::Gauge => "max_over_time",
        };
        let query = format!("topk({TOP}, sum by (group) ({over}({metric}{{{matcher}}}[{}])))", duration_text(length));
        let samples = client.instant(&query, view.span.end_ms).await?;
        let named = samples.into_iter().map(|mut s| (s.point.value, s.labels.remove("group").unwrap_or_default()));
        return Ok(descending(named.collect()));
    }
    let query = format!("sum by (group) ({})", panel.values(&matcher, view));
    let step_ms = length / RANKING_POINTS / 1000 * 1000;
    let span = Span { start_ms: view.span.start_ms + step_ms, end_ms: view.span.end_ms };
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
    let series = client.range(&query, view.span.aligned(view.step_ms), view.step_ms).await?;
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

/// What the total holds beyond the named series; none where that is nothing worth drawing.
fn others(named: &[Series], total: &[Point]) -> Option<Series> {
    let mut sums: HashMap<i64, f64> = HashMap::new();
    for point in named.iter().flat_map(|series| &series.points).filter(|point| point.value.is_finite()) {
        *sums.entry(point.at_ms).or_default() += point.value;
    }
    let rest = |point: &Point| {
        let value = (point.value - sums.get(&point.at_ms).copied().unwrap_or(0.0)).max(0.0);
        Point { at_ms: point.at_ms, value }
    };
    let points: Vec<Point> = total.iter().map(rest).collect();
    let most = |points: &[Point]| points.iter().map(|point| point.value).fold(0.0, f64::max);
    // Sums in another order differ in their last digits: that is no group.
    (most(&points) > most(total) * 1e-6).then(|| Series { name: "others".to_owned(), points, others: true, ink: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().zip(0..).map(|(value, at_ms)| Point { at_ms, value: *value }).collect()
    }

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

    #[test]
    fn others_are_what_is_left() {
        let named = [
            Series { name: "a".to_owned(), points: points(&[1.0, 2.0, f64::NAN]), others: false, ink: None },
            Series { name: "b".to_owned(), points: points(&[1.0]), others: false, ink: None },
        ];
        let rest = others(&named, &points(&[3.0, 2.0, 5.0])).unwrap();
        assert!(rest.others);
        assert_eq!(rest.points, points(&[1.0, 0.0, 5.0]));
        assert_eq!(others(&named, &points(&[2.0, 2.0])), None);
        assert_eq!(others(&named, &[]), None);
    }
}
