//! Bands: how low and how high a query went between two points of its chart.

use std::collections::HashMap;

use futures_util::future::try_join_all;

use super::chart::Found;
use super::request::{Band, ImageRequest};
use crate::chart::{Point, Range};
use crate::query::{Client, Error, Labels, QueriedSeries};
use crate::time::{Span, duration_text};

/// More bands than this over each other show nothing.
pub(super) const MOST_BANDS: usize = 6;

/// Below this distance a point hardly stands for several scrapes.
const LEAST_STEP_MS: i64 = 30_000;

/// In how many places an expression is looked at between two points.
const PLACES: i64 = 12;

/// What gives the lowest (`min`) or the highest (`max`) value of `query` within the step before each point; none where
/// there is no band to draw.
fn bound(query: &str, which: &str, band: Band, step_ms: i64) -> Option<String> {
    let step = duration_text(step_ms);
    match band {
        Band::Off => None,
        _ if step_ms < LEAST_STEP_MS => None,
        _ if is_selector(query) => Some(format!("{which}_over_time({}[{step}])", query.trim())),
        Band::Auto => None,
        Band::On => Some(format!("{which}_over_time(({query}\n)[{step}:{}])", duration_text(step_ms / PLACES))),
    }
}

/// True for a metric with or without matchers and for nothing else: all of its samples can be asked for at little cost.
fn is_selector(query: &str) -> bool {
    let query = query.trim();
    let name = query.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(query.len());
    if query.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let rest = query[name..].trim_start();
    if rest.is_empty() {
        return name > 0;
    }
    let Some(mut inside) = rest.strip_prefix('{') else { return false };
    // The first brace outside of a quoted value has to be the last character.
    loop {
        let Some(at) = inside.find(['}', '"', '\'', '`', '#']) else { return false };
        let quote = inside.as_bytes()[at];
        inside = &inside[at + 1..];
        match quote {
            b'}' => return inside.is_empty(),
            b'#' => return false,
            quote => match closing(inside, quote) {
                Some(end) => inside = &inside[end + 1..],
                None => return false,
            },
        }
    }
}

/// Where a quoted value ends.
fn closing(text: &str, quote: u8) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let ends = b == quote && !escaped;
        escaped = b == b'\\' && !escaped && quote != b'`';
        ends
    })
}

/// Gives the series the bands of their queries.
pub(super) async fn add(
    client: &Client,
    request: &ImageRequest,
    found: &mut [Found],
    span: Span,
    step_ms: i64,
) -> Result<(), Error> {
    let ask = async |query: &String| fetch(client, query, request.band, span, step_ms).await;
    let mut bands = try_join_all(request.queries.iter().map(ask)).await?;
    for Found { query, labels, series } in found {
        series.band = bands.get_mut(*query).and_then(|bands| bands.remove(&key(labels))).unwrap_or_default();
    }
    Ok(())
}

/// The bands of the series of a query, by their labels without the metric's name.
async fn fetch(
    client: &Client,
    query: &str,
    band: Band,
    span: Span,
    step_ms: i64,
) -> Result<HashMap<Labels, Vec<Range>>, Error> {
    let bounds = ["min", "max"].map(|which| bound(query, which, band, step_ms));
    let asked = try_join_all(bounds.iter().flatten().map(|query| client.range(query, span, step_ms))).await?;
    let [low, high] = <[Vec<QueriedSeries>; 2]>::try_from(asked).unwrap_or_default();
    let low: HashMap<Labels, Vec<Point>> = low.into_iter().map(|series| (key(&series.labels), series.values)).collect();
    let ranges = high.into_iter().filter_map(|series| {
        let key = key(&series.labels);
        let ranges = Range::between(low.get(&key)?, &series.values);
        Some((key, ranges))
    });
    Ok(ranges.collect())
}

/// What tells a series from others in a query and in its bounds, which have no metric's name.
fn key(labels: &Labels) -> Labels {
    labels.iter().filter(|(name, _)| *name != "__name__").map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_metric_with_matchers() {
        for query in
            ["up", " up ", "a:b{}", r#"up{a="}",b='"x'} "#, r#"{__name__="up"}"#, r#"up {a="\"}"}"#, "up{a=`\\`}"]
        {
            assert!(is_selector(query), "{query}");
        }
        for query in
            ["", "1", "1m", "up + 1", "up[5m]", "rate(up[5m])", "up{", r#"up{a="}"#, "up{a='x'} or up", "up{#}"]
        {
            assert!(!is_selector(query), "{query}");
        }
    }

    #[test]
    fn bounds_ask_for_the_step_before_a_point() {
        let max = |query, band, step_ms| bound(query, "max", band, step_ms).unwrap_or_default();
        assert_eq!(max("up{}", Band::Auto, 60_000), "max_over_time(up{}[1m])");
        assert_eq!(max("up", Band::Auto, 15_000), "");
        assert_eq!(max("up", Band::Off, 60_000), "");
        assert_eq!(max("rate(up[1m])", Band::Auto, 60_000), "");
        assert_eq!(max("a # b", Band::On, 60_000), "max_over_time((a # b\n)[1m:5s])");
    }
}
