//! The page of a group.

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::GroupView;
use super::members::{Members, ROWS};
use crate::chart::Unit;
use crate::pages::figure::figure;
use crate::pages::phrase::{clock, lasting, named};
use crate::pages::trends::{self, Subject, Trends};
use crate::pages::{range, shell};
use crate::query::Error;
use crate::server::App;
use crate::time::ms_of;

/// The host and the group beside the name of the installation.
pub(super) fn bar(view: &GroupView) -> Markup {
    html! {
        span.sep aria-hidden="true" { "/" }
        a.crumb href=(view.link.to_host(&view.instance).href()) { (named(&view.instance)) }
        span.sep aria-hidden="true" { "/" }
        h1 { (named(&view.group)) }
        (range::picker(&view.link, &view.frame))
    }
}

pub(super) fn page(
    app: &App,
    view: &GroupView,
    subject: &Subject,
    trends: &Trends,
    members: &Result<Members, Error>,
) -> Response {
    let nothing = trends.are_empty() && members.as_ref().is_ok_and(|members| members.rows.is_empty());
    let status = trends.failure().map_or(StatusCode::OK, Error::status);
    let body = html! {
        @if nothing {
            section.notice {
                h2 { "No group " (named(&view.group)) " was seen on " (named(&view.instance)) " in this range" }
                p { "A longer range may show it: " a href=(view.link.over("-30d", None)) { "the last 30 days" }
                    ", or see " a href=(view.link.to_host(&view.instance).href()) { "all groups of this host" } "." }
            }
        } @else {
            @let everywhere = view.link.elsewhere("/groups").with("group", &view.group);
            p.state id="state" { (summary(members)) span.mid { "\u{b7}" } a href=(everywhere.href()) { "on all hosts" } span.mid { "\u{b7}" } "a point every " (lasting(view.frame.step_ms)) }
            (trends::cards(subject, &view.frame, &view.link, trends))
            div.tables.one { (processes(view, members)) }
        }
    };
    let title = format!("{} on {}", view.group, view.instance);
    shell::followed(app, status, &title, &bar(view), &body, view.frame.follows())
}

fn summary(members: &Result<Members, Error>) -> Markup {
    html! {
        @match members {
            Ok(Members { rows, .. }) if rows.is_empty() => "No series of single processes here",
            Ok(Members { alive, started, gone, .. }) => {
                b { (alive) } @if *alive == 1 { " process" } @else { " processes" } " at the end of the range"
                span.mid { "\u{b7}" } (started) " started" span.mid { "\u{b7}" } (gone) " gone"
            }
            Err(_) => "The group over the range",
        }
    }
}

fn processes(view: &GroupView, members: &Result<Members, Error>) -> Markup {
    let frame = &view.frame;
    let time = |ms: i64| clock(ms, frame.now_ms, &frame.zone);
    html! {
        section.table id="processes" {
            h2 { "Processes" @if let Ok(members) = members { span.count { (members.alive + members.gone) } } }
            @match members {
                Err(error) => (shell::part_failed(error)),
                Ok(members) if members.rows.is_empty() => {
                    p.empty { "No process has series of its own here: the exporter of this host may be set to groups only." }
                }
                Ok(members) => {
                    div.scroll tabindex="0" role="region" aria-label="Processes" {
                        table {
                            thead { tr {
                                th scope="col" { "pid" } th.text.io scope="col" { "user" } th.text scope="col" { "started" }
                                th.text scope="col" { "last seen" } th scope="col" { "CPU" } th scope="col" { "memory" }
                            } }
                            tbody {
                                @for row in &members.rows {
                                    @let start_ms = ms_of(row.start);
                                    tr {
                                        th.key scope="row" {
                                            a href=(view.link.to_process(&view.instance, &row.pid, Some(row.start)).href()) { (named(&row.pid)) }
                                        }
                                        td.text.io { (row.user) }
                                        td.text { (time(start_ms)) @if start_ms >= frame.span.start_ms { span.new { "new" } } }
                                        @match row.gone_ms {
                                            Some(at) => td.text { (time(at)) },
                                            None => td.text.dim { @if frame.live { "runs" } @else { "at the end" } },
                                        }
                                        (figure(Unit::Cores, row.cpu, "")) (figure(Unit::Bytes, row.memory, ""))
                                    }
                                }
                            }
                        }
                    }
                    p.more {
                        @let all = members.alive + members.gone;
                        @if all > ROWS { "The first " (ROWS) " of " (all) ". " }
                        "Looked at every " (lasting(members.step_ms))
                        @if members.complete { ", every scrape between included." } @else { "; who lived between two of these moments is missing." }
                    }
                }
            }
        }
    }
}
