//! A question in PromQL.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::{Answer, ExploreView, bar, form};
use crate::chart::Unit;
use crate::image;
use crate::pages::{chart_card, shell};
use crate::query::{self, Labels, Sample};
use crate::server::App;

/// Rows of the table.
const ROWS: usize = 200;

/// Questions to begin with.
const EXAMPLES: [(&str, &str, &str); 4] = [
    ("CPU of each group", "sum by (group) (rate(proc_group_cpu_seconds_total[5m]))", "cores"),
    ("Memory that grows", "topk(10, deriv(proc_group_resident_memory_bytes[1h]) > 0)", "bytes/s"),
    ("Who writes to disk", "topk(10, sum by (instance, group) (rate(proc_group_written_bytes_total[5m])))", "bytes/s"),
    ("Groups near their limit of open files", "proc_group_worst_fd_ratio > 0.5", "ratio"),
];

pub(super) fn page(app: &App, view: &ExploreView, answer: Option<&Answer>) -> Response {
    let status = match answer {
        Some(Answer { chart: Err(image::Error::Query(error)), .. }) => error.status(),
        Some(Answer { chart: Err(image::Error::Parameter(_)), .. }) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let body = html! {
        (form(view))
        @match answer {
            None => (examples(view)),
            Some(Answer { chart, last }) => {
                @match chart {
                    Ok(chart) => {
                        @let href = format!("/chart.svg?{}", view.image());
                        div.cards.one { (chart_card::card("chart", chart, "", &href, &|_| None)) }
                        (copies(view))
                        (table(last, view.unit))
                    }
                    Err(image::Error::Query(error)) => (failed(view, error)),
                    Err(error) => section.notice.bad role="alert" { p { (error.to_string()) } },
                }
            }
        }
    };
    let follows = if answer.is_some() { view.frame.follows() } else { None };
    shell::followed(app, status, "Explore", &bar(view), &body, follows)
}

fn examples(view: &ExploreView) -> Markup {
    html! {
        section.notice {
            h2 { "Ask anything in PromQL" }
            p { "The answer is a chart over the range above, and a table of the values at its end. Some questions to begin with:" }
            ul { @for (name, query, unit) in EXAMPLES { li { a href=(view.link.with("query", query).with("unit", unit).href()) { (name) } } } }
        }
    }
}

/// Ways to carry the answer elsewhere; the script copies, and hides them where there is none.
fn copies(view: &ExploreView) -> Markup {
    let image = view.image();
    html! {
        p.copies {
            button type="button" data-copy="page" { "Copy link" }
            button type="button" data-copy="markdown" data-path={ "/chart.svg?" (image) } { "Copy as Markdown" }
            button type="button" data-copy="page" data-path={ "/chart.png?" (image) } { "Copy PNG link" }
            button type="button" data-copy="curl" data-path={ "/chart.csv?" (image) } { "Copy as curl" }
            a href={ "/chart.csv?" (image) } { "csv" } " " a href={ "/chart.json?" (image) } { "json" } " " a href={ "/chart.png?" (image) } { "png" }
        }
    }
}

fn table(last: &Result<Vec<Sample>, query::Error>, unit: Unit) -> Markup {
    html! {
        section.table id="values" {
            h2 { "At the end of the range" @if let Ok(samples) = last { span.count { (samples.len()) } } }
            @match last {
                Err(error) => (shell::part_failed(error)),
                Ok(samples) if samples.is_empty() => p.empty { "No value at the end of this range" },
                Ok(samples) => {
                    div.scroll tabindex="0" role="region" aria-label="Values" {
                        table { tbody { @for sample in samples.iter().take(ROWS) {
                            tr { th scope="row" title=(series(&sample.labels)) { (series(&sample.labels)) } td title=(sample.point.value) { (figure(sample.point.value, unit)) } }
                        } } }
                    }
                    @if samples.len() > ROWS { p.more { "and " (samples.len() - ROWS) " more" } }
                }
            }
        }
    }
}

/// A value in its unit; where none was chosen, as it was answered.
fn figure(value: f64, unit: Unit) -> String {
    if unit == Unit::Short { value.to_string() } else { unit.format(value) }
}

/// A series as PromQL writes it.
fn series(labels: &Labels) -> String {
    let name = labels.get("__name__").map_or("", String::as_str);
    let rest = labels.iter().filter(|(label, _)| *label != "__name__");
    let pairs: Vec<String> = rest.map(|(label, value)| format!("{label}={}", query::promql::quoted(value))).collect();
    format!("{name}{{{}}}", pairs.join(", "))
}

/// What the server said, with a mark where in the query it means.
fn failed(view: &ExploreView, error: &query::Error) -> Markup {
    let place = place(&error.to_string());
    let line = place.and_then(|(line, column)| Some((view.query.lines().nth(line - 1)?, column)));
    html! {
        section.notice.bad role="alert" {
            h2 { @if error.is_bad_query() { "This is no PromQL" } @else { "There is no answer" } }
            @if let Some((line, column)) = line {
                pre { (line) "\n" (" ".repeat(column - 1)) "^" }
            }
            p { (error.to_string()) }
        }
    }
}

/// Line and column of a message such as `invalid parameter "query": 1:6: parse error: ...`, both from 1.
fn place(message: &str) -> Option<(usize, usize)> {
    let before = &message[..message.find(": parse error")?];
    let (rest, column) = before.rsplit_once(':')?;
    let line = rest.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    let (line, column) = (line.parse().ok()?, column.parse().ok()?);
    (line > 0 && (1..=8192).contains(&column)).then_some((line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_messages() {
        for (message, expected) in [
            ("bad_data: invalid parameter \"query\": 1:6: parse error: unexpected <op:+>", Some((1, 6))),
            ("bad_data: 12:34: parse error: x", Some((12, 34))),
            ("bad_data: 0:0: parse error", None),
            (": parse error", None),
            ("execution: too many samples", None),
        ] {
            assert_eq!(place(message), expected, "{message}");
        }
    }

    #[test]
    fn series_read_as_promql() {
        let labels: Labels = [("__name__", "up"), ("a", "x\"y")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(series(&labels), "up{a=\"x\\\"y\"}");
        assert_eq!(series(&Labels::new()), "{}");
    }
}
