//! What happened while a chart's range went by, as queries tell it.

use futures_util::future::try_join_all;

use super::naming::names;
use crate::chart::{Event, Happening, Point};
use crate::query::{Client, Error, Labels, QueriedSeries};
use crate::time::Span;

/// Events of one chart.
const MOST_EVENTS: usize = 2000;

/// The events of `queries`; each is called by its title: the template at its place, or the only one, or the labels in
/// which its series differ.
pub(crate) async fn fetch(
    client: &Client,
    queries: &[String],
    titles: &[String],
    span: Span,
    step_ms: i64,
) -> Result<Vec<Event>, Error> {
    let answers = try_join_all(queries.iter().map(|query| client.range(query, span, step_ms))).await?;
    let mut events = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        let labels: Vec<&Labels> = answer.iter().map(|series| &series.labels).collect();
        let template = titles.get(index).or(titles.first()).filter(|text| !text.is_empty());
        let titles = names(&labels, template.map(String::as_str), &queries[index]);
        for (title, QueriedSeries { values, .. }) in titles.into_iter().zip(answer) {
            let begins = beginnings(&values, span.start_ms, step_ms);
            events.extend(begins.map(|at_ms| Event { at_ms, title: title.clone(), what: Happening::Other }));
        }
    }
    events.truncate(MOST_EVENTS);
    Ok(events)
}

/// Where a series begins to have a value that is not zero. What has one at the first moment began at an unknown time.
fn beginnings(points: &[Point], start_ms: i64, step_ms: i64) -> impl Iterator<Item = i64> {
    let mut last_ms = None;
    let there = points.iter().filter(|point| point.value != 0.0 && !point.value.is_nan());
    there.map(|point| point.at_ms).filter(move |at_ms| {
        let goes_on = last_ms.map_or(*at_ms <= start_ms, |last_ms| at_ms - last_ms <= step_ms);
        last_ms = Some(*at_ms);
        !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_where_a_value_begins() {
        let check = |values: &[(i64, f64)], expected: &[i64]| {
            let points: Vec<Point> = values.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect();
            assert_eq!(beginnings(&points, 0, 10).collect::<Vec<_>>(), expected, "{values:?}");
        };
        check(&[], &[]);
        check(&[(0, 1.0), (10, 1.0)], &[]);
        check(&[(10, 1.0), (20, 2.0)], &[10]);
        check(&[(0, 0.0), (10, 1.0), (20, 0.0), (30, f64::NAN), (40, 1.0)], &[10, 40]);
        check(&[(0, 1.0), (10, 1.0), (40, 1.0), (50, 1.0)], &[40]);
    }
}
