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
    let values = values_of(values)?;
    let has_histograms = values.contains(&Value::Histogram);
    let float = |v: Value| if let Value::Float(v) = v { Some(v) } else { None };
    Some(Line { labels, values: values.into_iter().map(float).collect(), has_histograms })
}

/// Where the labels end: at the closing brace, or at the first space where there is none before.
fn end_of_series(text: &str) -> Option<usize> {
    let space = text.find([' ', '\t']).unwrap_or(text.len());
    let Some(open) = text.find('{').filter(|i| *i <= space) else { return Some(space) };
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

#[derive(Clone, Copy, PartialEq)]
enum Value {
    Missing,
    Float(f64),
    /// `{{...}}`, which nothing here reads.
    Histogram,
}

fn values_of(text: &str) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let histogram = rest.starts_with("{{");
        let mut end = if histogram { rest.find("}}")? + 2 } else { 0 };
        end += rest[end..].find([' ', '\t']).unwrap_or(rest.len() - end);
        let (token, after) = rest.split_at(end);
        if histogram && token.contains("}}+{{") || token.contains("}}-{{") {
            // `{{a}}+{{b}}x3`: the second histogram may hold spaces.
            let end = rest[token.len()..].find("}}").map_or(rest.len(), |i| token.len() + i + 2);
            let end = end + rest[end..].find([' ', '\t']).unwrap_or(rest.len() - end);
            values.push(Value::Histogram);
            rest = rest[end..].trim_start();
            continue;
        }
        match histogram {
            true => {
                let times = token.rsplit_once("}}x").map_or(0, |(_, n)| n.parse::<usize>().unwrap_or(0));
                values.extend(vec![Value::Histogram; times + 1]);
            }
            false => values.extend(repeated(token)?.into_iter().map(|v| v.map_or(Value::Missing, Value::Float))),
        }
        rest = after.trim_start();
    }
    Some(values)
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
    let Some((start, times)) = token.rsplit_once('x') else {
        return Some(vec![Some(number(token)?)]);
    };
    let times = times.parse::<usize>().ok()?;
    // The sign of the increment is the last one that is neither the first character nor an exponent's.
    let sign =
        start.char_indices().skip(1).filter(|(i, c)| "+-".contains(*c) && !start[..*i].ends_with(['e', 'E'])).last();
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
