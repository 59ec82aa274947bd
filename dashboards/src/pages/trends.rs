//! Every metric of one group or one process as a chart.

use futures_util::future::{join_all, try_join_all};
use maud::{Markup, html};

use super::image_link::Image;
use super::link::Link;
use super::timeframe::Timeframe;
use super::{chart_card, shell};
use crate::chart::{Chart, Kind, Range, Series, Unit};
use crate::query::{Client, Error, Labels, QueriedSeries};

/// Whose metrics: those with this matcher, of groups or of processes.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) metrics: Metrics,
    pub(super) matcher: String,
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

/// What a metric is to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    /// A counter: its rate.
    Counter,
    /// A gauge: its mean where a point stands for several scrapes, with a band; in a stack its highest value.
    Gauge,
    /// A gauge that tells parts of a whole: their means add up, their peaks would not.
    Part,
}

/// A query of a chart: one series, or one for each value of a label.
#[derive(Debug)]
struct Line {
    kind: Metric,
    /// What follows the prefix of the subject's families.
    metric: &'static str,
    /// The label whose values are series of their own.
    by: Option<&'static str>,
    /// What the one series is called otherwise.
    name: &'static str,
}

#[derive(Debug)]
struct Trend {
    id: &'static str,
    title: &'static str,
    unit: Unit,
    stacked: bool,
    lines: &'static [Line],
}

const fn one(kind: Metric, metric: &'static str, name: &'static str) -> Line {
    Line { kind, metric, by: None, name }
}

const fn each(kind: Metric, metric: &'static str, label: &'static str) -> Line {
    Line { kind, metric, by: Some(label), name: "" }
}

/// Stands for the metric that counts states, which is not called alike for groups and processes.
const STATES: &str = "states";

const TRENDS: [Trend; 9] = [
    Trend {
        id: "cpu",
        title: "CPU cores",
        unit: Unit::Cores,
        stacked: true,
        lines: &[each(Metric::Counter, "cpu_seconds_total", "mode")],
    },
    Trend {
        id: "memory",
        title: "Memory",
        unit: Unit::Bytes,
        stacked: true,
        lines: &[
            one(Metric::Gauge, "resident_memory_bytes", "resident"),
            one(Metric::Gauge, "swap_memory_bytes", "swapped"),
        ],
    },
    Trend {
        id: "io",
        title: "Storage",
        unit: Unit::BytesPerSecond,
        stacked: false,
        lines: &[
            one(Metric::Counter, "read_bytes_total", "reads"),
            one(Metric::Counter, "written_bytes_total", "writes"),
        ],
    },
    Trend {
        id: "states",
        title: "States",
        unit: Unit::Short,
        stacked: true,
        lines: &[each(Metric::Part, STATES, "state")],
    },
    Trend {
        id: "faults",
        title: "Page faults",
        unit: Unit::PerSecond,
        stacked: false,
        lines: &[each(Metric::Counter, "page_faults_total", "kind")],
    },
    Trend {
        id: "switches",
        title: "Context switches of main threads",
        unit: Unit::PerSecond,
        stacked: false,
        lines: &[each(Metric::Counter, "context_switches_total", "kind")],
    },
    Trend {
        id: "threads",
        title: "Threads",
        unit: Unit::Short,
        stacked: false,
        lines: &[one(Metric::Gauge, "threads", "threads")],
    },
    Trend {
        id: "files",
        title: "Open files",
        unit: Unit::Short,
        stacked: false,
        lines: &[one(Metric::Gauge, "open_fds", "open files")],
    },
    Trend {
        id: "virtual",
        title: "Virtual memory",
        unit: Unit::Bytes,
        stacked: false,
        lines: &[one(Metric::Gauge, "virtual_memory_bytes", "virtual")],
    },
];

impl Subject {
    fn metric(&self, suffix: &str) -> String {
        match (self.metrics, suffix) {
            (Metrics::Group, STATES) => "proc_group_processes".to_owned(),
            (Metrics::Process, STATES) => "proc_state".to_owned(),
            (Metrics::Group, suffix) => format!("proc_group_{suffix}"),
            (Metrics::Process, suffix) => format!("proc_{suffix}"),
        }
    }

    fn query(&self, line: &Line, stacked: bool, frame: &Timeframe) -> String {
        let metric = self.metric(line.metric);
        line.summed(&match line.kind {
            Metric::Counter => frame.rate(&metric, &self.matcher),
            Metric::Gauge if stacked => frame.gauge("max_over_time", &metric, &self.matcher),
            Metric::Gauge | Metric::Part => frame.gauge("avg_over_time", &metric, &self.matcher),
        })
    }

    /// What gives the lowest and the highest values behind the points, where a point stands for many.
    fn bounds(&self, line: &Line, frame: &Timeframe) -> Option<[String; 2]> {
        let metric = self.metric(line.metric);
        let bound = |over| match line.kind {
            Metric::Counter => frame.bound_of_rate(over, &metric, &self.matcher),
            Metric::Gauge | Metric::Part => frame.bound_of_gauge(over, &metric, &self.matcher),
        };
        Some([line.summed(&bound("min_over_time")?), line.summed(&bound("max_over_time")?)])
    }
}

impl Line {
    fn summed(&self, values: &str) -> String {
        match self.by {
            Some(label) => format!("sum by ({label}) ({values})"),
            None => format!("sum({values})"),
        }
    }

    fn name(&self, labels: &Labels) -> String {
        let named = |label| labels.get(label).cloned().unwrap_or_default();
        self.by.map_or_else(|| self.name.to_owned(), named)
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
        let from_ms = if kind == Metric::Counter { self.rates_from_ms } else { self.from_ms };
        (from_ms..=self.until_ms).contains(&at_ms)
    }
}

/// The charts in the order of the page, each with its id.
pub(super) type Trends = Vec<(&'static str, Result<Chart, Error>)>;

/// Asks for every chart.
pub(super) async fn fetch(client: &Client, subject: &Subject, frame: &Timeframe, within: Within) -> Trends {
    join_all(TRENDS.iter().map(async |trend| (trend.id, draw(client, trend, subject, frame, within).await))).await
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
    let is_zero = |series: &Series| series.points.iter().all(|point| point.value == 0.0);
    if trend.stacked && !series.iter().all(is_zero) {
        // A state that never was, swap that nobody has: layers that cannot be seen.
        series.retain(|series| !is_zero(series));
    }
    let kind = Kind::stacked(trend.stacked);
    Ok(Chart { title: trend.title.to_owned(), series, kind, ..frame.chart(trend.unit) })
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
        name: line.name(&labels),
        points: values,
        band: Range::between(&points(&low, &labels), &points(&high, &labels)),
        ..Series::default()
    });
    Ok(series.collect())
}

/// The cards of the charts.
pub(super) fn cards(subject: &Subject, frame: &Timeframe, link: &Link, trends: &Trends) -> Markup {
    html! {
        div.cards {
            @for (trend, (id, chart)) in TRENDS.iter().zip(trends) {
                @match chart {
                    Ok(chart) => (chart_card::card(id, chart, &latest(chart), &trend.href(subject, frame, link), &|_| None)),
                    Err(error) => figure.card id=(id) { figcaption { h2 { (trend.title) } } (shell::part_failed(error)) },
                }
            }
        }
    }
}

impl Trend {
    fn href(&self, subject: &Subject, frame: &Timeframe, link: &Link) -> String {
        let legend = |line: &Line| line.by.map_or_else(|| line.name.to_owned(), |label| format!("{{{{{label}}}}}"));
        let queries: Vec<(String, String)> =
            self.lines.iter().map(|line| (subject.query(line, self.stacked, frame), legend(line))).collect();
        let title = format!("{}: {}", subject.name, self.title);
        Image { title: &title, unit: self.unit, kind: Kind::stacked(self.stacked), queries: &queries }.href(link)
    }
}

/// The figure at the end of a chart that has one: the height of a stack, or the only line.
fn latest(chart: &Chart) -> String {
    let last = chart.series.iter().filter_map(|series| series.points.last());
    let Some(at_ms) = last.clone().map(|point| point.at_ms).max() else { return String::new() };
    if chart.kind != Kind::Stack && chart.series.len() > 1 {
        return String::new();
    }
    chart.unit.format(last.filter(|point| point.at_ms == at_ms).map(|point| point.value).sum())
}
