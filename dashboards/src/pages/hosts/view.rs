//! The first page.

use axum::response::Response;
use http::StatusCode;
use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};

use super::overview::{Host, Overview};
use super::{HostsView, SORTS, Sort, tables};
use crate::chart::{Chart, Point, Series, Unit, spark};
use crate::pages::figure::known;
use crate::pages::link::Link;
use crate::pages::phrase::{counted, lasting};
use crate::pages::{add, failing, shell};
use crate::server::App;

/// How a host is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    /// Scraped, but not lately.
    Silent,
    Down,
}

fn state(host: &Host, now_ms: i64) -> State {
    let age = host.last_scrape_ms.map_or(i64::MAX, |at| now_ms - at);
    match host.up {
        Some(false) => State::Down,
        Some(true) if age <= (4 * host.interval_ms).max(20_000) => State::Up,
        _ => State::Silent,
    }
}

/// An installation without hosts looks for the first so often.
const WAIT_MS: i64 = 5_000;

/// Hosts that are listed; others are found by name.
const ROWS: usize = 300;

pub(super) fn page(app: &App, view: &HostsView, overview: &Overview, now_ms: i64) -> Response {
    let hosts = &overview.hosts;
    let mut ordered: Vec<(&Host, State)> = hosts.iter().map(|host| (host, state(host, now_ms))).collect();
    let order = |a: &(&Host, State), b: &(&Host, State)| {
        let descending = |figure: fn(&Host) -> Option<f64>| {
            known(figure(b.0).unwrap_or(f64::NAN)).total_cmp(&known(figure(a.0).unwrap_or(f64::NAN)))
        };
        let first = match view.sort {
            Sort::State => (a.1 == State::Up).cmp(&(b.1 == State::Up)),
            Sort::Name => std::cmp::Ordering::Equal,
            Sort::Processes => descending(|host| host.processes),
            Sort::Cpu => descending(|host| host.cpu_now),
            Sort::Load => descending(|host| host.whole.load_now()),
            Sort::Memory => descending(|host| host.memory_now),
        };
        first.then_with(|| a.0.instance.cmp(&b.0.instance))
    };
    ordered.sort_by(order);
    let bar = html! {
        span.sep aria-hidden="true" { "/" }
        h1 { "Hosts" }
        span.sum id="sum" { (summary(&ordered)) }
    };
    let body = html! {
        @for failure in &overview.failures { (shell::part_failed(failure)) }
        @if hosts.is_empty() { (first_steps(app)) } @else {
            @let is_found = |host: &Host| view.filter.as_deref().is_none_or(|filter| host.instance.to_lowercase().contains(filter));
            @let found: Vec<(&Host, State)> = ordered.iter().copied().filter(|(host, _)| is_found(host)).collect();
            (search(view))
            (table(view, overview, &found, now_ms))
            (tables::heat(overview, &found.iter().map(|(host, _)| *host).collect::<Vec<_>>()))
            (tables::fleet(&overview.fleet))
        }
    };
    let every = hosts.iter().map(|host| host.interval_ms).min().unwrap_or(WAIT_MS);
    shell::followed(app, StatusCode::OK, "Hosts", &bar, &body, Some(every))
}

fn summary(hosts: &[(&Host, State)]) -> Markup {
    let count = |wanted: State| hosts.iter().filter(|(_, state)| *state == wanted).count();
    let (up, down, silent) = (count(State::Up), count(State::Down), count(State::Silent));
    html! {
        (up) " up"
        @if down > 0 { span.mid { "\u{b7}" } b.bad { (down) " down" } }
        @if silent > 0 { span.mid { "\u{b7}" } (silent) " silent" }
    }
}

fn first_steps(app: &App) -> Markup {
    html! {
        section.notice.steps {
            h2 { "No hosts yet" }
            p { "The query server at " code { (app.client.server()) } " answers, but it has scraped nothing so far. What to do next:" }
            (add::steps(app, None))
            p { "A host appears here by itself with its first scrape. " a href="/add" { "Name it" } " to get the commands for it, and to see what is in the way." }
        }
    }
}

fn search(view: &HostsView) -> Markup {
    html! {
        form.free.choices action="/" method="get" {
            @if let Some(sort) = view.link.get("sort") { input type="hidden" name="sort" value=(sort); }
            label { "Find " input name="filter" value=(view.link.get("filter").unwrap_or_default()) placeholder="host" maxlength="200" spellcheck="false" autocomplete="off"; }
            button { "Show" }
            span.sorts { "by "
                @for (key, sort) in SORTS { a href=(view.link.with("sort", key).href()) aria-current=[(sort == view.sort).then_some("true")] { (key) } " " }
            }
            @if view.filter.is_some() { a href=(view.link.without("filter").href()) { "all hosts" } }
            a.add href="/add" { "Add a host" }
        }
    }
}

fn table(view: &HostsView, overview: &Overview, hosts: &[(&Host, State)], now_ms: i64) -> Markup {
    html! {
        table.hosts {
            thead { tr {
                th scope="col" { "host" } th scope="col" { "state" } th.num scope="col" { "processes" }
                th.num scope="col" title="Threads that ran or waited, mean of the last minute" { "load" }
                th.num scope="col" title="Of the whole host: what programs may not take any more" { "memory used" }
                th.num scope="col" { "CPU cores" } th.trend scope="col" { "last hour" }
                th.num scope="col" title="Resident memory of its processes" { "resident" } th.trend scope="col" { "last hour" }
                th.num scope="col" { "last scrape" }
            } }
            tbody { @for (host, state) in hosts.iter().take(ROWS) { (row(overview, host, *state, now_ms)) } }
        }
        p.foot {
            (counted(hosts.len(), "host"))
            @if overview.others > 0 { "; " (counted(overview.others, "more target")) " without processes" }
            @if hosts.len() > ROWS { ", the first " (ROWS) " are shown" }
            @if view.filter.is_some() { " found" }
        }
    }
}

fn row(overview: &Overview, host: &Host, state: State, now_ms: i64) -> Markup {
    let link = Link::to("/host").with("instance", &host.instance);
    let now = |value: Option<f64>, unit: Unit| value.map_or_else(|| "\u{2013}".to_owned(), |value| unit.format(value));
    let name = if host.instance.is_empty() { "(without instance)" } else { &host.instance };
    html! {
        tr {
            th scope="row" { a href=(link.href()) title=(host.instance) { (name) } }
            td.st {
                @match state {
                    State::Up => { span.dot.up aria-hidden="true" {} "up" (since(host, now_ms)) }
                    State::Silent => { span.dot.stale aria-hidden="true" {} "silent" }
                    State::Down => { span.dot.down aria-hidden="true" {} b.bad { "down" } (since(host, now_ms)) }
                }
            }
            @if host.processes.is_none() && host.cpu.is_empty() && host.memory.is_empty() {
                td.none colspan="7" { @if state == State::Down { (failing::why(&host.reason)) } @else { "no processes, " (jobs(host)) } }
            } @else {
                td.num data-of="processes" { (now(host.processes, Unit::Short)) }
                td.num data-of="load" title=[host.whole.load_in_words()] { (now(host.whole.load_now(), Unit::Cores)) }
                td.num data-of="memory used" title=[host.whole.memory_in_words()] { (now(host.whole.memory_used(), Unit::Ratio)) }
                td.num data-of="CPU" { (now(host.cpu_now, Unit::Cores)) }
                td.trend { (trend(overview, &host.cpu, Unit::Cores, 0)) }
                td.num data-of="resident" { (now(host.memory_now, Unit::Bytes)) }
                td.trend { (trend(overview, &host.memory, Unit::Bytes, 2)) }
            }
            td.num.dim data-of="scraped" { (host.last_scrape_ms.map_or_else(|| "never".to_owned(), |at| format!("{} ago", lasting(now_ms - at)))) }
        }
    }
}

fn since(host: &Host, now_ms: i64) -> Markup {
    html! {
        span.since {
            @match host.since_ms {
                Some(at) => { " for " (lasting(now_ms - at)) }
                None if host.up == Some(false) => {
                    // It was never seen otherwise.
                    " for at least " (lasting(host.known_since_ms.map_or(0, |at| now_ms - at)))
                }
                None => {}
            }
        }
    }
}

fn jobs(host: &Host) -> String {
    if host.jobs.is_empty() { "no job".to_owned() } else { format!("job {}", host.jobs.join(", ")) }
}

fn trend(overview: &Overview, points: &[Point], unit: Unit, ink: u8) -> Markup {
    let series = vec![Series { points: points.to_vec(), ..Series::default() }];
    let chart = Chart { series, ..Chart::new(unit, overview.trend, overview.step_ms, TimeZone::UTC) };
    html! { @if let Ok(svg) = spark::render(&chart, ink) { (PreEscaped(svg)) } }
}
