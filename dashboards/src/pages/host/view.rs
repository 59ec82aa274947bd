//! The page of a host.

use std::collections::HashMap;

use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use super::busiest::{Busiest, Group, PROCESSES, Process};
use super::panel::{Drawn, PANELS};
use super::{HostView, SORTS, Sort};
use crate::chart::Unit;
use crate::pages::figure::figure;
use crate::pages::phrase::{counted, lasting, named};
use crate::pages::range::rfc3339;
use crate::pages::whole::Whole;
use crate::pages::{chart_card, failing, range, shell};
use crate::query::{Error, QueriedSeries};
use crate::server::App;

/// Groups that are listed unless all are asked for.
const ROWS: usize = 15;
/// Groups that are listed at most.
const MOST_ROWS: usize = 1000;

/// The host's name beside the name of the installation.
pub(super) fn bar(view: &HostView) -> Markup {
    html! {
        span.sep aria-hidden="true" { "/" }
        h1 { (view.instance) }
        (range::picker(&view.link, &view.frame))
    }
}

/// How the host is doing.
#[derive(Debug, Clone, Copy)]
pub(super) struct State<'a> {
    /// Its scrapes in the last ten minutes of the range.
    pub(super) ups: &'a [QueriedSeries],
    /// Why it is not scraped, in the words of the scraper; may be empty.
    pub(super) reason: &'a str,
    pub(super) whole: Whole,
}

pub(super) fn page(
    app: &App,
    view: &HostView,
    state: &State<'_>,
    panels: &[Result<Drawn, Error>],
    busiest: &Busiest,
    inks: &HashMap<String, u8>,
) -> Response {
    let nothing = state.ups.is_empty()
        && panels.iter().all(|panel| panel.as_ref().is_ok_and(|drawn| drawn.chart.is_empty()))
        && busiest.groups.as_ref().is_ok_and(Vec::is_empty);
    let failed = panels.iter().filter_map(|panel| panel.as_ref().err()).next();
    let status = match failed {
        Some(error) if panels.iter().all(Result::is_err) => error.status(),
        _ => StatusCode::OK,
    };
    let to_group = |name: &str| view.link.to_group(&view.instance, name).href();
    let body = html! {
        @if nothing {
            section.notice {
                h2 { "Nothing is known of " (view.instance) " in this range" }
                (failing::why(state.reason))
                p { "It may not have been scraped then, or has another name. A longer range may show it: "
                    a href=(view.link.over("-30d", None)) { "the last 30 days" } ", or see " a href="/" { "all hosts" } "." }
            }
        } @else {
            (state_line(view, state))
            (view.frame.nothing_before(panels.iter().flatten().map(|drawn| &drawn.chart)))
            div.cards {
                @for (panel, drawn) in PANELS.iter().zip(panels) {
                    @match drawn {
                        Ok(drawn) => {
                            @let now = if drawn.now.is_nan() { String::new() } else { panel.unit.format(drawn.now) };
                            (chart_card::card(panel.id, &drawn.chart, &now, &drawn.href, &|name| Some(to_group(name))))
                        }
                        Err(error) => {
                            figure.card id=(panel.id) { figcaption { h2 { (panel.id) } } (shell::part_failed(error)) }
                        }
                    }
                }
            }
            div.tables {
                (groups(view, &busiest.groups, inks))
                (processes(view, &busiest.processes))
            }
        }
    };
    shell::followed(app, status, &view.instance, &bar(view), &body, view.frame.follows())
}

/// One line: is it up, how fresh is what is shown, how the charts are drawn.
fn state_line(view: &HostView, state: &State<'_>) -> Markup {
    let last = state.ups.iter().filter_map(|series| series.values.last()).max_by_key(|point| point.at_ms);
    let other = view.link.with("draw", if view.stacked { "lines" } else { "stack" });
    html! {
        p.state id="state" {
            @match last {
                Some(point) if view.frame.live => {
                    @let age = view.frame.now_ms - point.at_ms;
                    @let (class, word) = if point.value == 0.0 { ("down", "down") } else if age > 4 * view.frame.interval_ms { ("stale", "silent") } else { ("up", "up") };
                    span class={ "dot " (class) } aria-hidden="true" {}
                    b { (word) } ", last scrape " (lasting(age)) " ago"
                }
                Some(_) => "A range of the past",
                None => { span.dot.stale aria-hidden="true" {} "no scrape in the last 10 minutes of this range" }
            }
            (failing::why(state.reason))
            (state.whole.in_line())
            span.mid { "\u{b7}" } "a point every " (lasting(view.frame.step_ms))
            span.mid { "\u{b7}" }
            @let at = (!view.frame.live).then(|| rfc3339(view.frame.span.end_ms));
            a href=(view.link.to_tree(&view.instance, at.as_deref()).href()) { "process tree" }
            span.mid { "\u{b7}" }
            a href=(view.link.to_changes(&view.instance).href()) title="This range against the time before it" { "what changed?" }
            span.mid { "\u{b7}" }
            @if view.stacked { "stacked, " a href=(other.href()) { "as lines" } } @else { "lines, " a href=(other.href()) { "stacked" } }
        }
    }
}

fn groups(view: &HostView, groups: &Result<Vec<Group>, Error>, inks: &HashMap<String, u8>) -> Markup {
    let head = |name: &str, sort: Sort, class: &str| {
        let key = SORTS.iter().find(|(_, s)| *s == sort).map_or("cpu", |(key, _)| key);
        let link = view.link.with("sort", key);
        let chosen = view.sort == sort;
        html! { th class=[Some(class).filter(|class| !class.is_empty())] scope="col" aria-sort=[chosen.then_some("descending")] { a href=(link.href()) { (name) } } }
    };
    html! {
        section.table id="groups" {
            h2 { "Groups" @if let Ok(groups) = groups { span.count { (groups.len()) } } }
            @match groups {
                Err(error) => (shell::part_failed(error)),
                Ok(groups) if groups.is_empty() => p.empty { "No groups at the end of this range" },
                Ok(groups) => {
                    @let shown = if view.all_rows { MOST_ROWS } else { ROWS };
                    div.scroll tabindex="0" role="region" aria-label="Groups" {
                        table {
                            thead { tr {
                                th scope="col" { "group" }
                                (head("CPU", Sort::Cpu, "")) (head("memory", Sort::Memory, "")) (head("reads", Sort::Reads, "io")) (head("writes", Sort::Writes, "io")) (head("procs", Sort::Processes, ""))
                                th.lo scope="col" { "threads" } th.lo scope="col" { "files" }
                            } }
                            tbody {
                                @for group in groups.iter().take(shown) {
                                    tr {
                                        th scope="row" title=(group.name) { (chart_card::swatch(inks.get(&group.name).copied()))
                                            a href=(view.link.to_group(&view.instance, &group.name).href()) { (named(&group.name)) } }
                                        (figure(Unit::Cores, group.cpu, "")) (figure(Unit::Bytes, group.memory, ""))
                                        (figure(Unit::BytesPerSecond, group.reads, "io")) (figure(Unit::BytesPerSecond, group.writes, "io"))
                                        (figure(Unit::Short, group.processes, ""))
                                        (figure(Unit::Short, group.threads, "lo")) (figure(Unit::Short, group.open_fds, "lo"))
                                    }
                                }
                            }
                        }
                    }
                    @if groups.len() > shown {
                        @let all = view.link.with("rows", "all");
                        p.more {
                            @if view.all_rows { "and " (groups.len() - shown) " more" }
                            @else { a href={ (all.href()) "#groups" } { "all " (counted(groups.len(), "group")) } }
                        }
                    }
                }
            }
        }
    }
}

fn processes(view: &HostView, processes: &Result<Vec<Process>, Error>) -> Markup {
    html! {
        section.table id="processes" {
            h2 { "Busiest processes" }
            @match processes {
                Err(error) => (shell::part_failed(error)),
                Ok(processes) if processes.is_empty() => {
                    p.empty { "No process has series of its own here: the exporter of this host may be set to groups only." }
                }
                Ok(processes) => {
                    div.scroll tabindex="0" role="region" aria-label="Busiest processes" {
                        table {
                            thead { tr {
                                th scope="col" { "process" } th.text.lo scope="col" { "user" } th scope="col" { "pid" }
                                th scope="col" { "CPU" } th scope="col" { "memory" }
                            } }
                            tbody {
                                @for process in processes {
                                    tr {
                                        th scope="row" title=(process.name) {
                                            a href=(view.link.to_process(&view.instance, &process.pid, process.start).href()) { (named(&process.name)) }
                                            @if process.group != process.name { span.of { (process.group) } }
                                        }
                                        td.text.lo { (process.user) } td.dim { (process.pid) }
                                        (figure(Unit::Cores, process.cpu, "")) (figure(Unit::Bytes, process.memory, ""))
                                    }
                                }
                            }
                        }
                    }
                    p.more { "The first " (PROCESSES) " by " (if view.sort == Sort::Memory { "memory" } else { "CPU" }) }
                }
            }
        }
    }
}
