//! Every metric of one group or one process as a chart, and what its memory is coming to.

mod growth;
mod slope;
mod table;

use futures_util::future::{join_all, try_join_all};
use maud::{Markup, html};

use self::table::{FD_RATIO, Line, Metric, STATES, TRENDS, Trend};
use super::image_link::Image;
use super::link::Link;
use super::timeframe::Timeframe;
use super::{chart_card, shell};
use crate::chart::{Chart, Event, Kind, Point, Range, Series};
use crate::image;
use crate::query::{Client, Error, Labels, QueriedSeries};
use crate::time::Span;

/// Whose metrics: those with this matcher, of groups or of processes.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) metrics: Metrics,
    pub(super) matcher: String,
    /// Its host.
    pub(super) instance: String,
    /// For titles.
    pub(super) name: String,
}

/// Which families tell of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metrics {
    /// `proc_group_*`
    Group,
    /// `proc_*`
    Process,
}

/// Series of a chart that are drawn by name, those with the largest sums; the others are one.
const NAMED: usize = 8;

impl Metrics {
    /// The family behind what a line names.
    fn metric(self, named: &str) -> String {
        match (self, named) {
            (Metrics::Group, STATES) => "proc_group_processes".to_owned(),
            (Metrics::Process, STATES) => "proc_state".to_owned(),
            (Metrics::Group, FD_RATIO) => "proc_group_worst_fd_ratio".to_owned(),
            (Metrics::Process, FD_RATIO) => "proc_open_fds / proc_fd_limit".to_owned(),
            (Metrics::Group, suffix) => format!("proc_group_{suffix}"),
            (Metrics::Process, suffix) => format!("proc_{suffix}"),
        }
    }
}

impl Subject {
    fn query(&self, line: &Line, stacked: bool, frame: &Timeframe) -> String {
        let (metric, matcher) = (self.metrics.metric(line.metric), &self.matcher);
        line.summed(&match line.kind {
            _ if metric.contains(" / ") => {
                let [open, limit] =
                    ["proc_open_fds", "proc_fd_limit"].map(|m| frame.gauge("max_over_time", m, matcher));
                format!("{open} / {limit}")
            }
            Metric::Counter => frame.rate(&metric, matcher),
            Metric::Events => format!("60 * {}", frame.rate(&metric, matcher)),
            Metric::Gauge if stacked => frame.gauge("max_over_time", &metric, matcher),
            Metric::Gauge | Metric::Part => frame.gauge("avg_over_time", &metric, matcher),
        })
    }

    /// What gives the lowest and the highest values behind the points, where a point stands for many.
    fn bounds(&self, line: &Line, frame: &Timeframe) -> Option<[String; 2]> {
        let metric = self.metrics.metric(line.metric);
        let bound = |over| match line.kind {
            _ if metric.contains(" / ") => None,
            Metric::Counter => frame.bound_of_rate(over, &metric, &self.matcher),
            Metric::Events => None,
            Metric::Gauge | Metric::Part => frame.bound_of_gauge(over, &metric, &self.matcher),
        };
        Some([line.summed(&bound("min_over_time")?), line.summed(&bound("max_over_time")?)])
    }

    fn has(&self, trend: &Trend) -> bool {
        trend.of.is_none_or(|of| of == self.metrics)
    }
}

/// The moments whose points belong to the subject, in Unix milliseconds, both ends included. A rate looks back, so it
/// may begin later than other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Within {
    pub(super) from_ms: i64,
    pub(super) rates_from_ms: i64,
    pub(super) until_ms: i64,
}

impl Within {
    /// Everything in the range.
    pub(super) const ALL: Within = Within { from_ms: i64::MIN, rates_from_ms: i64::MIN, until_ms: i64::MAX };

    fn holds(&self, kind: Metric, at_ms: i64) -> bool {
        let is_rate = matches!(kind, Metric::Counter | Metric::Events);
        let from_ms = if is_rate { self.rates_from_ms } else { self.from_ms };
        (from_ms..=self.until_ms).contains(&at_ms)
    }
}

/// A chart with where it stands in the table.
#[derive(Debug)]
struct Drawn {
    trend: &'static Trend,
    chart: Result<Chart, Error>,
}

/// The charts in the order of the page, and what they tell of the time to come. What an exporter tells of only where it
/// was switched on is there only with data.
#[derive(Debug)]
pub(super) struct Trends {
    drawn: Vec<Drawn>,
    /// Titles of charts that would show nothing but zero.
    idle: Vec<&'static str>,
    growth: Vec<String>,
}

/// Asks for every chart.
pub(super) async fn fetch(client: &Client, subject: &Subject, frame: &Timeframe, within: Within) -> Trends {
    let asked = TRENDS.iter().filter(|trend| subject.has(trend)).map(async |trend| {
        let chart = draw(client, trend, subject, frame, within).await;
        Drawn { trend, chart }
    });
    let mut drawn = join_all(asked).await;
    drawn.retain(|drawn| drawn.trend.always || drawn.chart.as_ref().is_ok_and(|chart| !chart.is_empty()));
    let is_idle = |drawn: &Drawn| !drawn.trend.always && drawn.chart.as_ref().is_ok_and(is_zero_everywhere);
    let (idle, drawn): (Vec<Drawn>, Vec<Drawn>) = drawn.into_iter().partition(is_idle);
    let growth = growth::sentences(client, subject, frame, &drawn).await;
    Trends { drawn, idle: idle.iter().map(|drawn| drawn.trend.title).collect(), growth }
}

impl Trends {
    /// True where every chart was answered and none has data.
    pub(super) fn are_empty(&self) -> bool {
        self.drawn.iter().all(|drawn| drawn.chart.as_ref().is_ok_and(|chart| chart.is_empty()))
    }

    /// Marks on every chart what happened.
    pub(super) fn mark(&mut self, events: &[Event]) {
        for chart in self.drawn.iter_mut().filter_map(|drawn| drawn.chart.as_mut().ok()) {
            chart.events = events.to_vec();
        }
    }

    /// Why there is no chart at all; none where there is one.
    pub(super) fn failure(&self) -> Option<&Error> {
        let errors: Option<Vec<&Error>> = self.drawn.iter().map(|drawn| drawn.chart.as_ref().err()).collect();
        errors?.first().copied()
    }
}

async fn draw(
    client: &Client,
    trend: &Trend,
    subject: &Subject,
    frame: &Timeframe,
    within: Within,
) -> Result<Chart, Error> {
    let answers = try_join_all(trend.lines.iter().map(|line| ask(client, trend, line, subject, frame))).await?;
    let mut series: Vec<Series> = Vec::new();
    for (line, mut answer) in trend.lines.iter().zip(answers) {
        for found in &mut answer {
            found.points.retain(|point| within.holds(line.kind, point.at_ms));
            found.band.retain(|range| within.holds(line.kind, range.at_ms));
        }
        series.extend(answer.into_iter().filter(|found| !found.points.is_empty()));
    }
    if trend.stacked && !series.iter().all(is_zero) {
        // A state that never was, swap that nobody has: layers that cannot be seen.
        series.retain(|series| !is_zero(series));
    }
    let kind = Kind::stacked(trend.stacked);
    let mut series = named(series);
    if let Some((span, by_ms, text)) = frame.points_before() {
        let answers = try_join_all(trend.lines.iter().map(|line| before(client, trend, line, subject, frame, span)));
        image::add_earlier(&mut series, answers.await?.concat(), kind, by_ms, text);
    }
    Ok(Chart { title: trend.title.to_owned(), series, kind, ..frame.chart(trend.unit) })
}

/// The series of one line, a time before.
async fn before(
    client: &Client,
    trend: &Trend,
    line: &Line,
    subject: &Subject,
    frame: &Timeframe,
    span: Span,
) -> Result<Vec<Series>, Error> {
    let found = client.range(&subject.query(line, trend.stacked, frame), span, frame.step_ms).await?;
    let series = found.into_iter().map(|QueriedSeries { labels, values: points }| Series {
        name: line.called(&labels),
        points,
        ..Series::default()
    });
    Ok(series.collect())
}

fn is_zero(series: &Series) -> bool {
    series.points.iter().all(|point| point.value == 0.0) && series.band.iter().all(|range| range.high == 0.0)
}

fn is_zero_everywhere(chart: &Chart) -> bool {
    chart.series.iter().all(is_zero)
}

/// The series of one line.
async fn ask(
    client: &Client,
    trend: &Trend,
    line: &Line,
    subject: &Subject,
    frame: &Timeframe,
) -> Result<Vec<Series>, Error> {
    let range = async |query: &str| client.range(query, frame.points(), frame.step_ms).await;
    let values = subject.query(line, trend.stacked, frame);
    let bounds = subject.bounds(line, frame).filter(|_| !trend.stacked);
    let (values, low, high) = match &bounds {
        Some([low, high]) => tokio::try_join!(range(&values), range(low), range(high))?,
        None => (range(&values).await?, Vec::new(), Vec::new()),
    };
    let points = |all: &[QueriedSeries], labels: &Labels| {
        all.iter().find(|series| series.labels == *labels).map(|series| series.values.clone()).unwrap_or_default()
    };
    let series = values.into_iter().map(|QueriedSeries { labels, values }| Series {
        name: line.called(&labels),
        points: values,
        band: Range::between(&points(&low, &labels), &points(&high, &labels)),
        ..Series::default()
    });
    Ok(series.collect())
}

impl Line {
    fn summed(&self, values: &str) -> String {
        match self {
            // A ratio of several would be none.
            Line { metric: FD_RATIO, .. } => format!("max({values})"),
            Line { by: [], .. } => format!("sum({values})"),
            Line { by, .. } => format!("sum by ({}) ({values})", by.join(", ")),
        }
    }

    fn called(&self, labels: &Labels) -> String {
        if self.by.is_empty() {
            return self.name.to_owned();
        }
        let value = |label: &&str| labels.get(*label).map_or("", String::as_str);
        self.by.iter().map(value).collect::<Vec<_>>().join(" ")
    }
}

/// No more than [`NAMED`] and the sum of the rest: names of threads can be many.
fn named(mut series: Vec<Series>) -> Vec<Series> {
    if series.len() <= NAMED {
        return series;
    }
    let sum = |series: &Series| series.points.iter().map(|p| p.value).filter(|v| v.is_finite()).sum::<f64>();
    series.sort_by(|a, b| sum(b).total_cmp(&sum(a)).then_with(|| a.name.cmp(&b.name)));
    let mut rest: std::collections::BTreeMap<i64, f64> = std::collections::BTreeMap::new();
    for point in series.drain(NAMED..).flat_map(|series| series.points).filter(|point| point.value.is_finite()) {
        *rest.entry(point.at_ms).or_default() += point.value;
    }
    let points = rest.into_iter().map(|(at_ms, value)| Point { at_ms, value }).collect();
    series.push(Series { name: "others".to_owned(), points, others: true, ..Series::default() });
    series
}

/// What grows, and the cards of the charts.
pub(super) fn cards(subject: &Subject, frame: &Timeframe, link: &Link, trends: &Trends) -> Markup {
    html! {
        @if !trends.growth.is_empty() {
            ul.growth id="growth" { @for sentence in &trends.growth { li { (sentence) } } }
        }
        (frame.nothing_before(trends.drawn.iter().filter_map(|drawn| drawn.chart.as_ref().ok())))
        div.cards {
            @for Drawn { trend, chart } in &trends.drawn {
                @match chart {
                    Ok(chart) => (chart_card::card(trend.id, chart, &latest(chart), &trend.href(subject, frame, link), &|_| None)),
                    Err(error) => figure.card id=(trend.id) { figcaption { h2 { (trend.title) } } (shell::part_failed(error)) },
                }
            }
        }
        @if !trends.idle.is_empty() { p.more { "Zero over the whole range: " (trends.idle.join(", ").to_lowercase()) } }
    }
}

impl Trend {
    fn href(&self, subject: &Subject, frame: &Timeframe, link: &Link) -> String {
        let legend = |line: &Line| match line.by {
            [] => line.name.to_owned(),
            by => by.iter().map(|label| format!("{{{{{label}}}}}")).collect::<Vec<_>>().join(" "),
        };
        let queries: Vec<(String, String)> =
            self.lines.iter().map(|line| (subject.query(line, self.stacked, frame), legend(line))).collect();
        let title = format!("{}: {}", subject.name, self.title);
        Image { title: &title, unit: self.unit, kind: Kind::stacked(self.stacked), queries: &queries }.href(link)
    }
}

/// The figure at the end of a chart that has one: the height of a stack, or the only line.
fn latest(chart: &Chart) -> String {
    let now = || chart.series.iter().filter(|series| !series.earlier);
    let last = now().filter_map(|series| series.points.last());
    let Some(at_ms) = last.clone().map(|point| point.at_ms).max() else { return String::new() };
    if chart.kind != Kind::Stack && now().count() > 1 {
        return String::new();
    }
    chart.unit.format(last.filter(|point| point.at_ms == at_ms).map(|point| point.value).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_eight_and_the_rest() {
        let series = |n: u32| Series {
            name: n.to_string(),
            points: vec![Point { at_ms: 0, value: f64::from(n) }, Point { at_ms: i64::from(n), value: f64::NAN }],
            ..Series::default()
        };
        assert_eq!(named((0..8).map(series).collect()).len(), 8);
        let many = named((0..12).map(series).collect());
        assert_eq!(
            many.iter().map(|series| series.name.as_str()).collect::<Vec<_>>().join(" "),
            "11 10 9 8 7 6 5 4 others"
        );
        assert_eq!(many[8].points, [Point { at_ms: 0, value: 6.0 }]);
        assert!(many[8].others);
    }
}
