//! From a request to a chart: asks the query server and names what it answers.

use futures_util::future::try_join_all;

use super::bands::{self, MOST_BANDS};
use super::naming::names;
use super::request::ImageRequest;
use super::{Error, earlier, events};
use crate::chart::{Chart, Kind, Series, Summary};
use crate::parameters::BadParameter;
use crate::query::{self, Client, Labels, QueriedSeries};
use crate::time::{Span, step_for};

/// The most points for one series: the bound of Prometheus itself.
const MOST_POINTS: i64 = 11_000;

/// Below this distance points would repeat one sample: most targets are scraped no more often.
const LEAST_STEP_MS: i64 = 5_000;

pub(super) async fn fetch(client: &Client, request: &ImageRequest, now_ms: i64) -> Result<Chart, Error> {
    let parameter = |name: &str, reason: String| Error::Parameter(BadParameter::new(name, reason));
    let span = Span::new(request.from.resolve(now_ms), request.until.resolve(now_ms))
        .map_err(|reason| parameter("from", reason))?;
    // Cells need more room than points.
    let room = f64::from(request.look.width) / if request.kind == Kind::Heatmap { 4.0 } else { 1.0 };
    let step_ms = request.step_ms.unwrap_or_else(|| step_for(span.length_ms(), room, LEAST_STEP_MS));
    if span.length_ms() / step_ms > MOST_POINTS {
        let reason = format!("gives more than {MOST_POINTS} points over this range");
        return Err(parameter("step", reason));
    }
    let aligned = span.aligned(step_ms);
    let (now, events) = tokio::try_join!(
        ask(client, request, aligned, step_ms),
        events::fetch(client, &request.events, &request.event_titles, aligned, step_ms),
    )?;
    let mut series = named(request, now);
    let left_out = keep_largest(&mut series, request.limit);
    if request.kind == Kind::Lines && left_out.is_empty() && series.len() <= MOST_BANDS {
        bands::add(client, request, &mut series, aligned, step_ms).await?;
    }
    let mut series: Vec<Series> = series.into_iter().map(|found| found.series).collect();
    if let Some((by_ms, text)) = &request.compare {
        let earlier = Span { start_ms: aligned.start_ms - by_ms, end_ms: aligned.end_ms - by_ms };
        let before = named(request, ask(client, request, earlier, step_ms).await?);
        let before = before.into_iter().map(|found| found.series).collect();
        earlier::add(&mut series, before, request.kind, *by_ms, text);
    }
    let mut notes = vec![left_out, if request.edges.log { below_zero(&series) } else { String::new() }];
    notes.retain(|note| !note.is_empty());
    Ok(Chart {
        title: request.title.clone(),
        series,
        kind: request.kind,
        edges: request.edges,
        thresholds: request.thresholds.clone(),
        events,
        note: notes.join(" \u{b7} "),
        ..Chart::new(request.unit, span, step_ms, request.zone.clone())
    })
}

/// The answers of all queries.
async fn ask(
    client: &Client,
    request: &ImageRequest,
    span: Span,
    step_ms: i64,
) -> Result<Vec<Vec<QueriedSeries>>, query::Error> {
    try_join_all(request.queries.iter().map(|query| client.range(query, span, step_ms))).await
}

/// A series with what tells it from the others of its query.
pub(super) struct Found {
    pub(super) query: usize,
    pub(super) labels: Labels,
    pub(super) series: Series,
}

/// The series of the answers with their names.
fn named(request: &ImageRequest, answers: Vec<Vec<QueriedSeries>>) -> Vec<Found> {
    let mut all = Vec::new();
    for (query, answer) in answers.into_iter().enumerate() {
        let labels: Vec<&Labels> = answer.iter().map(|series| &series.labels).collect();
        let template = request.legends.get(query).or(request.legends.first()).filter(|text| !text.is_empty());
        let names = names(&labels, template.map(String::as_str), &request.queries[query]);
        all.extend(names.into_iter().zip(answer).map(|(name, QueriedSeries { labels, values: points })| Found {
            query,
            labels,
            series: Series { name, points, ..Series::default() },
        }));
    }
    all
}

/// How many points a logarithmic axis has no place for.
fn below_zero(series: &[Series]) -> String {
    let count = series.iter().flat_map(|series| &series.points).filter(|point| point.value <= 0.0).count();
    match count {
        0 => String::new(),
        1 => "1 point at or below zero is not on this axis".to_owned(),
        count => format!("{count} points at or below zero are not on this axis"),
    }
}

/// Keeps the series with the largest mean, in the order in which they came; says how many are left out.
fn keep_largest(found: &mut Vec<Found>, limit: usize) -> String {
    let count = found.len();
    if count <= limit {
        return String::new();
    }
    let mut means: Vec<f64> = found.iter().map(|found| Summary::of(&found.series.points).avg).collect();
    means.iter_mut().filter(|mean| mean.is_nan()).for_each(|mean| *mean = f64::NEG_INFINITY);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| means[*b].total_cmp(&means[*a]).then(a.cmp(b)));
    let mut kept = vec![false; count];
    order.into_iter().take(limit).for_each(|index| kept[index] = true);
    let mut index = 0;
    found.retain(|_| {
        index += 1;
        kept[index - 1]
    });
    format!("The {limit} largest of {count} series")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Point;

    #[test]
    fn the_largest_series_stay_in_their_order() {
        let one = |name: &str, value: f64| Found {
            query: 0,
            labels: Labels::new(),
            series: Series { name: name.to_owned(), points: vec![Point { at_ms: 0, value }], ..Series::default() },
        };
        let mut series = vec![one("a", 1.0), one("b", f64::NAN), one("c", 3.0), one("d", 2.0)];
        assert_eq!(keep_largest(&mut series, 2), "The 2 largest of 4 series");
        assert_eq!(series.iter().map(|found| found.series.name.as_str()).collect::<Vec<_>>(), ["c", "d"]);
    }
}
