//! One chart of a host: the groups that used most of something over the whole range, and the rest as "others".

use std::collections::HashMap;

use super::HostView;
use super::ranking::{TOP, rank};
use crate::chart::{Chart, Point, Series, Unit};
use crate::image;
use crate::pages::image_link::Image;
use crate::query::promql::any_of;
use crate::query::{Client, Error};

/// How the metric of a panel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) metric: &'static str,
    pub(super) kind: Kind,
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
    let (span, step_ms) = (view.frame.points(), view.frame.step_ms);
    let ranked = rank(client, panel, view).await?;
    let all = panel.values(&view.matcher(), view);
    let total = format!("sum({all})");
    let named = format!("{},group=~{}", view.matcher(), any_of(ranked.iter().map(String::as_str)));
    let named = format!("sum by (group) ({})", panel.values(&named, view));
    let (groups, total) = if ranked.is_empty() {
        (Vec::new(), client.range(&total, span, step_ms).await?)
    } else {
        tokio::try_join!(client.range(&named, span, step_ms), client.range(&total, span, step_ms))?
    };
    let mut by_group: HashMap<String, Vec<Point>> = groups
        .into_iter()
        .map(|series| (series.labels.get("group").cloned().unwrap_or_default(), series.values))
        .collect();
    let mut series: Vec<Series> = ranked
        .into_iter()
        .filter_map(|name| by_group.remove(&name).map(|points| Series { name, points, ..Series::default() }))
        .collect();
    let total = total.into_iter().next().map(|series| series.values).unwrap_or_default();
    series.extend(others(&series, &total));
    if let Some((before, by_ms, text)) = view.frame.points_before() {
        let query = if view.stacked { format!("sum({all})") } else { named };
        let before = client.range(&query, before, step_ms).await?.into_iter().map(|series| Series {
            name: series.labels.get("group").cloned().unwrap_or_default(),
            points: series.values,
            ..Series::default()
        });
        image::add_earlier(&mut series, before.collect(), view.kind(), by_ms, text);
    }
    let chart = Chart { title: panel.title.to_owned(), series, kind: view.kind(), ..view.frame.chart(panel.unit) };
    let now = total.last().map_or(f64::NAN, |point| point.value);
    let href = panel.href(format!("topk({TOP}, sum by (group) ({all}))"), view);
    Ok(Drawn { chart, now, href })
}

impl Panel {
    /// The series of this panel, as a rate where it counts.
    pub(super) fn values(&self, matchers: &str, view: &HostView) -> String {
        match self.kind {
            Kind::Counter => view.frame.rate(self.metric, matchers),
            Kind::Gauge => view.frame.gauge("max_over_time", self.metric, matchers),
        }
    }

    fn href(&self, query: String, view: &HostView) -> String {
        let title = format!("{} on {}", self.title, view.instance);
        let queries = [(query, "{{group}}".to_owned())];
        Image { title: &title, unit: self.unit, kind: view.kind(), queries: &queries }.href(&view.link)
    }
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
    (most(&points) > most(total) * 1e-6).then(|| Series {
        name: "others".to_owned(),
        points,
        others: true,
        ..Series::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().zip(0..).map(|(value, at_ms)| Point { at_ms, value: *value }).collect()
    }

    #[test]
    fn others_are_what_is_left() {
        let named = [
            Series { name: "a".to_owned(), points: points(&[1.0, 2.0, f64::NAN]), ..Series::default() },
            Series { name: "b".to_owned(), points: points(&[1.0]), ..Series::default() },
        ];
        let rest = others(&named, &points(&[3.0, 2.0, 5.0])).unwrap();
        assert!(rest.others);
        assert_eq!(rest.points, points(&[1.0, 0.0, 5.0]));
        assert_eq!(others(&named, &points(&[2.0, 2.0])), None);
        assert_eq!(others(&named, &[]), None);
    }
}
