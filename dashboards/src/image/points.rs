//! The points of a chart, for programs and spreadsheets.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use super::Error;
use crate::chart::{Chart, Point};

/// A table: `time` (RFC 3339, UTC), then a column for each series. A cell is empty where a series has no point.
pub(super) fn csv(chart: &Chart) -> Result<Vec<u8>, Error> {
    let mut rows: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
    for (column, series) in chart.series.iter().enumerate() {
        for point in &series.points {
            rows.entry(point.at_ms).or_insert_with(|| vec![None; chart.series.len()])[column] = Some(point.value);
        }
    }
    let mut out = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Error::Draw(error.to_string());
    let names = distinct(chart.series.iter().map(|series| series.name.as_str()));
    out.write_record(std::iter::once("time".to_owned()).chain(names.into_iter().map(harmless))).map_err(failed)?;
    for (at_ms, values) in rows {
        let cells = values.into_iter().map(|value| value.map_or_else(String::new, text));
        out.write_record(std::iter::once(time(at_ms)).chain(cells)).map_err(failed)?;
    }
    out.into_inner().map_err(|error| Error::Draw(error.to_string()))
}

/// Names that no column shares: the second `a` becomes `a (2)`.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    names
        .map(|name| {
            let count = seen.entry(name).or_default();
            *count += 1;
            if *count == 1 { name.to_owned() } else { format!("{name} ({count})") }
        })
        .collect()
}

/// A process may be called `=HYPERLINK(...)`: spreadsheets take what begins so for a formula, unless a quote precedes it.
fn harmless(name: String) -> String {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{name}") } else { name }
}

fn text(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

fn time(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}

#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    unit: String,
    /// Unix seconds, as everywhere in this document.
    from: f64,
    until: f64,
    step: f64,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    series: Vec<Column<'a>>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    /// `[time, value]`; the value is text where JSON has no number for it: `"NaN"`, `"+Inf"`, `"-Inf"`.
    points: Vec<(f64, Value)>,
    /// `[time, lowest, highest]` of the step before each point, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    band: Vec<(f64, Value, Value)>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Other(String),
}

/// The chart's points with its title, unit and range.
pub(super) fn json(chart: &Chart) -> Result<Vec<u8>, Error> {
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let value = |value: f64| if value.is_finite() { Value::Number(value) } else { Value::Other(text(value)) };
    let points = |points: &[Point]| points.iter().map(|point| (seconds(point.at_ms), value(point.value))).collect();
    let document = Document {
        title: &chart.title,
        unit: chart.unit.to_string(),
        from: seconds(chart.span.start_ms),
        until: seconds(chart.span.end_ms),
        step: seconds(chart.step_ms),
        note: &chart.note,
        series: chart
            .series
            .iter()
            .map(|series| Column {
                name: &series.name,
                points: points(&series.points),
                band: series
                    .band
                    .iter()
                    .map(|range| (seconds(range.at_ms), value(range.low), value(range.high)))
                    .collect(),
            })
            .collect(),
    };
    serde_json::to_vec(&document).map_err(|error| Error::Draw(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Series, Unit};
    use crate::time::Span;
    use jiff::tz::TimeZone;

    fn chart(series: &[(&str, &[(i64, f64)])]) -> Chart {
        let points = |points: &[(i64, f64)]| points.iter().map(|&(at_ms, value)| Point { at_ms, value }).collect();
        Chart {
            title: "T".to_owned(),
            series: series
                .iter()
                .map(|(name, of)| Series { name: (*name).to_owned(), points: points(of), ..Series::default() })
                .collect(),
            ..Chart::new(Unit::Bytes, Span { start_ms: 0, end_ms: 60_000 }, 15_000, TimeZone::UTC)
        }
    }

    #[test]
    fn a_table_has_a_row_for_each_moment() {
        let chart = chart(&[("a", &[(0, 1.5), (15_000, f64::NAN)]), ("b", &[(15_000, f64::INFINITY), (30_000, 1e21)])]);
        let text = String::from_utf8(csv(&chart).unwrap()).unwrap();
        assert_eq!(
            text,
            "time,a,b\n1970-01-01T00:00:00Z,1.5,\n1970-01-01T00:00:15Z,NaN,+Inf\n1970-01-01T00:00:30Z,,1000000000000000000000\n"
        );
        assert_eq!(csv(&self::chart(&[])).unwrap(), b"time\n");
    }

    #[test]
    fn names_are_columns_and_nothing_else() {
        let chart = chart(&[("=cmd|' /C calc'!A0", &[]), ("a,\"b\"\n", &[]), ("a", &[]), ("a", &[])]);
        let text = String::from_utf8(csv(&chart).unwrap()).unwrap();
        assert_eq!(text, "time,'=cmd|' /C calc'!A0,\"a,\"\"b\"\"\n\",a,a (2)\n");
    }

    #[test]
    fn json_holds_what_a_number_cannot() {
        let json = json(&chart(&[("a\u{0}\"", &[(500, 1.0), (1500, f64::NAN), (2500, f64::NEG_INFINITY)])])).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            document,
            serde_json::json!({"title": "T", "unit": "bytes", "from": 0.0, "until": 60.0, "step": 15.0, "series": [
                {"name": "a\u{0}\"", "points": [[0.5, 1.0], [1.5, "NaN"], [2.5, "-Inf"]]}]})
        );
    }
}
