//! A question in SQL: its rows as a table, and as a chart where they have times and numbers.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use serde_json::Value;

use super::{ExploreView, form};
use crate::chart::{Chart, Kind, Point, Series};
use crate::pages::{chart_card, shell};
use crate::query::{Error, Rows};
use crate::server::App;
use crate::time::Span;

/// Rows of the table.
const ROWS: usize = 200;
/// Series of the chart.
const SERIES: usize = 12;

/// Questions to begin with; `$from` and `$until` are the ends of the range.
const EXAMPLES: [(&str, &str); 4] = [
    (
        "Memory of each group over time",
        "SELECT time, \"group\", sum(resident_bytes) AS memory\nFROM groups\nWHERE ts BETWEEN $from AND $until AND NOT ended\nGROUP BY time, \"group\" ORDER BY time",
    ),
    (
        "Which process leaks?",
        "SELECT host, pid, any_value(name) AS name, round(regr_slope(resident_bytes, epoch(time)) * 3600 / 1048576, 1) AS mib_per_hour\nFROM processes\nWHERE ts BETWEEN $from AND $until AND NOT ended\nGROUP BY host, pid, started HAVING count(*) >= 20\nORDER BY mib_per_hour DESC LIMIT 20",
    ),
    (
        "What started in this range?",
        "SELECT DISTINCT started, host, name, pid, \"user\"\nFROM processes\nWHERE ts BETWEEN $from AND $until AND epoch_ms(started) >= $from\nORDER BY started DESC LIMIT 100",
    ),
    ("What is recorded?", "SELECT name, count(*) AS series FROM series GROUP BY name ORDER BY series DESC"),
];

/// The query with the ends of the range in it, in Unix milliseconds.
fn with_range(view: &ExploreView) -> String {
    let span = view.frame.span;
    view.query.replace("$from", &span.start_ms.to_string()).replace("$until", &span.end_ms.to_string())
}

/// Answers the question of `view`; without one, gives examples.
pub(super) async fn answer(app: &App, view: &ExploreView) -> Response {
    if view.query.is_empty() {
        return page(app, view, StatusCode::OK, &examples(view));
    }
    let query = with_range(view);
    match app.client.sql(query.trim().trim_end_matches(';')).await {
        Ok(rows) => {
            let view = view.clone();
            shell::drawn(app, move |app| answered(app, &view, &query, &rows)).await
        }
        Err(error) => page(app, view, error.status(), &failed(view, &query, &error)),
    }
}

fn answered(app: &App, view: &ExploreView, query: &str, rows: &Rows) -> Response {
    let body = html! {
        @if let Some(chart) = chart(rows, view) { div.cards.one { (chart_card::card("chart", &chart, "", "", &|_| None)) } }
        (copies(app, query))
        (table(rows))
    };
    page(app, view, StatusCode::OK, &body)
}

fn page(app: &App, view: &ExploreView, status: StatusCode, body: &Markup) -> Response {
    let body = html! { (form(view)) (body) };
    shell::page(app, status, "Explore", &super::bar(view), &body)
}

fn examples(view: &ExploreView) -> Markup {
    html! {
        section.notice {
            h2 { "Ask anything in SQL" }
            p { "The tables are " code { "processes" } ", " code { "groups" } ", " code { "samples" } ", " code { "series" } " and the rollups, in DuckDB's dialect; "
                code { "$from" } " and " code { "$until" } " are the ends of the range above, as " code { "ts" } " counts. Rows with a time and numbers are drawn. Some questions to begin with:" }
            ul { @for (name, query) in EXAMPLES { li { a href=(view.link.with("query", query).href()) { (name) } } } }
        }
    }
}

fn copies(app: &App, query: &str) -> Markup {
    let quoted = query.replace('\'', "'\\''");
    let curl = format!("curl '{}/api/v1/sql' --data-urlencode 'query={quoted}' -d format=csv", app.client.server());
    html! {
        p.copies {
            button type="button" data-copy="page" { "Copy link" }
            button type="button" data-copy="link" { "Copy as Markdown" }
            button type="button" data-copy="text" data-text=(curl) { "Copy as curl" }
        }
    }
}

fn table(rows: &Rows) -> Markup {
    let is_number = |column: usize| {
        let mut known = rows.rows.iter().filter_map(|row| row.get(column)).filter(|value| !value.is_null()).peekable();
        known.peek().is_some() && known.all(Value::is_number)
    };
    let numbers: Vec<bool> = (0..rows.columns.len()).map(is_number).collect();
    let class = |column: usize| (!numbers.get(column).copied().unwrap_or(false)).then_some("text");
    html! {
        section.table.rows id="values" {
            h2 { "Rows" span.count { (rows.rows.len()) } }
            @if rows.rows.is_empty() { p.empty { "No row fits" } } @else {
                div.scroll tabindex="0" role="region" aria-label="Rows" {
                    table {
                        thead { tr { @for (index, name) in rows.columns.iter().enumerate() { th scope="col" class=[class(index)] { (name) } } } }
                        tbody { @for row in rows.rows.iter().take(ROWS) {
                            tr { @for (index, value) in row.iter().enumerate() { td class=[class(index)] { (shown(value)) } } }
                        } }
                    }
                }
                @if rows.rows.len() > ROWS { p.more { "and " (rows.rows.len() - ROWS) " more, as CSV by the command above" } }
            }
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "\u{2013}".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Unix milliseconds of a time as rows have it.
fn moment(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => {
            let time: DateTime = text.parse().ok()?;
            Some(TimeZone::UTC.to_timestamp(time).ok()?.as_millisecond())
        }
        // What else counts milliseconds is no time since 1970 that anything was recorded at.
        Value::Number(number) => number.as_i64().filter(|ms| *ms > 1_000_000_000_000),
        _ => None,
    }
}

/// The rows as curves: `time` or `ts` is the time, each other column of numbers is a curve for each combination of texts.
/// None where there is no time, no number, or only one moment.
fn chart(rows: &Rows, view: &ExploreView) -> Option<Chart> {
    let time = ["time", "ts"].iter().find_map(|name| rows.columns.iter().position(|column| column == name))?;
    let is_time =
        |column: usize| column == time || matches!(rows.columns[column].as_str(), "time" | "ts" | "started" | "pid");
    let columns: Vec<usize> = (0..rows.columns.len()).filter(|column| !is_time(*column)).collect();
    let is_number = |column: &usize| {
        rows.rows.iter().all(|row| row.get(*column).is_none_or(|value| value.is_number() || value.is_null()))
    };
    let (numbers, mut texts): (Vec<usize>, Vec<usize>) = columns.into_iter().partition(is_number);
    texts.extend(rows.columns.iter().position(|name| name == "pid"));
    let mut curves: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in &rows.rows {
        let Some(at_ms) = row.get(time).and_then(moment) else { continue };
        let of: Vec<String> = texts.iter().filter_map(|text| row.get(*text)).map(shown).collect();
        for &number in &numbers {
            let Some(value) = row.get(number).and_then(Value::as_f64) else { continue };
            let mut name = of.clone();
            if numbers.len() > 1 || name.is_empty() {
                name.push(rows.columns[number].clone());
            }
            curves.entry(name.join(" ")).or_default().push(Point { at_ms, value });
        }
    }
    curves.values_mut().for_each(|points| points.sort_by_key(|point| point.at_ms));
    let times = || curves.values().flatten().map(|point| point.at_ms);
    let (start_ms, end_ms) = (times().min()?, times().max()?);
    let span = Span::new(start_ms, end_ms).ok()?;
    let mut distances: Vec<i64> =
        curves.values().flat_map(|points| points.windows(2)).map(|pair| pair[1].at_ms - pair[0].at_ms).collect();
    distances.retain(|distance| *distance > 0);
    distances.sort_unstable();
    let step_ms = distances.get(distances.len() / 2).copied().unwrap_or(span.length_ms());
    let count = curves.len();
    let mut series: Vec<Series> =
        curves.into_iter().map(|(name, points)| Series { name, points, ..Series::default() }).collect();
    let mean = |series: &Series| crate::chart::Summary::of(&series.points).avg;
    series.sort_by(|a, b| mean(b).total_cmp(&mean(a)).then_with(|| a.name.cmp(&b.name)));
    series.truncate(SERIES);
    let note = if count > SERIES {
        format!("{SERIES} of {count} series, those with the largest means")
    } else {
        String::new()
    };
    Some(Chart {
        title: if note.is_empty() { "Over time".to_owned() } else { note.clone() },
        series,
        kind: Kind::stacked(view.stacked),
        note,
        ..Chart::new(view.unit, span, step_ms, view.frame.zone.clone())
    })
}

/// What the server said, with a mark where in the query it means.
fn failed(view: &ExploreView, query: &str, error: &Error) -> Markup {
    let words = error.to_string();
    let place = place(&words).and_then(|(line, column)| Some((query.lines().nth(line - 1)?, column)));
    html! {
        section.notice.bad role="alert" {
            h2 { @match error {
                Error::Missing { .. } => "There is no SQL here",
                error if error.is_bad_query() => "This cannot be asked in SQL",
                _ => "There is no answer",
            } }
            @if let Some((line, column)) = place { pre { (line) "\n" (" ".repeat(column - 1)) "^" } }
            // Some of DuckDB's messages point at the place themselves.
            @if words.contains("\nLINE ") { pre { (words) } } @else { p { (words) } }
            @if matches!(error, Error::Missing { .. }) {
                p { "PromQL is answered by every server: " a href=(view.link.without("lang").without("query").href()) { "ask in PromQL" } "." }
            }
        }
    }
}

/// Line and column of a message such as `bad_data: 1:13: Parser Error: ...`, both from 1.
fn place(message: &str) -> Option<(usize, usize)> {
    let (place, _) = message.split_once(": ")?.1.split_once(": ")?;
    let (line, column) = place.split_once(':')?;
    let (line, column) = (line.parse().ok()?, column.parse().ok()?);
    (line > 0 && (1..=8192).contains(&column)).then_some((line, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view() -> ExploreView {
        ExploreView::parse("lang=sql&query=x&from=1970-01-01T00:00:01Z&until=1970-01-01T00:00:09Z&tz=UTC", 10_000)
            .unwrap()
    }

    fn rows(columns: &[&str], rows: &[Value]) -> Rows {
        let rows = rows.iter().map(|row| row.as_array().unwrap().clone()).collect();
        Rows { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
    }

    #[test]
    fn rows_with_times_and_numbers_are_drawn() {
        let found = rows(
            &["time", "group", "memory", "cpu"],
            &[
                json!(["2026-11-23T18:51:30", "b", 3, null]),
                json!(["2026-11-23T18:51:25.5", "a", 1, 0.5]),
                json!(["2026-11-23T18:51:30", "a", 2, 0.25]),
                json!(["no time", "a", 2, 0.25]),
            ],
        );
        let chart = chart(&found, &view()).unwrap();
        let curves: Vec<String> =
            chart.series.iter().map(|series| format!("{}:{}", series.name, series.points.len())).collect();
        assert_eq!(curves, ["b memory:1", "a memory:2", "a cpu:2"]);
        assert_eq!((chart.span.length_ms(), chart.step_ms), (4500, 4500));
        assert_eq!(chart.series[1].points[0].value, 1.0);
    }

    #[test]
    fn other_rows_are_a_table_alone() {
        for found in [
            rows(&["name", "series"], &[json!(["a", 1])]),
            rows(&["time", "name"], &[json!(["2026-11-23T18:51:30", "a"])]),
            rows(&["time", "v"], &[json!(["2026-11-23T18:51:30", 1])]),
            Rows::default(),
        ] {
            assert!(chart(&found, &view()).is_none(), "{found:?}");
        }
    }

    #[test]
    fn places_in_messages() {
        for (message, expected) in [
            ("bad_data: 1:13: Parser Error: syntax error", Some((1, 13))),
            ("bad_data: Binder Error: x\n\nLINE 1: y", None),
            ("bad_data: 0:0: Parser Error", None),
            ("execution: out of memory", None),
        ] {
            assert_eq!(place(message), expected, "{message}");
        }
    }

    #[test]
    fn the_range_is_in_the_query() {
        let view = ExploreView { query: "ts >= $from AND ts < $until".to_owned(), ..view() };
        assert_eq!(with_range(&view), "ts >= 1000 AND ts < 9000");
    }
}
