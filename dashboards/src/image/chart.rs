//! From a request to a chart: asks the query server and names what it answers.

use futures_util::future::{join_all, try_join_all};

use super::Error;
use super::bands::{self, MOST_BANDS};
use super::naming::names;
use super::request::ImageRequest;
use crate::chart::{Chart, Kind, Series, Summary};
use crate::parameters::BadParameter;
use crate::query::{Client, Labels, QueriedSeries};
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
    let answers = join_all(request.queries.iter().map(|query| client.range(query, aligned, step_ms))).await;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let drawn: usize = answers.iter().map(Vec::len).sum();
    let mut bands = Vec::new();
    if request.kind == Kind::Lines && drawn <= MOST_BANDS.min(request.limit) {
        let ask = |query| bands::fetch(client, query, request.band, aligned, step_ms);
        bands = try_join_all(request.queries.iter().map(|query| ask(query))).await?;
    }
    let mut series = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        let labels: Vec<&Labels> = answer.iter().map(|series| &series.labels).collect();
        let template = request.legends.get(index).or(request.legends.first()).filter(|text| !text.is_empty());
        let names = names(&labels, template.map(String::as_str), &request.queries[index]);
        for (name, QueriedSeries { labels, values: points }) in names.into_iter().zip(answer) {
            let band = bands.get_mut(index).and_then(|bands| bands.remove(&bands::key(&labels))).unwrap_or_default();
            series.push(Series { name, points, band, ..Series::default() });
        }
    }
    let note = keep_largest(&mut series, request.limit);
    Ok(Chart {
        title: request.title.clone(),
        series,
        kind: request.kind,
        edges: request.edges,
        note,
        ..Chart::new(request.unit, span, step_ms, request.zone.clone())
    })
}

/// Keeps the series with the largest mean, in the order in which they came; says how many are left out.
fn keep_largest(series: &mut Vec<Series>, limit: usize) -> String {
    let found = series.len();
    if found <= limit {
        return String::new();
    }
    let mut means: Vec<f64> = series.iter().map(|series| Summary::of(&series.points).avg).collect();
    means.iter_mut().filter(|mean| mean.is_nan()).for_each(|mean| *mean = f64::NEG_INFINITY);
    let mut order: Vec<usize> = (0..found).collect();
    order.sort_by(|a, b| means[*b].total_cmp(&means[*a]).then(a.cmp(b)));
    let mut kept = vec![false; found];
    order.into_iter().take(limit).for_each(|index| kept[index] = true);
    let mut index = 0;
    series.retain(|_| {
        index += 1;
        kept[index - 1]
    });
    format!("The {limit} largest of {found} series")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Point;

    #[test]
    fn the_largest_series_stay_in_their_order() {
        let one = |name: &str, value: f64| Series {
            name: name.to_owned(),
            points: vec![Point { at_ms: 0, value }],
            ..Series::default()
        };
        let mut series = vec![one("a", 1.0), one("b", f64::NAN), one("c", 3.0), one("d", 2.0)];
        assert_eq!(keep_largest(&mut series, 2), "The 2 largest of 4 series");
        assert_eq!(series.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["c", "d"]);
    }
}
