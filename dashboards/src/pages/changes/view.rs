//! The page of a comparison.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::compare::{Mark, ROWS, Row};
use super::{ChangesView, SORTS};
use crate::chart::Unit;
use crate::pages::figure::figure;
use crate::pages::phrase::{clock, lasting, named};
use crate::pages::{range, shell};
use crate::query::Error;
use crate::server::App;

/// The figures in the order of [`super::compare::Figures`].
const COLUMNS: [(&str, Unit); SORTS.len()] =
    [("CPU", Unit::Cores), ("memory", Unit::Bytes), ("storage", Unit::BytesPerSecond)];

/// The host beside the name of the installation.
pub(super) fn bar(view: &ChangesView) -> Markup {
    html! {
        span.sep aria-hidden="true" { "/" }
        a.crumb href=(view.link.to_host(&view.instance).href()) { (named(&view.instance)) }
        span.sep aria-hidden="true" { "/" }
        h1 { "What changed" }
        (range::picker(&view.link, &view.frame))
    }
}

pub(super) fn page(
    app: &App,
    view: &ChangesView,
    groups: &Result<Vec<Row>, Error>,
    processes: &Result<Vec<Row>, Error>,
) -> Response {
    let status = match (groups, processes) {
        (Err(error), Err(_)) => error.status(),
        _ => StatusCode::OK,
    };
    let frame = &view.frame;
    let time = |ms: i64| clock(ms, frame.now_ms, &frame.zone);
    let length_ms = frame.span.length_ms();
    let body = html! {
        p.state id="state" {
            b { (time(frame.span.start_ms)) " \u{2013} " (time(frame.span.end_ms)) }
            " against the " (lasting(length_ms)) " before: the means of both, the largest difference first"
        }
        div.tables.one {
            (table(view, "groups", "Groups", groups))
            (table(view, "processes", "Processes", processes))
        }
    };
    let title = format!("What changed on {}", view.instance);
    shell::followed(app, status, &title, &bar(view), &body, frame.follows())
}

fn table(view: &ChangesView, id: &str, title: &str, rows: &Result<Vec<Row>, Error>) -> Markup {
    html! {
        section.table id=(id) {
            h2 { (title) }
            @match rows {
                Err(error) => (shell::part_failed(error)),
                Ok(rows) if rows.is_empty() => p.empty { "Nothing was otherwise than before" },
                Ok(rows) => {
                    div.scroll tabindex="0" role="region" aria-label=(title) {
                        table.changes {
                            thead { tr {
                                th scope="col" { (if title == "Groups" { "group" } else { "process" }) }
                                @for ((name, _), (key, sort)) in COLUMNS.iter().zip(SORTS) {
                                    @let link = view.link.with("sort", key);
                                    th scope="col" aria-sort=[(view.sort == sort).then_some("descending")] { a href=(link.href()) { (name) } }
                                    th.lo scope="col" { "before" } th.lo scope="col" { "now" }
                                }
                            } }
                            tbody { @for row in rows.iter().take(ROWS) { tr { (head(view, row)) (figures(row)) } } }
                        }
                    }
                    @if rows.len() > ROWS { p.more { "and " (rows.len() - ROWS) " more" } }
                }
            }
        }
    }
}

fn head(view: &ChangesView, row: &Row) -> Markup {
    let href = match &row.pid {
        Some(pid) => view.link.to_process(&view.instance, pid, row.start),
        None => view.link.to_group(&view.instance, &row.group),
    };
    let name = if row.pid.is_some() { &row.name } else { &row.group };
    html! {
        th scope="row" title=(name) {
            a href=(href.href()) { (named(name)) }
            @if let Some(pid) = &row.pid { span.of { (pid) } }
            @match row.mark {
                Some(Mark::New) => span.new { "new" },
                Some(Mark::Restarted) => span.new { "restarted" },
                Some(Mark::Gone) => span.gone { "gone" },
                Some(Mark::Passed) => span.gone { "came and went" },
                None => {}
            }
        }
    }
}

fn figures(row: &Row) -> Markup {
    html! {
        @for (place, (_, unit)) in COLUMNS.iter().enumerate() {
            @let change = row.change(place);
            @let share = if row.before[place] == 0.0 { f64::INFINITY } else { (change / row.before[place]).abs() };
            @match change {
                0.0 => td.dim { "0" },
                // Less than a hundredth of what it was: noise beside the rest.
                change => td class=[(share < 0.01).then_some("dim")] {
                    @if change > 0.0 { "+" } @else { "\u{2212}" } (unit.format(change.abs()))
                },
            }
            (figure(*unit, row.before[place], "lo own")) (figure(*unit, row.now[place], "lo own"))
        }
    }
}
