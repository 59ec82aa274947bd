//! Lines of series: `name{label="value"} 1 2+3x4 _ stale`.

use procession_openmetrics::{Labels, STALE_NAN};
use procession_promql::{MatchOp, parse_matchers};

pub(crate) struct Line {
    pub labels: Labels,
    /// `None` where there is no sample.
    pub values: Vec<Option<f64>>,
    pub has_histograms: bool,
}

pub(crate) fn line(text: &str) -> Option<Line> {
    let (series, values) = text.split_at(end_of_series(text)?);
    let labels = labels(series.trim())?;
    let has_histograms = values.contains("{{");
    let values = match has_histograms {
        true => Vec::new(),
        false => values.split_whitespace().map(repeated).collect::<Option<Vec<_>>>()?.concat(),
    };
    Some(Line { labels, values, has_histograms })
}

/// Where the labels end: at the closing brace, or at the first space where there is none before.
fn end_of_series(text: &str) -> Option<usize> {
    let space = text.find([' ', '\t']).unwrap_or(text.len());
    let Some(open) = text.find('{') else { return Some(space) };
    if text[..open].trim_end().contains([' ', '\t']) {
        return Some(space);
    }
    let mut quoted = false;
    let mut escaped = false;
    for (i, c) in text.char_indices().skip_while(|(i, _)| *i < open) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(i + 1),
            _ => {}
        }
    }
    None
}

fn labels(text: &str) -> Option<Labels> {
    if text == "{}" {
        return Some(Labels::empty());
    }
    let pairs = parse_matchers(text).ok()?.into_iter().map(|m| match m.op {
        MatchOp::Equal(value) => Some((m.name, value)),
        _ => None,
    });
    Some(Labels::from_pairs(pairs.collect::<Option<Vec<_>>>()?))
}

/// `5`, `5x3` (four times), `1+2x3` (1 3 5 7), `_`, `_x3` (three times), `stale`.
fn repeated(token: &str) -> Option<Vec<Option<f64>>> {
    if token == "stale" {
        return Some(vec![Some(STALE_NAN)]);
    }
    if let Some(times) = token.strip_prefix('_') {
        let times = times.strip_prefix('x').map_or(Some(1), |n| n.parse::<usize>().ok())?;
        return Some(vec![None; times]);
    }
    let Some((start, times)) = token.rsplit_once('x').filter(|(s, _)| *s != "0") else {
        return Some(vec![Some(number(token)?)]);
    };
    let times = times.parse::<usize>().ok()?;
    // The sign of the increment is the last one that is neither the first character nor an exponent's.
    let sign = start.char_indices().skip(1).filter(|(i, c)| "+-".contains(*c) && !start[..*i].ends_with(['e', 'E'])).last();
    let (first, increment) = match sign {
        Some((i, _)) => (number(&start[..i])?, number(&start[i..])?),
        None => (number(start)?, 0.0),
    };
    let mut value = first;
    let mut values = Vec::new();
    for _ in 0..=times {
        values.push(Some(value));
        value += increment;
    }
    Some(values)
}

pub(crate) fn number(text: &str) -> Option<f64> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(|v| v as f64);
    }
    text.replace('_', "").parse().ok()
}
